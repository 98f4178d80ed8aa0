//! The real servers, as `cargo xtask servers up` describes them.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, thread};

use serde_json::Value;

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Server {
    name: String,
    about: Value,
    command: Vec<String>,
    /// It goes with its test.
    is_own: bool,
}

/// The folder in which everything is built.
fn target() -> PathBuf {
    let test = env::current_exe().expect("a test knows where it is");
    test.ancestors().nth(3).expect("it lies in target/debug/deps").to_owned()
}

impl Server {
    fn find(name: &str) -> Option<Self> {
        let text = fs::read_to_string(target().join("servers/servers.json")).ok()?;
        let all: Value = serde_json::from_str(&text).expect("servers.json is JSON");
        let about = all["servers"].get(name)?.clone();
        let words = all["command"].as_array().expect("a list").iter();
        let command = words.map(|word| word.as_str().expect("a word").to_owned()).collect();
        let name = name.to_owned();
        (!about["pid"].is_null()).then_some(Self { name, about, command, is_own: false })
    }

    /// The server of this name, or tells that the test is skipped, even where what passing tests print is not shown:
    /// `cargo xtask test` counts these lines, and takes none for an answer with `--with-servers`.
    pub(crate) fn or_skip(name: &str) -> Option<Self> {
        let found = Self::find(name);
        if found.is_none() {
            let test = thread::current().name().unwrap_or("a test").to_owned();
            // In one piece, since other tests print as well.
            let line = format!("skipped: {test} (no server {name})\n");
            io::stderr().write_all(line.as_bytes()).expect("it can be told");
        }
        found
    }

    /// Another one, for a test that harms it.
    pub(crate) fn of_its_own(engine: &str, use_for: &str) -> Option<Self> {
        let model = Self::or_skip(engine)?;
        let name = format!("{engine}-{use_for}");
        // Of a test that was stopped.
        model.tell(&["down", &name]);
        model.tell(&["up", &name]);
        let mut own = Self::find(&name).expect("it runs now");
        own.is_own = true;
        Some(own)
    }

    fn tell(&self, words: &[&str]) {
        let (program, rest) = self.command.split_first().expect("a command has a program");
        let done = Command::new(program).args(rest).args(words).output().expect("xtask runs");
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Does something to this server: `kill`, `restart`, `freeze`, `thaw`.
    pub(crate) fn does(&self, verb: &str) {
        self.tell(&[verb, &self.name]);
    }

    /// One of the texts that describe it.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.about[name].as_str().unwrap_or_else(|| panic!("servers.json tells no {name}"))
    }

    pub(crate) fn port(&self) -> u64 {
        self.about["port"].as_u64().expect("a number")
    }

    /// What it answers to a command of its own.
    #[cfg(feature = "redis")]
    pub(crate) fn answers(&self, line: &str) -> String {
        let (user, password, port) = (self.text("user"), self.text("password"), self.port());
        let script = format!(
            "exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'AUTH {user} {password}\\r\\n{line}\\r\\nQUIT\\r\\n' >&3; cat <&3"
        );
        let said = Command::new("bash").args(["-c", &script]).output().expect("bash starts");
        String::from_utf8_lossy(&said.stdout).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.is_own && !thread::panicking() {
            self.does("down");
        }
    }
}

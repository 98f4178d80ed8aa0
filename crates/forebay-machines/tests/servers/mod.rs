//! The real servers of these tests, as `cargo xtask servers up` describes them.
//!
//! A test whose server is not there says that it was skipped, and passes. `cargo xtask test --with-servers` has them
//! there.

#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod deaths;
pub(crate) mod door;
pub(crate) mod letters;
pub(crate) mod restarts;
pub(crate) mod suite;
pub(crate) mod topic;

use std::io::{self, Write as _};
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use std::{env, fs, process, thread};

use forebay_conformance::{Item, Plain};
use forebay_machines::{Bytes, Codec, CodecError, Settings, connect};
use serde_json::Value;

/// What a test that goes wrong says.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Far past what a slow machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Runs a call on a thread of its own; what it returns, or a panic when it hangs.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    call: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(call()));
    told.recv_timeout(limit).expect("it comes to an end")
}

/// Sorts, and takes out what is there more than once.
pub(crate) fn distinct(mut items: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    items.sort_unstable();
    items.dedup();
    items
}

/// Item number so and so.
pub(crate) fn item(number: u32) -> Vec<u8> {
    format!("item {number:06}").into_bytes()
}

/// A server that runs.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    name: String,
    about: Value,
    command: Vec<String>,
}

/// The folder in which everything is built.
fn target() -> PathBuf {
    let test = env::current_exe().expect("a test knows where it is");
    test.ancestors().nth(3).expect("it lies in target/debug/deps").to_owned()
}

impl Server {
    /// The server of this name, if it runs.
    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::described(name).filter(|server| !server.about["pid"].is_null())
    }

    /// The server of this name, if there is one, whether it runs or not.
    fn described(name: &str) -> Option<Self> {
        let text = fs::read_to_string(target().join("servers/servers.json")).ok()?;
        let all: Value = serde_json::from_str(&text).expect("servers.json is JSON");
        let about = all["servers"].get(name)?.clone();
        let words = all["command"].as_array().expect("the command is a list");
        let command = words.iter().map(|word| word.as_str().expect("a word").to_owned()).collect();
        Some(Self { name: name.to_owned(), about, command })
    }

    /// The same, or tells that the test is skipped, even where what passing tests print is not shown: `cargo xtask test`
    /// counts these lines, and takes none for an answer with `--with-servers`.
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

    /// Another server of the engine, for a test that harms it. `None` where there are none at all.
    pub(crate) fn of_its_own(engine: &str, use_for: &str) -> Option<Own> {
        let model = Self::or_skip(engine)?;
        let name = format!("{engine}-{use_for}");
        if let Some(left) = Self::described(&name) {
            // By a test that was stopped.
            left.does("down");
        }
        model.run(&["up", &name]);
        Some(Own(Self::find(&name).expect("it runs now")))
    }

    fn run(&self, words: &[&str]) {
        let (program, rest) = self.command.split_first().expect("a command has a program");
        let done = Command::new(program).args(rest).args(words).output().expect("xtask runs");
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Does something to this server: `kill`, `restart`, `freeze`, `thaw`, `down`.
    pub(crate) fn does(&self, verb: &str) {
        self.run(&[verb, &self.name]);
    }

    /// Runs the server's own tool; what it said.
    pub(crate) fn control(&self, words: &[&str]) -> String {
        let all = self.about["control"].as_array().expect("the engine has a tool");
        let mut all = all.iter().map(|word| word.as_str().expect("a word"));
        let mut command = Command::new(all.next().expect("a tool has a name"));
        let done = command.args(all).args(words).output().expect("the tool runs");
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// One of the texts that describe it.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.about[name].as_str().unwrap_or_else(|| panic!("servers.json tells no {name}"))
    }

    /// Where it listens without TLS.
    pub(crate) fn port(&self) -> u16 {
        let port = self.about["port"].as_u64().and_then(|port| port.try_into().ok());
        port.expect("servers.json tells a port")
    }

    /// The URL of a buffer there.
    pub(crate) fn url(&self, buffer: &str) -> String {
        format!("{}/{buffer}", self.text("url"))
    }

    /// The URL of a buffer there, by TLS.
    pub(crate) fn tls_url(&self, buffer: &str) -> String {
        format!("{}/{buffer}", self.text("tls_url"))
    }
}

/// A server that goes with its test.
pub(crate) struct Own(Server);

impl Deref for Own {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.0.does("down");
        }
    }
}

/// The buffers of one test, which are deleted with it.
#[derive(Clone)]
pub(crate) struct Buffers(Arc<Made>);

struct Made {
    server: Server,
    urls: Mutex<Vec<String>>,
}

impl Drop for Made {
    fn drop(&mut self) {
        for url in self.urls.get_mut().expect("no test panics here").drain(..) {
            if let Ok(buffer) = connect(&url) {
                let _ = buffer.delete();
            }
        }
    }
}

impl Buffers {
    pub(crate) fn new(server: Server) -> Self {
        Self(Arc::new(Made { server, urls: Mutex::default() }))
    }

    /// The URL of a buffer that nobody else has.
    pub(crate) fn url(&self) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let url = self.0.server.url(&format!("test-{}-{number}", process::id()));
        self.0.urls.lock().expect("no test panics here").push(url.clone());
        url
    }

    /// Makes a buffer; its URL.
    pub(crate) fn create(&self, settings: &Settings) -> String {
        let url = self.url();
        settings.create(&url).expect("a buffer can be made");
        url
    }

    /// Makes a buffer as a check asks for it; its URL.
    pub(crate) fn create_for(
        &self,
        settings: &forebay_conformance::Settings,
    ) -> Result<String, String> {
        let url = self.url();
        Self::create_as(&url, settings)?;
        Ok(url)
    }

    /// Makes a buffer, or a group, as a check asks for it.
    pub(crate) fn create_as(
        url: &str,
        settings: &forebay_conformance::Settings,
    ) -> Result<(), String> {
        let mut made = Settings::new(settings.capacity as u64);
        if let Some(limit) = settings.weight_capacity {
            made = made.capacity_bytes(limit);
        }
        if let Some(limit) = settings.max_leased {
            made = made.max_leased(limit as u64);
        }
        if let Some(limit) = settings.max_failures {
            made = made.max_failures(limit);
        }
        if let Some(limit) = settings.max_deliveries {
            made = made.max_deliveries(limit);
        }
        if let Some(time) = settings.lease_time {
            made = made.lease_time(time);
        }
        made.create(url).map_err(|error| error.to_string())
    }
}

/// Items of the suite as bytes, which weigh what they say.
#[derive(Clone, Copy)]
pub(crate) struct Weighed;

impl Codec<Plain> for Weighed {
    fn encode<'a>(
        &self,
        item: &'a Plain,
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], CodecError> {
        scratch.extend_from_slice(&item.encode());
        Ok(scratch)
    }

    fn decode(&self, bytes: Bytes) -> Result<Plain, CodecError> {
        Plain::decode(&bytes).ok_or_else(|| CodecError("no item of the suite".to_owned()))
    }

    fn weight(&self, item: &Plain, _: &[u8]) -> u64 {
        item.weight()
    }
}

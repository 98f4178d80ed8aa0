//! Where xtask runs for a test: a target folder of its own, in which its servers are nobody else's.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, thread};

pub(crate) const PAUSE: Duration = Duration::from_millis(10);

/// A place that this program takes for cargo's target folder, so that its servers are nobody else's.
pub(crate) struct Place(pub(crate) PathBuf);

impl Place {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("servers-{}-{number}", std::process::id()));
        fs::create_dir_all(path.join("debug")).unwrap();
        fs::create_dir(path.join("bin")).unwrap();
        // Not copied: no program runs as long as a process has it open to write, and another test may be
        // starting one just then, which inherits that for a moment.
        fs::hard_link(env!("CARGO_BIN_EXE_xtask"), path.join("debug/xtask")).unwrap();
        Self(path)
    }

    /// `xtask servers …`
    pub(crate) fn command(&self, line: &str) -> Command {
        self.xtask(&format!("servers {line}"))
    }

    pub(crate) fn xtask(&self, line: &str) -> Command {
        let mut command = Command::new(self.0.join("debug/xtask"));
        command.args(line.split_whitespace());
        let path = env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.0.join("bin").display()));
        command
    }

    pub(crate) fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    pub(crate) fn succeed(&self, line: &str) -> String {
        let done = self.run(line);
        let complaint = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{line}: {complaint}");
        String::from_utf8(done.stdout).unwrap()
    }

    pub(crate) fn scratch(&self) -> PathBuf {
        self.0.join("servers")
    }

    /// A program of this name which is found before any other.
    pub(crate) fn put_on_path(&self, name: &str, script: &str) {
        let mut write = Command::new("sh");
        write.args(["-c", r#"printf '#!/bin/sh\n%s\n' "$1" >"$0" && chmod +x "$0""#]);
        write.arg(self.0.join("bin").join(name)).arg(script);
        assert!(write.status().unwrap().success());
    }

    /// A command that changes anything waits until the guard is done, and finds no such server then.
    pub(crate) fn wait_until_removed(&self, name: &str) {
        let done = self.run(&format!("kill {name}"));
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(said.contains(&format!("there is no {name}")), "{said}");
    }

    /// Waits until a server has a process, and tells its number.
    pub(crate) fn pid(&self, name: &str) -> u32 {
        let record = self.scratch().join(name).join("processes/server");
        loop {
            let written = fs::read_to_string(&record).unwrap_or_default();
            let stat = written.split_once('\n').filter(|(_, stat)| stat.ends_with('\n'));
            if let Some((_, stat)) = stat {
                return stat.split(' ').next().unwrap().parse().unwrap();
            }
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.command("down").stderr(Stdio::null()).status();
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn is_here(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap();
    let mut folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/bin".into()]);
    folders.any(|folder| folder.join(program).exists())
}

/// Whether all of these are here; if not, the test is named among those that were skipped, even where what tests
/// print is not shown.
pub(crate) fn can_run(test: &str, programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|name| !is_here(name)).collect();
    if !missing.is_empty() {
        // In one piece, since other tests print as well.
        let line = format!("skipped: {test} ({} not installed)\n", missing.join(", "));
        io::stderr().write_all(line.as_bytes()).unwrap();
    }
    missing.is_empty()
}

/// Lives, and is no zombie.
pub(crate) fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

//! `cargo xtask servers`, run as a person runs it, with the servers that are small, where they are installed.

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, thread};

const PAUSE: Duration = Duration::from_millis(10);

/// A place that this program takes for cargo's target folder, so that its servers are nobody else's.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
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

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(self.0.join("debug/xtask"));
        command.arg("servers").args(line.split_whitespace());
        let path = env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.0.join("bin").display()));
        command
    }

    fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    fn succeed(&self, line: &str) -> String {
        let done = self.run(line);
        let complaint = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{line}: {complaint}");
        String::from_utf8(done.stdout).unwrap()
    }

    fn scratch(&self) -> PathBuf {
        self.0.join("servers")
    }

    /// A program of this name which is found before any other.
    fn put_on_path(&self, name: &str, script: &str) {
        let mut write = Command::new("sh");
        write.args(["-c", r#"printf '#!/bin/sh\n%s\n' "$1" >"$0" && chmod +x "$0""#]);
        write.arg(self.0.join("bin").join(name)).arg(script);
        assert!(write.status().unwrap().success());
    }

    /// A command that changes anything waits until the guard is done, and finds no such server then.
    fn wait_until_removed(&self, name: &str) {
        let done = self.run(&format!("kill {name}"));
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(said.contains(&format!("there is no {name}")), "{said}");
    }

    /// Waits until a server has a process, and tells its number.
    fn pid(&self, name: &str) -> u32 {
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
#[expect(clippy::explicit_write, reason = "what is printed by `eprintln` is kept back")]
fn can_run(test: &str, programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|name| !is_here(name)).collect();
    if !missing.is_empty() {
        writeln!(io::stderr(), "skipped: {test} ({} not installed)", missing.join(", ")).unwrap();
    }
    missing.is_empty()
}

/// Lives, and is no zombie.
fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

/// A value of a server in the file: what stands behind `"key": `, without quotes.
fn value(file: &Path, server: &str, key: &str) -> String {
    let text = fs::read_to_string(file).unwrap();
    let about = text.split(&format!("\"{server}\": {{")).nth(1).unwrap();
    let line = about.split(&format!("\"{key}\": ")).nth(1).unwrap().lines().next().unwrap();
    line.trim_end_matches(',').trim_matches('"').to_owned()
}

/// What Redis answers.
fn redis(file: &Path, server: &str, line: &str) -> String {
    let value = |key| value(file, server, key);
    let mut wire = TcpStream::connect(format!("127.0.0.1:{}", value("port"))).unwrap();
    let (user, password) = (value("user"), value("password"));
    write!(wire, "AUTH {user} {password}\r\n{line}\r\nQUIT\r\n").unwrap();
    let mut said = String::new();
    wire.read_to_string(&mut said).unwrap();
    said
}

#[test]
fn servers_come_die_come_back_and_go() {
    if !can_run("servers_come_die_come_back_and_go", &["redis-server", "nats-server", "openssl"]) {
        return;
    }
    let place = Place::new();
    let file = place.scratch().join("servers.json");
    let said = place.succeed("up nats redis --json");
    assert_eq!(said, fs::read_to_string(&file).unwrap());
    assert_eq!(said, place.succeed("status --json"));
    assert!(redis(&file, "redis", "SET item 1").contains("+OK\r\n+OK\r\n"));

    let (port, pid) = (value(&file, "redis", "port"), place.pid("redis"));
    assert_eq!(value(&file, "redis", "pid"), pid.to_string());
    place.succeed("kill redis");
    assert!(!lives(pid));
    assert_eq!(value(&file, "redis", "pid"), "null");
    assert!(!place.run("status redis").status.success());
    place.succeed("status nats");
    place.succeed("restart redis");
    assert_eq!(value(&file, "redis", "port"), port);
    assert!(redis(&file, "redis", "GET item").contains("$1\r\n1\r\n"), "it has lost its data");

    place.succeed("freeze redis nats");
    assert!(!place.run("status nats").status.success());
    place.succeed("thaw nats");
    place.succeed("status nats");
    place.succeed("stop redis");
    place.succeed("up redis redis-2");
    assert!(redis(&file, "redis", "GET item").contains("$1\r\n1\r\n"), "it has lost its data");
    assert!(redis(&file, "redis-2", "GET item").contains("$-1\r\n"), "it is the same server");

    let pids = ["redis", "redis-2", "nats"].map(|name| place.pid(name));
    assert!(pids.into_iter().all(lives));
    place.succeed("down redis-2 --keep");
    assert_eq!(pids.map(lives), [true, false, true]);
    assert!(place.0.join("servers-kept/logs/redis-2.log").exists());
    place.succeed("down");
    assert_eq!(pids.map(lives), [false; 3]);
    assert!(!place.scratch().exists());
    assert!(place.succeed("status").contains("no servers"));
}

/// An `up` that waits for a server that never answers; that server's process, and one that has left its group.
fn waiting_up(place: &Place) -> (Child, [u32; 2]) {
    place.put_on_path(
        "nats-server",
        "setsid sh -c 'echo $$ >stray.new; mv stray.new stray; exec sleep 1000' &\nexec sleep 1000",
    );
    let up = place.command("up nats").stderr(Stdio::null()).spawn().unwrap();
    let stray = place.scratch().join("nats/stray");
    while !stray.exists() {
        thread::sleep(PAUSE);
    }
    let stray = fs::read_to_string(stray).unwrap().trim().parse().unwrap();
    (up, [place.pid("nats"), stray])
}

#[test]
fn an_up_that_is_killed_leaves_nothing() {
    if !can_run("an_up_that_is_killed_leaves_nothing", &["openssl", "setsid"]) {
        return;
    }
    let place = Place::new();
    let (mut up, pids) = waiting_up(&place);
    assert_eq!(pids.map(lives), [true; 2]);
    up.kill().unwrap();
    up.wait().unwrap();
    place.wait_until_removed("nats");
    assert_eq!(pids.map(lives), [false; 2]);
    assert!(!place.scratch().exists());
}

#[test]
fn an_up_that_is_interrupted_leaves_what_was_there() {
    if !can_run(
        "an_up_that_is_interrupted_leaves_what_was_there",
        &["openssl", "redis-server", "setsid"],
    ) {
        return;
    }
    let place = Place::new();
    place.succeed("up redis");
    let (mut up, pids) = waiting_up(&place);
    let interrupt = format!("kill -s INT {}", up.id());
    assert!(Command::new("sh").args(["-c", &interrupt]).status().unwrap().success());
    assert!(!up.wait().unwrap().success());
    place.wait_until_removed("nats");
    assert_eq!(pids.map(lives), [false; 2]);
    place.succeed("status redis");
}

#[test]
fn a_server_that_ends_at_once_is_told_with_its_last_words() {
    if !can_run("a_server_that_ends_at_once_is_told_with_its_last_words", &["openssl", "setsid"]) {
        return;
    }
    let place = Place::new();
    place.put_on_path("nats-server", "echo no such luck; exit 1");
    let done = place.run("up nats");
    assert!(!done.status.success());
    assert!(String::from_utf8_lossy(&done.stderr).contains("no such luck"));
    assert!(!place.scratch().exists());
}

#[test]
fn what_is_asked_for_is_understood_or_refused() {
    let place = Place::new();
    for (line, complaint) in [
        ("", "say what to do"),
        ("dance", "cannot `dance`"),
        ("up mysql", "no server `mysql`"),
        ("up --keep", "does not know `--keep`"),
        ("kill", "say which server"),
        ("kill redis", "there is no redis"),
        ("status nats", "there is no nats"),
    ] {
        let done = place.run(line);
        assert_eq!(done.status.code(), Some(255), "{line}");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(said.contains(complaint), "{line}: {said}");
    }
    assert!(place.succeed("--help").contains("--demand-certificate"));
    assert!(!place.scratch().exists());
}

//! `cargo xtask servers`, run as a person runs it, with the servers that are small, where they are installed.

mod place;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use place::{PAUSE, Place, can_run, lives};

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

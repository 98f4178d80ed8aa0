//! `cargo xtask test`, run as a person runs it, with a cargo that only says what tests say.

mod place;

use std::fs;
use std::process::{Command, Output, Stdio};
use std::thread;

use place::{PAUSE, Place, can_run, lives};

/// What the tests of a step print: those that need a server look whether there is one.
const TESTS: &str = r#"
if [ -e "$PLACE/servers/servers.json" ]; then echo found; else
    echo "test a::b ... skipped: a::b (no server redis)" >&2
fi
echo "test result: ok. 3 passed; 0 failed""#;

fn xtask(place: &Place, line: &str, cargo: &str) -> Command {
    place.put_on_path("cargo", cargo);
    let mut command = place.xtask(&format!("test --only integration {line}"));
    command.env("CARGO", place.0.join("bin/cargo")).env("PLACE", &place.0);
    command
}

fn stdout(done: &Output) -> String {
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[test]
fn what_is_skipped_for_lack_of_a_server_is_counted_and_named() {
    let place = Place::new();
    for verbose in ["", "--verbose"] {
        let done = xtask(&place, verbose, TESTS).output().unwrap();
        let said = stdout(&done);
        assert!(done.status.success(), "{said}");
        // One step of two commands, each of which has run all.
        let end = "1 passed, 0 failed\nskipped: 2 tests: no server redis\n\
                   `cargo xtask test --with-servers` starts ";
        let (_, starts) = said.rsplit_once(end).unwrap_or_else(|| panic!("{said}"));
        assert!(starts.ends_with("redis\n"), "{said}");
        let log = fs::read_to_string(place.0.join("xtask/integration.log")).unwrap();
        assert_eq!(log.matches("skipped: a::b (no server redis)").count(), 2, "{log}");
        assert_eq!(said.contains("a::b"), !verbose.is_empty(), "{said}");
    }
    assert!(!place.scratch().exists(), "nothing is started unasked");
}

#[test]
fn servers_are_there_for_the_tests_and_go_after_them() {
    if !can_run("servers_are_there_for_the_tests_and_go_after_them", &["redis-server", "openssl"]) {
        return;
    }
    let place = Place::new();
    let done = xtask(&place, "--with-servers --verbose", TESTS).output().unwrap();
    let said = stdout(&done);
    assert!(done.status.success() && said.contains("found"), "{said}");
    assert!(!said.contains("skipped") && said.contains("6 tests"), "{said}");
    assert!(!place.scratch().exists());

    place.succeed("up redis");
    let pid = place.pid("redis");
    let another = format!("{} servers up redis-2 2>&1", place.0.join("debug/xtask").display());
    let done = xtask(&place, "--with-servers", &format!("{another}\n{TESTS}")).output().unwrap();
    assert!(done.status.success(), "{}", stdout(&done));
    assert!(lives(pid), "it ran before");
    assert_eq!(place.succeed("status").matches(" runs\n").count(), 1);
}

#[test]
fn a_test_that_is_skipped_although_its_server_is_there_has_failed() {
    let name = "a_test_that_is_skipped_although_its_server_is_there_has_failed";
    if !can_run(name, &["redis-server", "openssl"]) {
        return;
    }
    let place = Place::new();
    let tests = "echo 'skipped: a::b (no server redis)' >&2\necho 'test result: ok. 1 passed'";
    let done = xtask(&place, "--with-servers", tests).output().unwrap();
    let said = stdout(&done);
    assert!(!done.status.success() && said.contains("FAILED"), "{said}");
    assert!(said.contains("skipped: a::b (no server redis)"), "{said}");
    assert!(said.contains("again: cargo xtask test --with-servers --only integration"), "{said}");
    assert!(!place.scratch().exists());
}

#[test]
fn a_run_that_is_killed_leaves_no_server() {
    if !can_run("a_run_that_is_killed_leaves_no_server", &["redis-server", "openssl"]) {
        return;
    }
    for signal in ["KILL", "INT"] {
        let place = Place::new();
        let tests =
            r#"echo $$ >"$PLACE/began.new"; mv "$PLACE/began.new" "$PLACE/began"; exec sleep 1000"#;
        let mut run = xtask(&place, "--with-servers", tests).stdout(Stdio::null()).spawn().unwrap();
        let began = place.0.join("began");
        while !began.exists() {
            thread::sleep(PAUSE);
        }
        let (tests, pid) = (fs::read_to_string(began).unwrap(), place.pid("redis"));
        assert!(lives(pid));
        let kill = format!("kill -s {signal} {}; kill -s {signal} {tests}", run.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        assert!(!run.wait().unwrap().success());
        while lives(pid) {
            thread::sleep(PAUSE);
        }
        place.wait_until_removed("redis");
        assert!(!place.scratch().exists());
    }
}

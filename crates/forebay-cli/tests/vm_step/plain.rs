//! Without a terminal: it says so, and plain mode needs none.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::program;

fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["vm", "step"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    // Whoever ends sooner does not read it all.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    child.wait_with_output().expect("ends")
}

/// The exit status, what it wrote, and what it said.
fn told(arguments: &[&str], input: &str) -> (i32, String, String) {
    let output = run(arguments, input);
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("a status"), text(output.stdout), text(output.stderr))
}

#[test]
fn without_a_terminal_it_says_so() {
    let (status, out, error) = told(&[&program("mutex.toy")], "");
    assert_eq!((status, out.as_str()), (255, ""));
    assert!(error.contains("needs a terminal") && error.contains("--plain"), "{error}");
}

#[test]
fn what_cannot_be_stepped_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let bad = path("bad.toy", "main = [('NOPE',)]");
    let no_trace = path("bad.trace", "{\"toyvm-trace\": 1}\n");
    for (file, part) in [
        ("-", "standard input is for the keys"),
        ("/no/such/file", "cannot read"),
        (&bad, "NOPE"),
        (&no_trace, "line 1 of the trace"),
    ] {
        let (status, out, error) = told(&["--plain", file], "show\n");
        assert_eq!((status, out.as_str()), (255, ""), "{file}: {error}");
        assert!(error.contains(part), "{file}: {error}");
    }
}

#[test]
fn a_script_plays_saves_and_goes_on_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = folder.path().join("play.trace").display().to_string();
    let file = program("philosophers_deadlock.toy");
    let script = format!("step Kant\nstep Kant\nrun\nback 3\nsave {trace}\nquit\nfly\n");
    let (status, out, error) = told(&["--plain", &file], &script);
    assert_eq!((status, error.as_str()), (0, ""), "{out}");
    assert!(out.contains("step 2, 0.002 ms: Kant acquires lock fork 1\n"), "{out}");
    assert!(out.contains("saved "), "{out}");

    let (status, out, error) = told(&["--plain", "--at", "2", &trace], "end\nshow threads\n");
    assert_eq!((status, error.as_str()), (0, ""), "{out}");
    assert!(out.starts_with("step 2 of "), "{out}");
    assert!(out.contains("for lock fork 2, which Arendt holds"), "{out}");
    // What was recorded says itself what it begins with.
    let (status, _, error) = told(&["--plain", "--entry", "main", &trace], "");
    assert_eq!(status, 255);
    assert!(error.contains("a trace says itself"), "{error}");
}

#[test]
fn the_status_says_whether_all_was_done() {
    let (status, out, _) = told(&["--plain", &program("mutex.toy")], "back\nnext\n");
    assert_eq!(status, 1);
    assert!(out.contains("cannot: this is the beginning\nstep 1, "), "{out}");
}

#[test]
fn seeds_and_schedulers_are_those_of_run() {
    let play = |seed: &str| {
        let file = program("producer_consumer.toy");
        let flags = ["--plain", "--scheduler", "random", "--seed", seed, &file, "--at", "200"];
        told(&flags, "show\n").1
    };
    assert_eq!(play("1"), play("1"));
    assert_ne!(play("1"), play("2"));
}

#[test]
fn the_help_tells_keys_and_commands() {
    let (status, out, _) = told(&["--help"], "");
    assert_eq!(status, 0);
    for part in ["Home", "run on until", "step THREAD choose N", "save! FILE", "--at", "--weak"] {
        assert!(out.contains(part), "{part:?} in\n{out}");
    }
}

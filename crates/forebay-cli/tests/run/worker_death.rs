//! Workers that die, or do not keep to the protocol.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::failure::is_running;
use crate::forebay::{Ended, Folder, assert_sums, input, number, run, start, until};

/// A run of one worker, a shell, over these items.
fn worker(arguments: &[&str], script: &str, items: &[u8]) -> Ended {
    run(&[&["--worker", "-j1"], arguments, &["sh", "-c", script]].concat(), items)
}

fn each(work: &str) -> String {
    format!("while IFS= read -r x; do {work}; done")
}

#[test]
fn the_item_whose_answer_was_due_has_failed() {
    let ended = worker(&[], &each("[ $x = 5 ] && exit 3; echo $x"), &input(1..=9)).exits(1);
    let ended = ended.says(&["'5'", "worker exited with status 3"]).says(&["8 finished, 1 failed"]);
    assert_eq!(ended.text(), "1\n2\n3\n4\n6\n7\n8\n9\n");
    let ended = worker(&[], &each("[ $x = 5 ] && kill -9 $$; echo $x"), &input(1..=9)).exits(1);
    ended.says(&["'5'", "worker killed by signal 9"]).says(&["8 finished, 1 failed"]);
}

#[test]
fn a_failed_item_is_tried_again() {
    let folder = Folder::new();
    let tries = folder.arg("tries");
    let work = format!(
        "[ $x != b ] || {{ echo b >> {tries}; [ $(grep -c b {tries}) -ge 3 ] || exit 1; }}; echo $x"
    );
    let arguments = ["--retries", "3", "--backoff", "10ms"];
    let ended = worker(&arguments, &each(&work), b"a\nb\nc\n").exits(0);
    assert_eq!(ended.lines(), ["a", "b", "c"]);
    assert_eq!(folder.lines("tries").len(), 3);
}

#[test]
fn part_of_an_answer_is_none() {
    let work = each("[ $x = b ] && { printf 'hal'; exit 3; }; echo $x");
    let ended = worker(&[], &work, b"a\nb\nc\n").exits(1);
    assert_eq!(ended.says(&["'b'", "status 3 after part of an answer: 'hal'"]).text(), "a\nc\n");
}

#[test]
fn a_worker_that_answers_twice_stops_the_run() {
    let folder = Folder::new();
    let report = folder.arg("report");
    let work = each("echo \"$x\"; echo \"$x\"");
    let ended = worker(&["--report-json", &report], &work, &input(1..=100)).exits(255);
    ended.says(&["worker 1 printed", "one answer for each item and nothing else"]);
    assert_sums(&folder.report("report"));
}

#[test]
fn a_worker_that_prints_something_else_stops_the_run() {
    let ended = worker(&[], &format!("echo Welcome; sleep 0.3; {}", each("echo $x")), b"a\nb\n");
    ended.exits(255).says(&["worker 1 printed 'Welcome'"]).says(&["2 remaining"]);
    let ended = worker(&[], &format!("{}; echo bye", each("echo $x")), b"a\nb\n").exits(255);
    let ended =
        ended.says(&["worker 1 printed 'bye'"]).says(&["2 finished, 0 failed, 0 remaining"]);
    assert_eq!(ended.text(), "a\nb\n");
    run(&["--worker", "-j2", "yes"], &input(1..=100)).exits(255).says(&["printed 'y\\ny"]);
}

#[test]
fn a_worker_that_never_runs_properly_is_given_up() {
    let folder = Folder::new();
    let report = folder.arg("report");
    let ended = worker(&["--report-json", &report], "exit 7", &input(1..=50)).exits(255);
    ended.says(&["worker exited with status 7 5 times in a row", "sh -c 'exit 7'"]);
    let report = folder.report("report");
    assert_sums(&report);
    assert!(number(&report, "dead").abs() < 0.5, "no item was begun: {report}");
    // This one reads, and so the items have failed, until it is given up.
    let ended = worker(&[], "read x; exit 7", &input(1..=50)).exits(255);
    ended.says(&["5 times in a row"]).says(&["0 finished, 4 failed"]);
}

#[test]
fn a_worker_that_cannot_be_started() {
    run(&["--worker", "-j2", "no-such-worker"], &input(1..=9)).exits(127).says(&[
        "no-such-worker",
        "not found",
        "first item '1'",
    ]);
    let folder = Folder::new();
    let plain = folder.write("plain", b"text\n");
    run(&["--worker", &plain], b"a\n").exits(126).says(&["permission denied", "remain"]);
    fs::set_permissions(folder.path("plain"), fs::Permissions::from_mode(0o755)).expect("chmod");
    run(&["--worker", &plain], b"a\n").exits(126).says(&["not a program"]);
}

#[test]
fn a_worker_for_one_item_each_is_started_again_quietly() {
    let ended = worker(&[], "IFS= read -r x; echo $x", &input(1..=20)).exits(0);
    assert_eq!(ended.text().into_bytes(), input(1..=20));
    let told = ended.errors().matches("nothing to do").count();
    assert_eq!(told, 1, "{}", ended.errors());
}

#[test]
fn a_worker_killed_with_nothing_in_flight_costs_no_item() {
    let folder = Folder::new();
    let number = folder.arg("number");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "--worker", "-j1", "sh", "-c", &format!("echo $$ > {number}; exec cat")])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("starts");
    let mut stdin = child.stdin.take().expect("piped");
    let mut stdout = child.stdout.take().expect("piped");
    let mut answer = [0; 2];
    std::io::Write::write_all(&mut stdin, b"a\n").expect("read");
    std::io::Read::read_exact(&mut stdout, &mut answer).expect("an answer");
    let process: i32 = folder.lines("number")[0].parse().expect("a number");
    let process = rustix::process::Pid::from_raw(process).expect("a process");
    rustix::process::kill_process(process, Signal::KILL).expect("it lives");
    until("gone", || !is_running(&process.as_raw_pid().to_string()));
    std::io::Write::write_all(&mut stdin, b"b\n").expect("read");
    std::io::Read::read_exact(&mut stdout, &mut answer).expect("an answer");
    assert_eq!(&answer, b"b\n");
    drop(stdin);
    let ended = child.wait_with_output().expect("ends");
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{errors}");
    assert!(errors.contains("killed by signal 9 while it had nothing to do"), "{errors}");
}

#[test]
fn a_worker_that_closes_its_input_has_died_once_it_has_answered() {
    let ended =
        worker(&[], "IFS= read -r x; exec <&-; sleep 0.2; echo $x; exec sleep 300", b"a\nb\n");
    assert_eq!(ended.exits(0).text(), "a\nb\n");
    // It has read what it does not answer.
    let ended = worker(&[], "IFS= read -r x; echo $x; IFS= read -r x; exec <&-; exit 0", b"a\nb\n");
    ended.exits(1).says(&["'b'", "worker exited with status 0"]);
}

#[test]
fn a_worker_that_closes_its_output_has_died() {
    let work = each("[ $x = b ] && { exec >&-; exec sleep 300; }; echo $x");
    let ended = worker(&[], &work, b"a\nb\nc\n").exits(1);
    let ended = ended.says(&["worker 1 closed its standard output and went on"]);
    assert_eq!(ended.says(&["'b'", "worker closed its standard output"]).text(), "a\nc\n");
}

#[test]
fn a_worker_that_may_not_flush_is_told_of_it() {
    let going = start(&["--worker", "-j2", "sh", "-c", "cat > /dev/null"], b"a\nb\n");
    going.until_said("does it flush");
    going.signal(Signal::INT);
    going.until_said("interrupted");
    going.signal(Signal::INT);
    let ended = going.wait().exits(130).says(&["2 remaining"]);
    assert_eq!(ended.errors().matches("does it flush").count(), 1);
}

#[test]
fn an_item_has_so_much_time() {
    let folder = Folder::new();
    let numbers = folder.arg("numbers");
    let work = format!("[ $x = b ] && {{ sleep 300 & echo $$ $! >> {numbers}; wait; }}; echo $x");
    let ended = worker(&["--timeout", "1"], &each(&work), b"a\nb\nc\n").exits(1);
    assert_eq!(ended.says(&["'b'", "worker stopped after 1 s"]).text(), "a\nc\n");
    for process in folder.lines("numbers")[0].split(' ') {
        until("gone", || !is_running(process));
    }
}

#[test]
fn what_a_dead_worker_leaves_behind_is_killed() {
    let folder = Folder::new();
    let numbers = folder.arg("numbers");
    let work = format!(
        "sleep 300 > /dev/null 2>&1 & echo $! >> {numbers}; [ $x = a ] && exit 1; kill $!; echo $x"
    );
    worker(&[], &each(&work), b"a\nb\n").exits(1);
    until("gone", || !is_running(&folder.lines("numbers")[0]));
}

#[test]
fn how_a_worker_ends_after_its_last_item_is_told() {
    let ended = worker(&[], &format!("{}; exit 9", each("echo $x")), b"a\nb\n").exits(0);
    ended.says(&["worker 1 exited with status 9 at the end"]).says(&["2 finished"]);
    let ended = worker(&[], &format!("{}; exec sleep 300", each("echo $x")), b"a\nb\n").exits(0);
    ended.says(&["worker 1 did not exit within 5 s"]).says(&["2 finished"]);
}

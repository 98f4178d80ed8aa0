//! Commands that fail, hang, or cannot be started.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::forebay::{Folder, assert_sums, input, number, run, start, until};

#[test]
fn a_command_line_in_quotes_is_told_of_the_shell() {
    run(&["echo {} | cat", ":::", "a"], b"").exits(1).says(&["not found", "--shell"]);
    run(&["sort | uniq", ":::", "a"], b"").exits(127).says(&["not found", "--shell"]);
    // Of an item that is the command it is not said: with a shell it would be quoted.
    let ended = run(&["{}", ":::", "no such"], b"").exits(1);
    assert!(!ended.says(&["not found"]).errors().contains("--shell"));
}

#[test]
fn the_exit_status_counts_failed_items() {
    run(&["-j2", "sh", "-c", "exit $0"], &input([0, 1, 0, 7, 0])).exits(2);
    run(&["-j2", "false"], &input(1..=101)).exits(101);
    run(&["-j2", "false"], &input(1..=150)).exits(101);
}

#[test]
fn a_failure_is_named_in_the_report_with_its_reason() {
    let ended = run(&["-j1", "sh", "-c", "[ $0 = a ] || kill -9 $$; exit 3"], b"a\nb\n").exits(2);
    ended.says(&["failed", "'a'", "exit status 3"]).says(&["failed", "'b'", "signal 9"]);
}

#[test]
fn an_item_is_tried_so_often_in_all() {
    let folder = Folder::new();
    let (tries, report) = (folder.arg("tries"), folder.arg("report"));
    let script =
        format!("echo {{}} >> {tries}; echo out; [ {{}} = b ] && [ $(grep -c b {tries}) = 3 ]");
    let arguments = ["--retries", "3", "--backoff", "10ms", "--report-json", &report, "--shell"];
    let ended = run(&[&arguments[..], &[&script]].concat(), b"a\nb\n").exits(1);
    let mut tried = folder.lines("tries");
    tried.sort();
    assert_eq!(tried, ["a", "a", "a", "b", "b", "b"]);
    assert_eq!(ended.text(), "out\nout\n", "the last try's output only");
    let report = folder.report("report");
    assert_sums(&report);
    for (key, expected) in [("produced", 2.0), ("finished", 1.0), ("failed", 1.0), ("dead", 1.0)] {
        assert!((number(&report, key) - expected).abs() < 0.5, "{key} in {report}");
    }
}

#[test]
fn an_item_in_backoff_holds_no_consumer() {
    // One consumer: b and c can only run while a waits for its second try.
    let folder = Folder::new();
    let order = folder.arg("order");
    let script = format!("echo {{}} >> {order}; [ {{}} != a ] || [ $(grep -c a {order}) = 2 ]");
    let arguments = ["-j1", "--retries", "2", "--backoff", "500ms", "--shell", &script];
    run(&arguments, b"a\nb\nc\n").exits(0);
    assert_eq!(folder.lines("order"), ["a", "b", "c", "a"]);
}

#[test]
fn many_items_in_backoff_hold_no_consumer() {
    let folder = Folder::new();
    let order = folder.arg("order");
    // 200 fail at once, more than the capacity; the last one runs before any second try.
    let script =
        format!("[ {{}} = last ] && echo last >> {order} || {{ echo {{}} >> {order}; false; }}");
    let items = [input(1..=200), b"last\n".to_vec()].concat();
    let arguments =
        ["-j2", "--capacity", "2", "--retries", "2", "--backoff", "4s", "-q", "--shell", &script];
    run(&arguments, &items).exits(101);
    let order = folder.lines("order");
    assert_eq!(order.len(), 401);
    let last = order.iter().position(|item| item == "last").expect("it ran");
    assert!((198..=200).contains(&last), "{last}");
}

#[test]
fn a_timeout_stops_the_whole_group() {
    // A child in the background that does not listen to SIGTERM; and a shell that does not, either.
    for deaf in ["", "trap '' TERM; "] {
        let folder = Folder::new();
        let numbers = folder.arg("numbers");
        let script = format!(
            "{deaf}(trap '' TERM; exec sleep 300) & echo $$ $! > {numbers}; echo begun {{}}; wait"
        );
        let ended = run(&["--timeout", "0.2", "--shell", &script], b"a\n").exits(1);
        assert_eq!(ended.text(), "begun a\n");
        ended.says(&["'a'", "stopped after 0.2 s"]);
        for process in folder.lines("numbers")[0].split(' ') {
            until("gone", || !is_running(process));
        }
    }
}

/// Whether there is such a process, and not only its remains.
pub(crate) fn is_running(process: &str) -> bool {
    let works = fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| {
        !stat.rsplit(')').next().unwrap_or("").trim_start().starts_with(['Z', 'X'])
    });
    // On a busy machine the number is soon another process's, which no command started.
    let is_ours = |variable: &[u8]| {
        variable.starts_with(b"FOREBAY_ITEM=") || variable.starts_with(b"FOREBAY_PROCESS=")
    };
    works
        && fs::read(format!("/proc/{process}/environ"))
            .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(is_ours))
}

#[test]
fn a_timeout_ends_an_item_whose_streams_are_closed() {
    run(&["--timeout", "200ms", "sh", "-c", "exec >&- 2>&-; exec sleep 300"], b"a\n").exits(1);
}

#[test]
fn a_quick_item_is_not_timed_out() {
    run(&["--timeout", "1h", "true"], b"a\n").exits(0);
}

#[test]
fn a_command_that_does_not_exist() {
    let folder = Folder::new();
    let report = folder.arg("report");
    let ended = run(&["-j2", "--report-json", &report, "no-such-command"], &input(1..=20));
    ended.exits(127).says(&["no-such-command", "not found", "first item '1'"]);
    let report = folder.report("report");
    assert_sums(&report);
    assert!((number(&report, "remaining") - number(&report, "produced")).abs() < 0.5, "{report}");
    assert!(number(&report, "produced") >= 1.0);
}

#[test]
fn a_command_that_cannot_be_run() {
    let folder = Folder::new();
    let plain = folder.write("plain", b"text\n");
    run(&[&plain], b"a\nb\n").exits(126).says(&["plain", "permission denied", "'a'", "remain"]);
    fs::set_permissions(folder.path("plain"), fs::Permissions::from_mode(0o755)).expect("chmod");
    run(&[&plain], b"a\nb\n").exits(126).says(&["plain", "not a program"]);
    let script = folder.write("script", b"#!/no/such/interpreter\n");
    fs::set_permissions(folder.path("script"), fs::Permissions::from_mode(0o755)).expect("chmod");
    run(&[&script], b"a\n").exits(127).says(&["script", "interpreter"]);
}

#[test]
fn a_command_named_by_the_item_fails_for_that_item_only() {
    let ended = run(&["-j1", "{}", ":::", "no-such-command", "true"], b"").exits(1);
    ended.says(&["item", "'no-such-command'", "not found"]).says(&["1 finished, 1 failed"]);
}

#[test]
fn an_item_longer_than_an_argument_may_be_fails_alone() {
    let mut items = b"short\n".to_vec();
    items.extend(std::iter::repeat_n(b'x', 3_000_000));
    items.extend_from_slice(b"\nafter\n");
    let ended = run(&["-k", "--retries", "3", "echo"], &items).exits(1);
    assert_eq!(ended.text(), "short\nafter\n");
    ended.says(&["item 'xxx", "3000000 bytes", "too long", "in a file"]);
}

#[test]
fn items_that_are_too_long_together_say_so() {
    let ended = run(&["-n", "1000000", "true"], &input(1_000_000..1_600_000)).exits(1);
    ended.says(&["'1000000'", "too long together", "-n"]);
}

#[test]
fn an_item_with_a_zero_byte_fails_alone() {
    let ended = run(&["-k", "echo"], b"a\nb\0c\nd\n").exits(1);
    assert_eq!(ended.text(), "a\nd\n");
    ended.says(&["'b\\x00c'", "zero byte", "-0"]);
}

#[test]
fn a_failed_try_is_given_back_when_the_run_is_interrupted() {
    let folder = Folder::new();
    let (tries, report) = (folder.arg("tries"), folder.arg("report"));
    let script = format!("echo {{}} >> {tries}; false");
    let arguments = ["--retries", "2", "--backoff", "1h", "--report-json", &report, "--shell"];
    let going = start(&[&arguments[..], &[&script]].concat(), b"a\n");
    until("tried once", || folder.lines("tries") == ["a"]);
    // The command has to end before the item can be in backoff; either way it remains.
    going.signal(rustix::process::Signal::INT);
    going.wait().exits(130).says(&["1 remaining"]);
    assert_sums(&folder.report("report"));
}

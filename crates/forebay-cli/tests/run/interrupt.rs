//! Ctrl-C, SIGTERM and SIGHUP, once and twice.

use rustix::process::Signal;

use crate::failure::is_running;
use crate::forebay::{Folder, Going, assert_sums, input, number, start, until};

/// Two consumers at work on a, b of a to e; each says its number and that it finished.
fn two_at_work(folder: &Folder, work: &str) -> Going {
    let script =
        format!("echo $$ >> {0}/begun; {work}; echo {{}} >> {0}/ended", folder.root().display());
    let report = folder.arg("report");
    let going = start(
        &["-j2", "--report-json", &report, "--shell", &script],
        &input(["a", "b", "c", "d", "e"]),
    );
    until("two at work", || folder.lines("begun").len() == 2);
    going
}

#[test]
fn the_first_finishes_what_runs() {
    for (signal, code) in [(Signal::HUP, 129), (Signal::INT, 130), (Signal::TERM, 143)] {
        let folder = Folder::new();
        let go = folder.root().join("go");
        let work = format!("until [ -e {} ]; do sleep 0.01; done", go.display());
        let going = two_at_work(&folder, &work);
        going.signal(signal);
        going.until_said("interrupted");
        folder.write("go", b"");
        let ended = going.wait().exits(code);
        ended.says(&["interrupted", "again"]).says(&["2 finished", "3 remaining"]);
        assert_eq!(folder.lines("ended").len(), 2);
        let report = folder.report("report");
        assert_sums(&report);
        assert!((number(&report, "remaining") - 3.0).abs() < 0.5, "{report}");
    }
}

#[test]
fn a_hangup_that_is_ignored_stays_so() {
    let folder = Folder::new();
    let script = format!(
        "touch {0}/begun; until [ -e {0}/go ]; do sleep 0.01; done",
        folder.root().display()
    );
    let mut child = std::process::Command::new("sh")
        .args([
            "-c",
            "trap '' HUP; exec \"$@\"",
            "sh",
            env!("CARGO_BIN_EXE_forebay"),
            "run",
            "-q",
            "-j1",
        ])
        .args(["--shell", &format!("{script}; : {{}}"), ":::", "a", "b"])
        .spawn()
        .expect("starts");
    until("begun", || !folder.names().is_empty());
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::HUP)
        .expect("runs");
    folder.write("go", b"");
    assert_eq!(child.wait().expect("ends").code(), Some(0));
}

#[test]
fn the_second_stops_it() {
    let folder = Folder::new();
    let going = two_at_work(&folder, "sleep 300");
    going.signal(Signal::INT);
    // Two of a kind at once would be delivered as one.
    going.until_said("interrupted");
    going.signal(Signal::INT);
    going.wait().exits(130).says(&["0 finished", "5 remaining"]);
    assert!(folder.lines("ended").is_empty());
    assert_sums(&folder.report("report"));
    for process in folder.lines("begun") {
        until("gone", || !is_running(&process));
    }
}

#[test]
fn the_second_stops_what_does_not_listen() {
    let folder = Folder::new();
    let going = two_at_work(&folder, "trap '' TERM; sleep 300; sleep 300");
    going.signal(Signal::TERM);
    going.until_said("interrupted");
    going.signal(Signal::INT);
    going.wait().exits(143).says(&["5 remaining"]);
    for process in folder.lines("begun") {
        until("gone", || !is_running(&process));
    }
}

#[test]
fn a_source_that_never_ends_holds_nobody_up() {
    let folder = Folder::new();
    let script = format!("echo {{}} >> {}", folder.arg("begun"));
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "--shell", &script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("starts");
    let mut stdin = child.stdin.take().expect("piped");
    std::io::Write::write_all(&mut stdin, b"a\n").expect("read");
    until("begun", || folder.lines("begun") == ["a"]);
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::INT)
        .expect("runs");
    let ended = child.wait_with_output().expect("ends");
    assert_eq!(ended.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("not read to its end"));
    drop(stdin);
}

#[test]
fn a_reader_that_does_not_read_holds_nobody_up() {
    let folder = Folder::new();
    let script = format!("head -c 300000 /dev/zero; touch {}/{{}}", folder.root().display());
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "-j2", "--shell", &script, ":::", "a", "b", "c", "d"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("starts");
    let unread = child.stdout.take();
    // More than the pipe takes: both consumers wait for the reader.
    until("two are done", || folder.names().len() == 2);
    let process = rustix::process::Pid::from_child(&child);
    until("ended", || {
        let _ = rustix::process::kill_process(process, Signal::INT);
        std::thread::sleep(std::time::Duration::from_millis(200));
        child.try_wait().expect("wait").is_some()
    });
    let ended = child.wait_with_output().expect("ends");
    assert_eq!(ended.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("remaining"));
    drop(unread);
}

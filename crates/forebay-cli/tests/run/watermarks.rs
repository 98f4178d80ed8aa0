//! `--on-high` and `--on-low`: upstream is told.

use rustix::process::Signal;

use crate::failure::is_running;
use crate::forebay::{Folder, input, run, start, until};

#[test]
fn each_crossing_is_told_with_the_depth() {
    let folder = Folder::new();
    let told = folder.arg("told");
    let high = format!("echo high $FOREBAY_DEPTH $FOREBAY_CAPACITY >> {told}");
    let low = format!("echo low $FOREBAY_DEPTH >> {told}");
    // 10 at once, then nothing until they have ended, and so once more.
    let producer = format!(
        "seq 10; until [ $(grep -c low {told}) = 1 ]; do sleep 0.05; done; sleep 1; seq 10"
    );
    let arguments = ["-j1", "--capacity", "9", "--high", "8", "--low", "2", "--on-high", &high];
    let more = ["--on-low", &low, "--producer", &producer];
    run(&[&arguments[..], &more, &["--shell", "sleep 0.2; : {}"]].concat(), b"").exits(0);
    let lines = folder.lines("told");
    let names: Vec<_> = lines.iter().map(|line| line.split(' ').next().expect("a word")).collect();
    assert_eq!(names, ["high", "low", "high", "low"], "{lines:?}");
    for line in lines.iter().filter(|line| line.starts_with("high")) {
        let words: Vec<_> = line.split(' ').collect();
        let depth: u32 = words[1].parse().expect("a number");
        assert!((1..=9).contains(&depth) && words[2] == "9", "{line}");
    }
}

#[test]
fn the_marks_have_defaults() {
    let folder = Folder::new();
    let told = folder.arg("told");
    let (high, low) = (format!("echo high >> {told}"), format!("echo low >> {told}"));
    let marked = ["-q", "-j1", "--capacity", "10", "--on-high", &high, "--on-low", &low];
    let work = ["--shell", "sleep 0.2; : {}"];
    // One at work, and 8 that wait; or 7, which is not high.
    for (items, lines) in [(8, &[][..]), (9, &["high", "low"])] {
        // The first is taken before the rest comes.
        let producer = format!("echo 1; sleep 0.15; seq 2 {items}");
        run(&[&marked[..], &["--producer", &producer], &work].concat(), b"").exits(0);
        assert_eq!(folder.lines("told"), lines, "{items}");
    }
    // A low mark that was not given is below a high one that was, and both fit the smallest buffer.
    for more in [&["--high", "1"][..], &["--capacity", "1"]] {
        run(&[&["--on-high", "true"][..], more, &["true"]].concat(), b"a\n").exits(0);
    }
}

#[test]
fn crossings_that_cancel_out_meanwhile_are_left_out() {
    let folder = Folder::new();
    let (told, go) = (folder.arg("told"), folder.arg("go"));
    // While the first command runs the buffer empties and fills again and again.
    let high = format!("echo high >> {told}; until [ -e {go} ]; do sleep 0.01; done");
    let low = format!("echo low >> {told}");
    let marks = ["-j1", "--capacity", "2", "--high", "2", "--low", "0", "--on-high", &high];
    let producer = format!(
        "for i in 1 2 3 4 5; do seq 3; sleep 0.3; done; touch {go}; until [ -e {told} ]; do :; done"
    );
    run(&[&marks[..], &["--on-low", &low, "--producer", &producer, "true"]].concat(), b"").exits(0);
    assert_eq!(folder.lines("told"), ["high", "low"]);
}

#[test]
fn low_is_told_at_the_end_if_high_was_the_last() {
    let folder = Folder::new();
    let told = folder.arg("told");
    let (high, low) = (format!("echo high >> {told}"), format!("echo low >> {told}"));
    let marked = ["-j1", "--capacity", "4", "--on-high", &high, "--on-low", &low];
    for (halts, count) in [(&["--halt", "soon,done=1"][..], 2), (&["--halt", "now,done=1"], 4)] {
        run(&[&marked[..], halts, &["sleep", "0.5"]].concat(), &input([0; 7])).exits(0);
        let lines = folder.lines("told");
        assert_eq!(lines.len(), count, "{lines:?}");
        assert!(lines.ends_with(&["high".into(), "low".into()]), "{lines:?}");
    }
}

#[test]
fn failure_is_told_once_and_stops_nothing() {
    let producer = "seq 3; sleep 0.3; seq 3; sleep 0.3; seq 3";
    let marks = ["-j1", "--capacity", "2", "--high", "2", "--low", "0", "--producer", producer];
    let ended =
        run(&[&marks[..], &["--on-high", "exit 3", "--on-low", "exit 4", "echo"]].concat(), b"");
    let ended = ended.exits(0).says(&["--on-high 'exit 3' failed", "exit status: 3", "goes on"]);
    assert_eq!(ended.lines().len(), 9);
    assert_eq!(ended.errors().matches("failed:").count(), 1, "{}", ended.errors());
}

#[test]
fn what_they_write_is_no_output_and_they_read_nothing() {
    let marks = ["-q", "-j1", "--capacity", "2", "--on-high", "cat; echo told", "sleep", "0.2"];
    let ended = run(&marks, b"0\n0\n0\n0\n").exits(0);
    assert_eq!((ended.text(), ended.errors()), (String::new(), "told\n".to_owned()));
}

#[test]
fn one_that_hangs_is_ended_with_the_run_or_with_forebay() {
    let folder = Folder::new();
    let high = format!("echo $$ >> {}; exec sleep 300", folder.arg("told"));
    let arguments = ["-j1", "--capacity", "2", "--on-high", &high, "sleep", "0.2"];
    for kill in [false, true] {
        let seen = folder.lines("told").len();
        let going = start(&arguments, &input([0, 0, 0, 0]));
        until("told", || folder.lines("told").len() > seen);
        if kill {
            going.signal(Signal::KILL);
            going.wait().exits(137);
        } else {
            going.signal(Signal::INT);
            going.until_said("interrupted");
            going.signal(Signal::INT);
            going.wait().exits(130);
        }
        for process in folder.lines("told") {
            until("gone", || !is_running(&process));
        }
    }
}

#[test]
fn a_dry_run_tells_nobody() {
    let folder = Folder::new();
    let told = format!("touch {}", folder.arg("told"));
    run(&["--dry-run", "--capacity", "1", "--on-high", &told, "true"], &input(1..=9)).exits(0);
    assert!(folder.names().is_empty());
}

#[test]
fn marks_that_cannot_be_are_refused() {
    let hook = ["--on-high", "true", "--capacity", "10"];
    for (marks, words) in [
        (&["--high", "2", "--low", "3"][..], &["--low 3", "not below", "--high 2"][..]),
        (&["--high", "2", "--low", "2"], &["--low 2", "not below", "--high 2"]),
        (&["--low", "9"], &["--low 9", "--high 8, 80 %"]),
        (&["--high", "11"], &["--high 11", "capacity, 10"]),
        (&["--high", "0"], &["--high", "0 items"]),
        (&["--low", "x"], &["--low", "whole number"]),
    ] {
        run(&[&hook[..], marks, &["true"]].concat(), b"a\n").exits(255).says(words);
    }
    for alone in ["--high", "--low"] {
        let ended = run(&[alone, "1", "true"], b"a\n").exits(255);
        assert!(ended.errors().contains("--on-high"), "{}", ended.errors());
    }
}

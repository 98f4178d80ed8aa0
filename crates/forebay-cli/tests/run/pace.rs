//! Starts that are held back: `--rate` and `--delay`. Nothing here says that something is fast.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::forebay::{Folder, assert_sums, input, number, run, start, until};

fn took(arguments: &[&str], items: u32) -> Duration {
    let began = Instant::now();
    run(arguments, &input(1..=items)).exits(0);
    began.elapsed()
}

#[test]
fn starts_keep_to_the_rate() {
    // The first at once, and nine more.
    assert!(took(&["-j4", "--rate", "20/s", "true"], 10) >= Duration::from_millis(440));
    assert!(took(&["-j4", "--rate", "20", "true"], 10) >= Duration::from_millis(440));
    assert!(took(&["-j1", "--rate", "1200/m", "true"], 10) >= Duration::from_millis(440));
    assert!(took(&["-j4", "--rate", "2.5", "true"], 2) >= Duration::from_millis(390));
}

#[test]
fn a_pause_is_followed_by_no_burst() {
    let folder = Folder::new();
    let script = format!(
        "(echo 0; sleep 1; seq 10) | {} run -q -j8 --rate 10/s --joblog {} true",
        env!("CARGO_BIN_EXE_forebay"),
        folder.arg("log")
    );
    let began = Instant::now();
    let mut child = Command::new("sh").args(["-c", &script]).spawn().expect("sh runs");
    until("the run ends", || child.try_wait().expect("wait").is_some());
    assert!(child.wait().expect("wait").success());
    // One of the ten may start at once, and half of another's time is made up.
    assert!(
        began.elapsed() >= Duration::from_millis(1_000 + 9 * 100 - 60),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(folder.lines("log").len(), 12);
}

#[test]
fn starts_are_so_far_apart_by_the_delay() {
    assert!(took(&["-j4", "--delay", "50ms", "true"], 10) >= Duration::from_millis(440));
    assert!(
        took(&["-j4", "--delay", "100ms", "--rate", "1000/s", "true"], 5)
            >= Duration::from_millis(390)
    );
    run(&["-j4", "--delay", "0.1", "true"], &input(1..=12))
        .exits(0)
        .says(&["the delay was the limit"]);
}

#[test]
fn a_retry_is_a_start_too() {
    let began = Instant::now();
    run(&["-j4", "--rate", "10/s", "--retries", "3", "--backoff", "1ms", "false"], &input(1..=2))
        .exits(2);
    assert!(began.elapsed() >= Duration::from_millis(440), "{:?}", began.elapsed());
}

#[test]
fn waiting_for_the_rate_is_neither_idle_nor_busy() {
    let folder = Folder::new();
    let report = folder.arg("report");
    run(
        &["-j4", "--rate", "20/s", "--report-json", &report, "sh", "-c", "sleep 0.01"],
        &input(1..=30),
    )
    .exits(0)
    .says(&["the rate was the limit", "% of the time", "4 consumers ran"]);
    let report = folder.report("report");
    assert_sums(&report);
    assert_eq!(report["bottleneck"], "rate", "{report}");
    // Four consumers have an item each and wait, from the second item on: nearly all of their time.
    assert!(number(&report, "rate_wait_seconds") >= 1.5, "{report}");
    // What an item takes does not contain the wait: 20 a second of little more than 0.01 s each.
    assert!(number(&report, "balanced_consumers") < 3.5, "{report}");
    assert!(number(&report, "consumer_wait_seconds") < 1.0, "{report}");
}

#[test]
fn a_rate_that_is_never_reached_is_not_the_limit() {
    let ended = run(&["-j1", "--rate", "1000/s", "sh", "-c", "sleep 0.05"], &input(1..=5)).exits(0);
    assert!(!ended.errors().contains("the rate"), "{}", ended.errors());
}

#[test]
fn who_waits_for_the_rate_can_be_interrupted() {
    let going = start(&["-j4", "-t", "--rate", "1/h", "echo"], &input(1..=10));
    going.until_said("echo 1");
    going.signal(rustix::process::Signal::INT);
    let ended = going.wait().exits(130);
    assert_eq!(ended.text(), "1\n");
    ended.says(&["1 finished", "9 remaining"]);
}

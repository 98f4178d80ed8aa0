//! A number of consumers that follows the load.

use std::fs::File;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::forebay::{Folder, assert_sums, input, number, run, until};

/// A run whose items come from a shell's loop; gives its report, its events about the number of
/// consumers, and what it told people.
fn elastic(source: &str, arguments: &[&str]) -> (Value, Vec<u64>, String) {
    let folder = Folder::new();
    let mut source =
        Command::new("sh").args(["-c", source]).stdout(Stdio::piped()).spawn().expect("sh runs");
    let to_file = |name| File::create(folder.path(name)).expect("a file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "--json", "--report-json", &folder.arg("report")])
        .args(arguments)
        .stdin(source.stdout.take().expect("piped"))
        .stdout(to_file("out"))
        .stderr(to_file("err"))
        .spawn()
        .expect("forebay starts");
    until("the run ends", || child.try_wait().expect("wait").is_some());
    source.wait().expect("the source ends");
    let errors = folder.lines("err").join("\n");
    assert!(child.wait().expect("wait").success(), "{errors}");
    let events = folder.lines("out");
    let numbers = events
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|event| event["event"] == "consumers")
        .map(|event| event["number"].as_u64().expect("a number"))
        .collect();
    let report = folder.report("report");
    assert_sums(&report);
    (report, numbers, errors)
}

#[test]
fn it_grows_while_items_wait_and_goes_back_when_they_do_not() {
    // Work for about eight, and then for less than one; the last item is no sooner than 3 s after.
    let source = "for i in $(seq 60); do echo $i; sleep 0.025; done; sleep 3; echo last";
    let (report, numbers, errors) =
        elastic(source, &["--elastic", "1..16", "sh", "-c", "sleep 0.2"]);
    assert_eq!(numbers.first(), Some(&1), "{numbers:?}");
    let most = numbers.iter().max().copied().expect("some");
    assert!((4..=16).contains(&most), "{numbers:?}");
    assert!(numbers.last().is_some_and(|last| *last <= 2), "{numbers:?}");
    assert!((number(&report, "consumers") - most as f64).abs() < 0.5, "{report} {numbers:?}");
    let mean = number(&report, "consumers_mean");
    assert!(mean > 1.0 && mean < most as f64, "{report}");
    let line = format!("elastic: from 1 to {most} consumers, {mean:.1} in the mean");
    assert!(errors.contains(&line), "no {line} in {errors}");
    assert!(errors.contains(&format!("at most {most} consumers ran")), "{errors}");
}

#[test]
fn it_stays_between_its_bounds() {
    let source = "for i in $(seq 40); do echo $i; sleep 0.01; done";
    let (report, numbers, _) = elastic(source, &["--elastic", "2..3", "sh", "-c", "sleep 0.2"]);
    assert!(numbers.iter().all(|number| (2..=3).contains(number)), "{numbers:?}");
    assert!((number(&report, "consumers") - 3.0).abs() < 0.5, "{report}");
    let (report, numbers, errors) =
        elastic(source, &["--elastic", "3..3", "sh", "-c", "sleep 0.01"]);
    assert!(numbers.is_empty() && !errors.contains("elastic"), "{numbers:?} {errors}");
    assert!((number(&report, "consumers_mean") - 3.0).abs() < 1e-6, "{report}");
}

#[test]
fn it_grows_for_what_waits_although_the_source_has_ended() {
    // All is put at once, and takes 40 × 0.2 s of one consumer.
    let (report, numbers, _) =
        elastic("seq 40", &["--elastic", "1..8", "--capacity", "100", "sh", "-c", "sleep 0.2"]);
    assert!(numbers.contains(&8), "{numbers:?}");
    assert!((number(&report, "finished") - 40.0).abs() < 0.5, "{report}");
}

#[test]
fn consumers_are_numbered_from_one_to_the_most() {
    let ended =
        run(&["--elastic", "1..4", "--shell", "sleep 0.1; echo {%} {}"], &input(1..=30)).exits(0);
    let mut numbers: Vec<_> = ended
        .lines()
        .iter()
        .filter_map(|line| line.split(' ').next()?.parse::<u32>().ok())
        .collect();
    assert_eq!(numbers.len(), 30);
    numbers.dedup();
    assert!(
        numbers.len() > 1 && numbers.iter().all(|number| (1..=4).contains(number)),
        "{numbers:?}"
    );
}

#[test]
fn items_that_are_tried_again_are_not_lost_among_consumers_that_wait() {
    let folder = Folder::new();
    let marks = folder.arg("");
    let command = format!("test -e {marks}/{{}} || {{ touch {marks}/{{}}; sleep 0.05; exit 1; }}");
    let ended = run(
        &["--elastic", "1..8", "--retries", "3", "--backoff", "300ms", "--shell", &command],
        &input(1..=30),
    );
    ended.exits(0).says(&["30 items", "30 finished"]);
}

#[test]
fn it_stops_at_once_with_consumers_at_the_gate() {
    let folder = Folder::new();
    let source = "for i in $(seq 40); do echo $i; sleep 0.01; done; sleep 2; seq 1000";
    let script = format!(
        "({source}) | {} run --elastic 1..8 --halt now,done=300 sh -c 'sleep 0.05' 2> {}",
        env!("CARGO_BIN_EXE_forebay"),
        folder.arg("err")
    );
    let mut child = Command::new("sh").args(["-c", &script]).spawn().expect("sh runs");
    until("the run ends", || child.try_wait().expect("wait").is_some());
    let errors = folder.lines("err").join("\n");
    assert!(errors.contains("halted") && errors.contains("remaining"), "{errors}");
}

#[test]
fn a_rate_is_no_reason_to_grow() {
    // Ten starts a second of 0.1 s: two consumers do, although items are always there.
    let folder = Folder::new();
    let report = folder.arg("report");
    run(
        &[
            "--elastic",
            "1..16",
            "--rate",
            "10/s",
            "--report-json",
            &report,
            "sh",
            "-c",
            "sleep 0.1",
        ],
        &input(1..=40),
    )
    .exits(0)
    .says(&["the rate was the limit"]);
    let report = folder.report("report");
    assert_eq!(report["bottleneck"], "rate", "{report}");
    assert!(number(&report, "consumers_mean") < 8.0, "{report}");
}

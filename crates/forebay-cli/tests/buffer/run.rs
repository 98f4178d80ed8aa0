//! `forebay run --buffer`.

use rustix::process::Signal;

use crate::forebay::{
    Folder, assert_sums, buffer, figure, input, line, number, run, start, stat, until,
};

fn report(folder: &Folder) -> [f64; 4] {
    let report = folder.report("report");
    ["produced", "finished", "failed", "remaining"].map(|key| number(&report, key))
}

#[track_caller]
fn assert_report(folder: &Folder, expected: [f64; 4]) {
    let found = report(folder);
    let close = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 0.5);
    assert!(close, "{found:?} is not {expected:?}");
}

/// The items of the joblog that finished, sorted.
pub(crate) fn finished(folder: &Folder) -> Vec<String> {
    let lines = folder.lines("b.joblog");
    let lines = lines.iter().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let mut items: Vec<_> = lines
        .filter(|columns| columns[6] == "0" && columns[7] == "0")
        .map(|columns| columns[9..].join("\t"))
        .collect();
    items.sort();
    items
}

#[test]
fn it_makes_the_buffer_and_leaves_it_open() {
    let folder = Folder::new();
    let ran = run(
        &folder,
        &["run", "--buffer", "b", "--capacity", "7", "--report-json", "report", "echo"],
        &input(1..=50),
    );
    assert_eq!(ran.exits(0).lines().len(), 50);
    assert_sums(&folder.report("report"));
    assert_report(&folder, [50.0, 50.0, 0.0, 0.0]);
    let now = stat(&folder);
    assert_eq!(
        (&now["capacity"], &now["closed"], &now["finished"]),
        (&7.into(), &false.into(), &50.into())
    );
    assert_eq!(finished(&folder).len(), 50);
}

#[test]
fn the_same_line_again_goes_on_where_it_was() {
    let folder = buffer("--capacity 10");
    let arguments = [
        "run",
        "--buffer",
        "b",
        "-j2",
        "--report-json",
        "report",
        "--shell",
        "echo {} >> ledger; [ {} -lt 20 ] || [ -e go ] || sleep 300",
    ];
    let ran = start(&folder, &arguments, &input(1..=40));
    until("stuck", || folder.lines("ledger").len() == 21);
    ran.signal(Signal::KILL);
    ran.wait().exits(137);
    folder.write("go", b"");
    run(&folder, &arguments, &input(1..=40)).exits(0).says(&["19 items left out: finished before"]);
    assert_report(&folder, [21.0, 21.0, 0.0, 0.0]);
    assert_eq!(finished(&folder).len(), 40);
    // What was waiting was not put again.
    let now = stat(&folder);
    assert_eq!((&now["finished"], &now["produced"]), (&40.into(), &40.into()), "{now}");
    assert_eq!(folder.lines("ledger").len(), 42, "the two that were killed were run again");
    // And once more there is nothing to do.
    run(&folder, &arguments, &input(1..=40)).exits(0).says(&["40 items left out"]);
    // Equal items are as many as they are.
    run(&folder, &arguments, b"1\n1\n1\n").exits(0).says(&["1 item left out"]);
    assert_eq!(finished(&folder).iter().filter(|item| *item == "1").count(), 3);
}

#[test]
fn an_interrupted_run_goes_on_too() {
    let folder = Folder::new();
    let arguments = [
        "run",
        "--buffer",
        "b",
        "-j1",
        "--shell",
        "echo {} >> ledger; [ -e go ] || until [ -e on ]; do sleep 0.01; done",
    ];
    let ran = start(&folder, &arguments, &input(1..=9));
    until("begun", || folder.lines("ledger").len() == 1 && figure(&folder, "waiting") == 8);
    ran.signal(Signal::INT);
    ran.until_said("again stops it now");
    folder.write("on", b"");
    ran.wait().exits(130).says(&["1 finished, 0 failed, 8 remaining"]);
    let now = stat(&folder);
    assert_eq!((&now["waiting"], &now["leased"]), (&8.into(), &0.into()));
    folder.write("go", b"");
    run(&folder, &arguments, &input(1..=9)).exits(0);
    assert_eq!(folder.lines("ledger").len(), 9);
    assert_eq!(figure(&folder, "produced"), 9);
}

#[test]
fn what_failed_for_good_stays_dead_until_it_is_retried() {
    let folder = Folder::new();
    let arguments = [
        "run",
        "--buffer",
        "b",
        "--retries",
        "2",
        "--backoff",
        "1ms",
        "--shell",
        "echo {} >> ledger; [ -e go ] || [ {} != 3 ]",
    ];
    run(&folder, &arguments, &input(1..=5)).exits(1).says(&["4 finished, 1 failed"]);
    assert_eq!(folder.lines("ledger").len(), 6);
    run(&folder, &arguments, &input(1..=5))
        .exits(1)
        .says(&["1 item failed before", "forebay dead"]);
    assert_eq!(folder.lines("ledger").len(), 6);
    folder.write("go", b"");
    line(&folder, "dead b retry --all").exits(0);
    run(&folder, &arguments, &input(1..=5)).exits(0).says(&["1 item: 1 finished"]);
    assert_eq!(folder.lines("ledger").len(), 7);
    let now = stat(&folder);
    assert_eq!(
        (&now["produced"], &now["finished"], &now["dead"]),
        (&5.into(), &5.into(), &0.into())
    );
}

#[test]
fn what_others_finish_is_finished() {
    let folder = Folder::new();
    let command = "until [ -e go ]; do sleep 0.01; done; echo {} >> ledger";
    let arguments = ["run", "--buffer", "b", "-j1", "--report-json", "report", "--shell", command];
    let ran = start(&folder, &arguments, &input(1..=6));
    until("all put", || folder.path("b").exists() && stat(&folder)["produced"] == 6);
    line(&folder, "work b -q --once -j1 echo").exits(0);
    assert_eq!(folder.lines("b.joblog").len(), 6, "the header, and a line for each");
    // One that nobody tells of in the joblog.
    folder.write("go", b"");
    ran.wait().exits(0).says(&["6 items: 6 finished"]).says(&["5 items done by others"]);
    assert_report(&folder, [6.0, 6.0, 0.0, 0.0]);
    run(&folder, &arguments, &input(1..=6)).exits(0).says(&["6 items left out"]);
    assert_eq!(folder.lines("ledger").len(), 1);
}

#[test]
fn what_others_put_is_run_and_not_waited_for() {
    let folder = buffer("");
    run(&folder, &["put", "b", "theirs"], b"").exits(0);
    let ran = run(
        &folder,
        &["run", "--buffer", "b", "-j1", "--shell", "echo {}; [ {} != ours ] || forebay=1"],
        b"ours\n",
    );
    assert_eq!(ran.exits(0).lines(), ["ours", "theirs"]);
    // Nothing of its own: it ends at once.
    run(&folder, &["put", "b", "theirs"], b"").exits(0);
    run(&folder, &["run", "--buffer", "b", "--joblog", "other", "echo", ":::"], b"").exits(0);
}

#[test]
fn a_buffer_that_is_closed_meanwhile_is_told() {
    let folder = buffer("--capacity 3");
    let arguments =
        ["run", "--buffer", "b", "-j1", "--shell", "until [ -e go ]; do sleep 0.01; done; echo {}"];
    let ran = start(&folder, &arguments, &input(1..=9));
    until("full", || figure(&folder, "producers_waiting") == 1);
    line(&folder, "close b").exits(0);
    folder.write("go", b"");
    let ran = ran.wait().exits(255).says(&["b was closed", "are not put"]);
    assert_eq!(ran.lines().len(), 4, "what was put is done");
}

#[test]
fn items_of_several_columns_are_known_again() {
    let folder = Folder::new();
    let sources =
        ["run", "--buffer", "b", "echo", "{2}-{1}", ":::", "a\tb", "c", ":::", "x", "y\\"];
    let ran = run(&folder, &sources, b"").exits(0);
    assert_eq!(ran.lines(), ["x-a\tb", "x-c", "y\\-a\tb", "y\\-c"]);
    run(&folder, &sources, b"").exits(0).says(&["4 items left out"]);
    let split = ["run", "--buffer", "b", "--joblog", "log", "-C", ",", "echo", "{2}-{1}"];
    let ran = run(&folder, &split, b"a,b\nc,d\n").exits(0);
    assert_eq!(ran.lines(), ["b-a", "d-c"]);
    run(&folder, &split, b"a,b\nc,d\n").exits(0).says(&["2 items left out"]);
}

#[test]
fn groups_are_made_of_what_comes_out() {
    let folder = Folder::new();
    let ran = run(
        &folder,
        &["run", "--buffer", "b", "-j1", "-n3", "--report-json", "report", "echo"],
        &input(1..=8),
    );
    let words: usize = ran.exits(0).text().split_whitespace().count();
    assert_eq!(words, 8);
    assert_eq!(finished(&folder).join("\t").split('\t').count(), 8);
    run(&folder, &["run", "--buffer", "b", "-j1", "-n3", "echo"], &input(1..=8))
        .exits(0)
        .says(&["8 items left out"]);
}

#[test]
fn another_command_needs_another_joblog() {
    let folder = Folder::new();
    run(&folder, &["run", "--buffer", "b", "echo"], b"x\n").exits(0);
    run(&folder, &["run", "--buffer", "b", "cat"], b"x\n")
        .exits(255)
        .says(&["b.joblog", "another command"]);
    run(&folder, &["run", "--buffer", "b", "--joblog", "other", "true"], b"x\n").exits(0);
}

#[test]
fn full_is_as_on_full_says() {
    let folder = buffer("--capacity 2");
    let arguments = [
        "run",
        "--buffer",
        "b",
        "-j1",
        "--on-full",
        "refuse",
        "--report-json",
        "report",
        "--shell",
        "until [ -e go ]; do sleep 0.01; done; : {}",
    ];
    let ran = start(&folder, &arguments, &input(1..=9));
    until("at work", || folder.path("b").exists() && stat(&folder)["leased"] == 1);
    folder.write("go", b"");
    let errors = ran.wait().exits(0).errors();
    let refused = number(&folder.report("report"), "refused");
    assert!(refused >= 5.0 && errors.contains("refused: the buffer was full"), "{errors}");
    assert_sums(&folder.report("report"));
}

#[test]
fn events_tell_the_way_of_each_item() {
    let folder = Folder::new();
    let arguments = [
        "run",
        "--buffer",
        "b",
        "-q",
        "-j1",
        "--json",
        "--retries",
        "2",
        "--backoff",
        "1ms",
        "--shell",
        "[ {} != b ]",
    ];
    let ran = run(&folder, &arguments, b"a\nb\n").exits(1);
    let events: Vec<serde_json::Value> =
        ran.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |seq: u64| -> Vec<&str> {
        let events = events.iter().filter(|event| event["seq"] == seq);
        events.map(|event| event["event"].as_str().expect("a name")).collect()
    };
    assert_eq!(of(1), ["put", "lease", "ack"]);
    assert_eq!(of(2), ["put", "lease", "failed", "put", "lease", "dead"]);
    let depth = events.last().expect("the report")["depth"].as_u64();
    assert_eq!(depth, Some(0));
}

//! `--producer`: commands whose lines are items, several at a time.

use rustix::process::Signal;
use serde_json::Value;

use crate::failure::is_running;
use crate::forebay::{Folder, assert_sums, number, run, start, until};

fn numbers(report: &Value, key: &str) -> Vec<f64> {
    let list = report[key].as_array().unwrap_or_else(|| panic!("{key} in {report}"));
    list.iter().map(|value| value.as_f64().expect("a number")).collect()
}

#[test]
fn lines_of_all_of_them_are_items() {
    let arguments =
        ["--producer", "seq 3", "--producer", "printf 'a b\n\nlast'", "printf", "<%s>\n"];
    let ended = run(&arguments, b"not read\n").exits(0);
    assert_eq!(ended.lines(), ["<1>", "<2>", "<3>", "<>", "<a b>", "<last>"]);
    ended.says(&["producer 1 put 3", "producer 2 put 3"]);
}

#[test]
fn delimiters_are_those_of_the_run() {
    let ended = run(&["-0", "-k", "--producer", r"printf 'a\nb\0c'", "printf", "<%s>"], b"");
    assert_eq!(ended.exits(0).text(), "<a\nb><c>");
    let ended = run(&["-d,", "-k", "-r", "--producer", "printf 'a, ,c'", "printf", "<%s>"], b"");
    assert_eq!(ended.exits(0).text(), "<a><c>");
}

#[test]
fn files_and_arguments_are_one_producer_more() {
    let folder = Folder::new();
    let (file, report) = (folder.write("file", b"f\n"), folder.arg("report"));
    let common = ["-q", "--report-json", &report, "--producer", "echo p"];
    for (more, rest, lines) in [
        (&["-a", &file][..], &["echo", ":::", "a"][..], &["a", "f", "p"][..]),
        (&["-a", "-"], &["echo"], &["p", "s"]),
        (&[], &["echo"], &["p"]),
    ] {
        let ended = run(&[&common[..], more, rest].concat(), b"s\n").exits(0);
        assert_eq!(ended.lines(), lines);
        let producers = if lines == ["p"] { 1.0 } else { 2.0 };
        let report = folder.report("report");
        assert!((number(&report, "producers") - producers).abs() < 0.5, "{report}");
        assert_eq!(
            numbers(&report, "produced_by").len(),
            numbers(&report, "producer_waits_seconds").len()
        );
    }
}

#[test]
fn order_is_kept_among_the_items_of_each() {
    let producers = ["-k", "-j8", "--producer", "seq 1 200", "--producer", "seq 1001 1200"];
    let work = ["sh", "-c", "sleep 0.00$(($1 % 7)); echo $0 $1", "{#}", "{}"];
    let ended = run(&[&producers[..], &work].concat(), b"").exits(0);
    let lines = ended.text();
    let numbers: Vec<(u32, u32)> = lines
        .lines()
        .map(|line| {
            let (seq, item) = line.split_once(' ').expect("two");
            (seq.parse().expect("a number"), item.parse().expect("a number"))
        })
        .collect();
    // Each number once, in this order, whoever brought the item.
    assert!(numbers.iter().map(|(seq, _)| *seq).eq(1..=400), "{numbers:?}");
    for own in [1..=200, 1001..=1200] {
        let items = numbers.iter().map(|(_, item)| *item).filter(|item| own.contains(item));
        assert!(items.eq(own.clone()), "{numbers:?}");
    }
}

#[test]
fn groups_are_made_of_one_producers_items() {
    let ended =
        run(&["-n2", "--producer", "seq 3", "--producer", "seq 11 13", "echo"], b"").exits(0);
    assert_eq!(ended.lines(), ["1 2", "11 12", "13", "3"]);
}

#[test]
fn one_that_fails_keeps_its_items_and_says_so() {
    for (failing, why) in [
        ("seq 17; exit 3", "exit status 3"),
        ("seq 16; printf last; kill -9 $$", "killed by signal 9"),
    ] {
        let folder = Folder::new();
        let report = folder.arg("report");
        let arguments =
            ["--report-json", &report, "--producer", "seq 101 103", "--producer", failing];
        let ended = run(&[&arguments[..], &["echo"]].concat(), b"").exits(255);
        assert_eq!(ended.lines().len(), 20);
        let ended = ended.says(&["producer 2 (", "failed: ", why, "after 17 items"]);
        assert_eq!(ended.errors().matches("failed:").count(), 1, "{}", ended.errors());
        let report = folder.report("report");
        assert_sums(&report);
        assert_eq!(numbers(&report, "produced_by"), [3.0, 17.0]);
    }
}

#[test]
fn one_that_cannot_be_found_is_named() {
    let ended = run(&["--producer", "no-such-command", "echo"], b"").exits(255);
    ended.says(&["producer 1 ('no-such-command')", "not found", "after 0 items"]);
    run(&["--producer", "", "echo"], b"").exits(255).says(&["--producer ''", "say which"]);
}

#[test]
fn its_standard_input_is_empty_and_its_errors_pass_through() {
    let ended = run(&["--producer", "cat; echo heard >&2; echo a", "echo"], b"not read\n").exits(0);
    assert_eq!(ended.text(), "a\n");
    assert!(ended.errors().starts_with("heard\n"), "{}", ended.errors());
}

/// A producer whose own number is in `producer` and its child's in `child`, and which never ends.
fn endless(folder: &Folder) -> String {
    format!(
        "cd {}; sleep 300 & echo $! > child; echo $$ > producer; while :; do echo a; done",
        folder.root().display()
    )
}

#[track_caller]
fn assert_gone(folder: &Folder) {
    for process in [folder.lines("producer"), folder.lines("child")].concat() {
        until("gone", || !is_running(&process));
    }
}

#[test]
fn one_that_never_ends_is_stopped_by_ctrl_c() {
    let folder = Folder::new();
    let (command, report) = (endless(&folder), folder.arg("report"));
    let work = format!(
        "echo {{}} >> {0}/begun; sleep 0.3; echo {{}} >> {0}/ended",
        folder.root().display()
    );
    let arguments = ["-j2", "--report-json", &report, "--producer", &command, "--shell", &work];
    let going = start(&arguments, b"");
    until("at work", || folder.lines("begun").len() >= 4);
    going.signal(Signal::INT);
    let ended = going.wait().exits(130).says(&["not read to its end"]);
    assert!(!ended.errors().contains("producer 1 ("), "{}", ended.errors());
    // What ran was finished.
    assert_eq!(folder.lines("begun").len(), folder.lines("ended").len());
    assert_gone(&folder);
    let report = folder.report("report");
    assert_sums(&report);
    assert!(number(&report, "remaining") > 0.5, "{report}");
    assert!(numbers(&report, "producer_waits_seconds")[0] > 0.0, "{report}");
}

#[test]
fn one_that_is_silent_and_deaf_is_stopped_too() {
    let folder = Folder::new();
    let command = format!(
        "trap '' TERM; cd {}; sleep 300 & echo $! > child; echo $$ > producer; echo a; wait; wait",
        folder.root().display()
    );
    let work = format!("touch {}", folder.arg("begun"));
    let going = start(&["--producer", &command, "--shell", &format!("{work}; : {{}}")], b"");
    until("at work", || folder.path("begun").exists());
    going.signal(Signal::TERM);
    going.wait().exits(143);
    assert_gone(&folder);
}

#[test]
fn one_that_waits_is_asked_to_end() {
    let folder = Folder::new();
    let dir = folder.root().display();
    let command = format!("trap 'touch {dir}/asked; exit 1' TERM; echo a; sleep 300 & wait");
    let work = format!("touch {dir}/begun; : {{}}");
    let going = start(&["--producer", &command, "--shell", &work], b"");
    until("begun", || folder.path("begun").exists());
    going.signal(Signal::INT);
    let ended = going.wait().exits(130).says(&["not read to its end"]);
    assert!(!ended.errors().contains("producer 1 ("), "{}", ended.errors());
    assert!(folder.path("asked").exists());
}

#[test]
fn it_ends_when_the_run_is_halted() {
    let folder = Folder::new();
    let command = endless(&folder);
    for halt in ["soon,done=3", "now,success=3"] {
        let ended = run(&["--halt", halt, "--producer", &command, "true"], b"").exits(0);
        assert!(!ended.errors().contains("producer 1 ("), "{}", ended.errors());
        assert_gone(&folder);
    }
    run(&["--producer", &command, "/no/such/command"], b"").exits(127);
    assert_gone(&folder);
}

#[test]
fn nothing_of_it_outlives_a_killed_forebay() {
    let folder = Folder::new();
    let going = start(&["-j1", "--producer", &endless(&folder), "sleep", "300"], b"");
    until("begun", || !folder.lines("producer").is_empty());
    going.signal(Signal::KILL);
    going.wait().exits(137);
    assert_gone(&folder);
}

#[test]
fn what_has_finished_is_left_out_whoever_brings_it() {
    let folder = Folder::new();
    let log = folder.arg("log");
    run(&["-q", "--joblog", &log, "echo", ":::", "a", "b", "b"], b"").exits(0);
    let again = ["--joblog", &log, "--resume", "--producer", "printf 'b\na\nnew\n'"];
    let ended =
        run(&[&again[..], &["--producer", "printf 'b\nb\na\n'", "echo"]].concat(), b"").exits(0);
    // One b of three, and one a of two, have not finished.
    assert_eq!(ended.lines(), ["a", "b", "new"]);
    ended.says(&["3 items left out"]);
}

#[test]
fn a_dry_run_asks_its_producers() {
    let ended = run(&["--dry-run", "--producer", "seq 2", "echo"], b"").exits(0);
    assert_eq!(ended.text(), "echo 1\necho 2\n");
}

#[test]
fn the_report_tells_fast_from_slow() {
    let folder = Folder::new();
    let report = folder.arg("report");
    // The fast one has all its items at once, the slow one 10 of them, one in 0.15 s. The consumer takes 60
    // of 0.03 s: it is behind for as long as the fast one has some, and the fast one waits for room.
    let arguments = ["-j1", "--capacity", "2", "--report-json", &report, "--producer", "seq 50"];
    let slow = "for i in $(seq 101 110); do sleep 0.15; echo $i; done";
    let ended =
        run(&[&arguments[..], &["--producer", slow, "sh", "-c", "sleep 0.03"]].concat(), b"");
    let ended = ended.exits(0).says(&["producer 1 put 50, waited ", "producer 2 put 10, waited "]);
    assert!(ended.errors().contains("1 consumer ran"), "{}", ended.errors());
    let report = folder.report("report");
    assert_sums(&report);
    assert_eq!(numbers(&report, "produced_by"), [50.0, 10.0]);
    let waits = numbers(&report, "producer_waits_seconds");
    // 48 items of at least 0.03 s were before its last one; the slow one waits for a few at most.
    assert!(waits[0] > 1.0, "{report}");
    assert!(waits[1] < waits[0], "{report}");
    let sum = number(&report, "producer_wait_seconds");
    assert!((waits.iter().sum::<f64>() - sum).abs() < 0.5, "{report}");
}

#[test]
fn rates_of_producers_add_up() {
    let folder = Folder::new();
    let report = folder.arg("report");
    let gaps =
        |count: u32, gap: &str| format!("for i in $(seq {count}); do sleep {gap}; echo $i; done");
    // 10 and 5 items a second of 0.2 s each: three consumers are busy with them.
    let arguments = ["-j6", "--report-json", &report, "--producer", &gaps(20, "0.1"), "--producer"];
    run(&[&arguments[..], &[&gaps(10, "0.2"), "sh", "-c", "sleep 0.2"]].concat(), b"").exits(0);
    let report = folder.report("report");
    // Where the machine is busy with other things, they come in bursts.
    let side = report["bottleneck"].as_str();
    assert!(matches!(side, Some("producers" | "bursts")), "{report}");
    let balanced = number(&report, "balanced_consumers");
    // A busy machine makes gaps and service longer than they say.
    assert!((2.5..=4.5).contains(&balanced), "{report}");
}

#[test]
fn many_producers_are_told_in_one_line() {
    let producers: Vec<_> =
        (1..=10).flat_map(|n| ["--producer".into(), format!("seq {n}")]).collect();
    let ended = run(&[&producers[..], &["true".to_owned()]].concat(), b"").exits(0);
    ended.says(&["producers put from 1 to 10"]).says(&["55 items: 55 finished"]);
}

#[test]
fn a_percentage_is_looked_at_once_all_are_counted() {
    let arguments =
        ["-j1", "--halt", "soon,fail=50%", "--producer", "seq 4", "--producer", "seq 4"];
    run(&[&arguments[..], &["sh", "-c", "sleep 0.05; false"]].concat(), b"").says(&["halted"]);
}

#[test]
fn files_are_not_left_open_to_commands() {
    // A producer's pipe in the hands of a command would keep it from seeing that nobody reads.
    let script = "ls /proc/self/fd | wc -l";
    let ended = run(&["-j1", "--producer", "seq 2", "--shell", &format!("{script}; : {{}}")], b"");
    let alone = run(&["-j1", "--shell", &format!("{script}; : {{}}"), ":::", "1", "2"], b"");
    assert_eq!(ended.exits(0).text(), alone.exits(0).text());
}

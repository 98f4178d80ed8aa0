//! `--on-full`: what is done where the producer cannot wait.

use serde_json::Value;

use crate::forebay::{Ended, Folder, assert_sums, input, number, run, start};

/// Items that come faster than one consumer takes them: 1, which holds it for two seconds, then 2 to
/// 30 within moments, for which there are 3 places.
fn flooded(policy: &str, more: &[&str]) -> (Ended, Value) {
    let folder = Folder::new();
    let report = folder.arg("report");
    let producer =
        format!("echo 1; until [ -e {0} ]; do sleep 0.01; done; seq 2 30", folder.arg("begun"));
    let work = format!("touch {}; echo {{}}; [ {{}} != 1 ] || sleep 2", folder.arg("begun"));
    let arguments = ["-j1", "--capacity", "3", "--report-json", &report, "--on-full", policy];
    let ended =
        run(&[&arguments[..], more, &["--producer", &producer, "--shell", &work]].concat(), b"");
    let report = folder.report("report");
    assert_sums(&report);
    (ended.exits(0), report)
}

#[track_caller]
fn assert_counts(report: &Value, counts: &[(&str, f64)]) {
    for (key, expected) in counts {
        assert!((number(report, key) - expected).abs() < 0.5, "{key}: {report}");
    }
}

#[test]
fn the_oldest_are_dropped_and_order_is_kept_all_the_same() {
    for more in [&[][..], &["-k"]] {
        let (ended, report) = flooded("drop-oldest", more);
        assert_eq!(ended.text(), "1\n28\n29\n30\n");
        ended.says(&["26 items dropped"]);
        assert_counts(&report, &[("produced", 30.0), ("finished", 4.0), ("dropped", 26.0)]);
        assert_counts(&report, &[("refused", 0.0), ("remaining", 0.0), ("high_water", 3.0)]);
        assert_eq!(report["bottleneck"], "consumers", "{report}");
    }
}

#[test]
fn the_newest_are_dropped() {
    for more in [&[][..], &["-k"]] {
        let (ended, report) = flooded("drop-newest", more);
        assert_eq!(ended.text(), "1\n2\n3\n4\n");
        ended.says(&["26 items dropped"]);
        assert_counts(&report, &[("produced", 30.0), ("finished", 4.0), ("dropped", 26.0)]);
    }
}

#[test]
fn what_is_refused_was_never_produced() {
    for (policy, more) in [("refuse", &[][..]), ("refuse", &["-k"]), ("wait=1ms", &["-k"])] {
        let (ended, report) = flooded(policy, more);
        assert_eq!(ended.text(), "1\n2\n3\n4\n");
        ended.says(&["26 items refused: the buffer was full"]);
        assert_counts(&report, &[("produced", 4.0), ("refused", 26.0), ("dropped", 0.0)]);
    }
}

#[test]
fn a_producer_that_waits_long_enough_loses_nothing() {
    for policy in ["wait", "wait=1h"] {
        let (ended, report) = flooded(policy, &[]);
        assert!(!ended.errors().contains("refused"), "{}", ended.errors());
        assert_counts(&report, &[("produced", 30.0), ("finished", 30.0), ("refused", 0.0)]);
    }
}

#[test]
fn under_keep_order_nobody_waits_for_what_was_dropped_or_refused() {
    for policy in ["drop-oldest", "drop-newest", "refuse"] {
        let folder = Folder::new();
        let begun = folder.arg("begun");
        // The last one comes when there is room again, and then nothing, for a long time.
        let producer = format!(
            "echo 1; until [ -e {begun} ]; do sleep 0.01; done; seq 2 30; \
             until [ -e {begun}.3 ]; do sleep 0.01; done; echo last; exec sleep 300"
        );
        let work = format!(
            "touch {begun}; echo {{}} out >&2; [ {{}} != 1 ] || sleep 1; echo >> {begun}.all; \
             [ $(wc -l < {begun}.all) != 3 ] || touch {begun}.3"
        );
        let arguments = ["-k", "-j1", "--capacity", "3", "--on-full", policy, "--producer"];
        let going = start(&[&arguments[..], &[&producer, "--shell", &work]].concat(), b"");
        going.until_said("last out");
        going.signal(rustix::process::Signal::INT);
        going.wait().exits(130);
    }
}

#[test]
fn it_is_told_unless_quiet() {
    for policy in ["refuse", "drop-oldest", "drop-newest"] {
        assert_eq!(flooded(policy, &["-q"]).0.errors(), "");
    }
}

#[test]
fn events_tell_of_each() {
    let told = |policy| -> Vec<Value> {
        let lines = flooded(policy, &["--json"]).0.text();
        lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    let seqs = |events: &[Value], name: &str| -> Vec<u64> {
        let named = events.iter().filter(|event| event["event"] == name);
        named.filter_map(|event| event["seq"].as_u64()).collect()
    };
    for (policy, name, expected) in [
        ("drop-oldest", "dropped", 2..=27),
        ("drop-newest", "dropped", 5..=30),
        ("refuse", "refused", 5..=30),
    ] {
        let events = told(policy);
        assert!(seqs(&events, name).iter().copied().eq(expected.clone()), "{events:?}");
        let put = if policy == "drop-oldest" { 30 } else { 4 };
        assert_eq!(seqs(&events, "put").len(), put, "{events:?}");
        for event in events.iter().filter(|event| event["event"] == name) {
            let seq = event["seq"].to_string();
            assert_eq!(event["item"][0].as_str(), Some(&*seq), "{event}");
        }
        let depths = events.iter().filter_map(|event| event["depth"].as_u64());
        assert_eq!(depths.max(), Some(3), "never more than the capacity: {events:?}");
    }
}

#[test]
fn many_producers_drop_for_each_other() {
    // Whatever is dropped, by whomever: all is accounted for, and order keeps nobody waiting.
    let folder = Folder::new();
    let (report, trace) = (folder.arg("report"), folder.arg("trace"));
    let mut arguments = vec!["-k", "-j3", "--capacity", "4", "--on-full", "drop-oldest"];
    arguments.extend(["--trace", &trace]);
    for _ in 0..4 {
        arguments.extend(["--producer", "seq 2000"]);
    }
    arguments.extend(["--report-json", &report, "echo", "item"]);
    let ended = run(&arguments, b"").exits(0);
    let report = folder.report("report");
    assert_sums(&report);
    assert_counts(&report, &[("produced", 8000.0), ("remaining", 0.0)]);
    assert!(number(&report, "dropped") > 0.5, "{report}");
    let printed = ended.text().lines().filter(|line| line.starts_with("item")).count();
    assert!((number(&report, "finished") - printed as f64).abs() < 0.5, "{printed} {report}");
}

#[test]
fn an_item_in_its_second_try_may_be_dropped_too() {
    let folder = Folder::new();
    let (report, begun) = (folder.arg("report"), folder.arg("begun"));
    // 1 fails at once, and comes back after 0.2 s to its old position: it is then the oldest.
    let producer =
        format!("echo 1; until [ -e {begun} ]; do sleep 0.01; done; echo 2; sleep 0.6; seq 3 8");
    let work = "touch $1; case $0 in 1) exit 1;; 2) sleep 1.5;; esac; echo $0";
    let arguments = ["-k", "-j1", "--capacity", "2", "--retries", "3", "--backoff", "200ms"];
    let trace = folder.arg("trace");
    let more = [
        "--trace",
        &trace,
        "--report-json",
        &report,
        "--on-full",
        "drop-oldest",
        "--producer",
        &producer,
    ];
    let ended =
        run(&[&arguments[..], &more, &["sh", "-c", work, "{}", &begun]].concat(), b"").exits(0);
    let lines: Vec<_> =
        ended.text().lines().filter(|line| line.len() < 3).map(str::to_owned).collect();
    assert_eq!(lines, ["2", "7", "8"]);
    let report = folder.report("report");
    assert_sums(&report);
    assert_counts(&report, &[("produced", 8.0), ("dropped", 5.0), ("failed", 0.0)]);
}

#[test]
fn dropped_and_refused_items_are_no_part_of_a_percentage() {
    // 3 or 4 of 30 are run: half of those is 2, of 30 it would be 15.
    let folder = Folder::new();
    let items = folder.write("items", &input(1..=30));
    for policy in ["drop-newest", "drop-oldest", "refuse"] {
        let arguments = ["-j1", "--capacity", "3", "--on-full", policy, "-a", &items];
        let halt = ["--halt", "soon,done=50%", "--shell", "sleep 0.3; : {}"];
        run(&[&arguments[..], &halt].concat(), b"").exits(0).says(&["halted: 2 finished, "]);
    }
}

#[test]
fn nonsense_is_refused() {
    for wrong in ["nonsense", "", "drop", "wait=", "wait=0", "wait=5y", "refuse=1"] {
        let ended = run(&["--on-full", wrong, "true"], b"a\n").exits(255);
        ended.says(&["--on-full"]);
    }
    run(&["--on-full", "nonsense", "true"], b"").says(&["wait=TIME", "drop-oldest"]);
}

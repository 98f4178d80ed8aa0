//! The report: its keys, its sums, and its numbers on work of known length.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::forebay::{Folder, assert_sums, input, number, run};

const KEYS: &str = "produced finished failed remaining dead dropped refused high_water capacity \
                    producers consumers produced_by shares producer_wait_seconds \
                    producer_waits_seconds consumer_wait_seconds elapsed_seconds \
                    bottleneck balanced_consumers consumers_mean rate_wait_seconds";

#[test]
fn the_keys_are_these_in_this_order() {
    let folder = Folder::new();
    let report = folder.arg("report");
    run(
        &["-j2", "--capacity", "5", "--report-json", &report, "sh", "-c", "exit $0"],
        &input([0, 1, 0]),
    )
    .exits(1);
    let text = String::from_utf8(folder.read("report")).expect("UTF-8");
    let mut from = 0;
    for key in KEYS.split_whitespace() {
        let at =
            text[from..].find(&format!("\"{key}\":")).unwrap_or_else(|| panic!("{key}: {text}"));
        from += at;
    }
    let report = folder.report("report");
    assert_eq!(report.as_object().expect("an object").len(), KEYS.split_whitespace().count());
    assert_sums(&report);
    for (key, expected) in [
        ("produced", 3.0),
        ("finished", 2.0),
        ("failed", 1.0),
        ("remaining", 0.0),
        ("dropped", 0.0),
        ("capacity", 5.0),
        ("producers", 1.0),
        ("consumers", 2.0),
    ] {
        assert!((number(&report, key) - expected).abs() < 0.5, "{key} in {report}");
    }
}

/// Items that come `gap` apart, each of which takes `service`, both in seconds.
fn known(gap: &str, items: u32, service: &str, more: &[&str]) -> Value {
    let folder = Folder::new();
    let mut source = Command::new("sh")
        .arg("-c")
        .arg(format!("for i in $(seq {items}); do sleep {gap}; echo $i; done"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh runs");
    let ended = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .arg("run")
        .args(more)
        .args(["--report-json", &folder.arg("report"), "sh", "-c", &format!("sleep {service}")])
        .stdin(source.stdout.take().expect("piped"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .expect("forebay runs");
    source.wait().expect("the source ends");
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{errors}");
    let report = folder.report("report");
    assert_sums(&report);
    let side = match report["bottleneck"].as_str() {
        Some("balanced") => "balanced",
        Some("bursts") => "items came in bursts",
        Some("producers") => "the producers were the bottleneck",
        _ => "the consumers were the bottleneck",
    };
    assert!(errors.contains(side), "{errors} {report}");
    report
}

#[track_caller]
fn assert_between(report: &Value, key: &str, least: f64, most: f64) {
    let value = number(report, key);
    assert!((least..=most).contains(&value), "{key} not in {least}..={most}: {report}");
}

#[test]
fn slow_producers_are_the_bottleneck() {
    // 10 items a second of 0.2 s each: 2 consumers would do, 4 wait half of the time.
    let report = known("0.1", 20, "0.2", &["-j4"]);
    assert_eq!(report["bottleneck"], "producers", "{report}");
    // A busy machine makes gaps and service longer than they say.
    assert_between(&report, "balanced_consumers", 2.0, 3.0);
    assert_between(&report, "elapsed_seconds", 2.2, f64::MAX);
    // 4 consumers for 2 s, less 20 × 0.2 s of work, before the last item came.
    assert_between(&report, "consumer_wait_seconds", 2.5, f64::MAX);
    assert_between(&report, "producer_wait_seconds", 0.0, 0.5);
    assert_between(&report, "high_water", 0.0, 5.0);
}

#[test]
fn slow_consumers_are_the_bottleneck() {
    // 20 items a second of 0.4 s each are work for 8; 2 take 20 × 0.4 / 2 = 4 s.
    let report = known("0.05", 20, "0.4", &["-j2", "--capacity", "2"]);
    assert_eq!(report["bottleneck"], "consumers", "{report}");
    assert_between(&report, "balanced_consumers", 6.0, 9.0);
    assert_between(&report, "elapsed_seconds", 4.0, f64::MAX);
    // The producer needs 1 s; it ends when the last but 4 have begun, after 8 rounds of 0.4 s.
    assert_between(&report, "producer_wait_seconds", 1.5, f64::MAX);
    assert_between(&report, "high_water", 2.0, 2.0);
    for share in report["shares"].as_array().expect("shares") {
        assert!((7.0..=13.0).contains(&share.as_f64().expect("a number")), "{report}");
    }
}

#[test]
fn no_number_is_advised_where_too_little_was_seen() {
    let list: Vec<_> = (0..20).map(|item| item.to_string()).collect();
    let work = ["-j1", "--shell", "sleep 0.06; : {}"];
    let brief = run(&["-j2", "echo"], &input(1..=100)).exits(0);
    let items: Vec<&str> = list.iter().map(String::as_str).collect();
    let listed = run(&[&work[..], &[":::"], &items].concat(), b"").exits(0);
    let halted = run(&[&["--halt", "soon,done=19"][..], &work].concat(), &input(1..=25)).exits(0);
    for ended in [brief, listed, halted] {
        let errors = ended.says(&["consumer", "ran"]).errors();
        assert!(!errors.contains("would balance") && !errors.contains("as many"), "{errors}");
    }
    // All input was there at once: no number, but words.
    run(&work, &input(1..=20)).exits(0).says(&["1 consumer ran", "as many as the machine can run"]);
}

#[test]
fn the_number_is_more_than_ran_where_consumers_were_slow() {
    let folder = Folder::new();
    let report = folder.arg("report");
    run(&["-j4", "--report-json", &report, "sleep", "0.2", ":::", "0"], b"").exits(0);
    let report = folder.report("report");
    assert_eq!(report["bottleneck"], "consumers", "{report}");
    assert_between(&report, "balanced_consumers", 5.0, 5.0);
}

#[test]
fn a_report_to_standard_output_comes_after_all_else() {
    for name in ["-", "/dev/stdout"] {
        let folder = Folder::new();
        folder.write("o", b"before\n");
        let append = File::options().write(true).open(folder.path("o")).expect("open");
        (&append).seek(SeekFrom::End(0)).expect("at the end");
        let status = Command::new(env!("CARGO_BIN_EXE_forebay"))
            .args(["run", "-q", "-k", "--report-json", name, "echo", ":::", "a", "b"])
            .current_dir(folder.root())
            .stdout(append)
            .status()
            .expect("forebay runs");
        assert!(status.success());
        let text = String::from_utf8(folder.read("o")).expect("UTF-8");
        assert!(text.starts_with("before\na\nb\n{\"produced\":2,"), "{text}");
        assert_eq!(folder.names(), ["o"]);
    }
}

#[test]
fn a_report_that_nobody_reads_is_output_that_nobody_reads() {
    let (reader, writer) = rustix::pipe::pipe().expect("a pipe");
    drop(reader);
    let status = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "-q", "--report-json", "-", "true", ":::", "a"])
        .stdout(writer)
        .status()
        .expect("forebay runs");
    assert_eq!(status.code(), Some(141));
}

#[test]
fn a_report_that_cannot_be_written_is_told() {
    run(&["--report-json", "/dev/full", "true"], b"a\n").exits(255).says(&["report", "No space"]);
    let ended = run(&["--report-json", "/no/such/folder/r", "echo"], b"a\n").exits(255);
    assert_eq!(ended.says(&["/no/such/folder/r"]).text(), "");
}

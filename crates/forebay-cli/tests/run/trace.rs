//! `--trace`: a timeline that viewers can read, in which every item is.

use std::collections::BTreeMap;

use rustix::process::Signal;
use serde_json::Value;

use crate::forebay::{Folder, input, number, run, start, start_in, until};

fn events(text: &[u8]) -> Vec<Value> {
    serde_json::from_slice(text)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(text)))
}

fn with<'a>(events: &'a [Value], key: &str, value: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event[key] == value).collect()
}

/// No slice of a track begins before the one before it has ended; all tracks have names.
#[track_caller]
fn assert_tracks(events: &[Value]) {
    let mut tracks: BTreeMap<(u64, u64), Vec<(f64, f64)>> = BTreeMap::new();
    for slice in with(events, "ph", "X") {
        let track = [&slice["pid"], &slice["tid"]].map(|id| id.as_u64().expect("a number"));
        let begin = number(slice, "ts");
        let slices = tracks.entry((track[0], track[1])).or_default();
        slices.push((begin, begin + number(slice, "dur")));
    }
    for (track, slices) in &mut tracks {
        slices.sort_by(|a, b| a.0.total_cmp(&b.0));
        for pair in slices.windows(2) {
            // Times are in µs with three decimals, sums of them inexact beyond that.
            assert!(pair[1].0 >= pair[0].1 - 1e-3, "{track:?}: {pair:?}");
        }
        let is_name = |event: &Value| {
            event["name"] == "thread_name" && event["pid"] == track.0 && event["tid"] == track.1
        };
        assert_eq!(events.iter().filter(|event| is_name(event)).count(), 1, "{track:?}");
    }
}

#[test]
fn every_item_is_on_the_timeline_and_no_two_at_once_on_a_track() {
    let folder = Folder::new();
    let (trace, report) = (folder.arg("trace"), folder.arg("report"));
    let flags = ["-j3", "--capacity", "2", "--retries", "2", "--backoff", "10ms"];
    let files = ["--trace", &trace, "--report-json", &report];
    let work = ["sh", "-c", "sleep 0.01; exit $(($0 % 5 == 0))"];
    run(&[&flags[..], &files, &work].concat(), &input(1..=40)).exits(8);
    let events = events(&folder.read("trace"));
    assert_tracks(&events);
    let items = with(&events, "cat", "item");
    let results =
        |result: &str| items.iter().filter(|item| item["args"]["result"] == result).count();
    assert_eq!(results("finished"), 32);
    assert_eq!(results("failed, to be tried again"), 8);
    assert_eq!(results("failed for good"), 8);
    assert_eq!(items.len(), 48);
    for item in &items {
        let seq = item["args"]["seq"].as_u64().expect("a number");
        assert_eq!(item["name"], format!("'{seq}'"));
        let again = item["args"]["result"] == "failed for good";
        assert_eq!(item["args"]["delivery"], if again { 2 } else { 1 }, "{item}");
        assert_eq!(item["args"]["reason"].is_string(), seq % 5 == 0, "{item}");
        assert_eq!(item["pid"], 2);
        assert!((1..=3).contains(&item["tid"].as_u64().expect("a number")));
        assert!(number(item, "dur") >= 10_000.0, "{item}");
    }
    assert_eq!(with(&events, "ph", "i").len(), 8);
    // The waits are those of the report.
    for (pid, key) in [(1, "producer_wait_seconds"), (2, "consumer_wait_seconds")] {
        let waits = with(&events, "cat", "wait").into_iter().filter(|wait| wait["pid"] == pid);
        let sum: f64 = waits.map(|wait| number(wait, "dur") / 1e6).sum();
        let expected = number(&folder.report("report"), key);
        // The report's are seen from within the buffer: none is longer than what is on the timeline.
        assert!(sum >= expected * 0.9 - 0.005, "{key}: {sum} {expected}");
    }
    let depths: Vec<f64> =
        with(&events, "ph", "C").iter().map(|event| number(&event["args"], "items")).collect();
    assert!(depths.contains(&2.0) && depths.last().is_some_and(|last| *last < 0.5), "{depths:?}");
}

#[test]
fn names_are_cut_and_escaped() {
    let folder = Folder::new();
    let trace = folder.arg("trace");
    let mut items = b"\"}]\\\x1b\xff\0".to_vec();
    items.resize(items.len() + (1 << 20), b'y');
    run(&["-0", "-j1", "--trace", &trace, "sh", "-c", "exit 0"], &items).exits(1);
    let events = events(&folder.read("trace"));
    let items = with(&events, "cat", "item");
    assert_eq!(items[0]["name"], "'\"}]\\\\\\x1b\\xff'");
    assert!(items[1]["name"].as_str().expect("a name").ends_with("(1048576 bytes)"));
    assert!(folder.read("trace").len() < 10_000);
}

#[test]
fn an_interrupted_run_leaves_a_whole_timeline() {
    let folder = Folder::new();
    let trace = folder.arg("trace");
    let work = ["-j2", "--trace", &trace, "sh", "-c", "echo >> begun; sleep 30"];
    let going = start_in(folder.root(), &work, &input(0..9));
    until("two at work", || folder.lines("begun").len() == 2);
    going.signal(Signal::INT);
    going.until_said("interrupted");
    going.signal(Signal::INT);
    going.wait().exits(130);
    let events = events(&folder.read("trace"));
    assert_tracks(&events);
    let items = with(&events, "cat", "item");
    assert_eq!(items.len(), 2);
    assert!(items.iter().all(|item| item["args"]["result"] == "given back"), "{items:?}");
}

#[test]
fn a_killed_run_leaves_whole_events() {
    let folder = Folder::new();
    let trace = folder.arg("trace");
    let going = start(&["-j2", "--trace", &trace, "sleep", "0.05"], &input(0..10_000));
    until("some items are on the timeline", || {
        String::from_utf8_lossy(&folder.read("trace")).contains("finished")
    });
    going.signal(Signal::KILL);
    going.wait().exits(137);
    let mut text = folder.read("trace");
    text.extend_from_slice(b"]");
    let events = events(&text);
    assert_tracks(&events);
    assert!(!with(&events, "cat", "item").is_empty());
}

#[test]
fn a_trace_is_not_mixed_with_output() {
    for name in ["-", "/dev/stdout"] {
        let ended = run(&["--trace", name, "echo", ":::", "a"], b"").exits(255);
        assert_eq!(ended.says(&["--trace", "give a file"]).text(), "");
    }
}

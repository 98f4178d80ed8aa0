//! `--json`: the events of a run, and that `docs/events.md` tells them as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::Signal;
use serde_json::Value;

use crate::forebay::{Ended, Folder, assert_sums, bytes, input, run, start, until};

const PAGE: &str = include_str!("../../../../docs/events.md");

/// The blocks of the page: what the command is given, and the lines below it.
fn examples() -> Vec<(Vec<String>, Vec<&'static str>)> {
    PAGE.split("```console\n")
        .skip(1)
        .map(|block| {
            let block = block.split("```").next().expect("it is closed");
            let (command, lines) = block.split_once('\n').expect("lines");
            let command = command.strip_prefix("$ forebay run ").expect("a command");
            (words(command), lines.lines().collect())
        })
        .collect()
}

/// Words between spaces; single quotes make one word of several.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in line.split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn events(ended: &Ended) -> Vec<Value> {
    let events = ended.text();
    events.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// The keys of a line in their order: no string of the examples holds what ends a key.
fn keys(line: &str) -> Vec<&str> {
    let parts = line.trim_start_matches('{').split(",\"");
    parts.filter_map(|part| Some(part.trim_start_matches('"').split_once("\":")?.0)).collect()
}

/// What is the same in every run: all but times, and what depends on them.
fn lasting(line: &str) -> Option<Value> {
    let mut event: Value = serde_json::from_str(line).expect(line);
    let keys = event.as_object_mut().expect("an object");
    if ["wait", "report"].contains(&keys["event"].as_str().expect("a name")) {
        return None;
    }
    keys.remove("at");
    keys.remove("depth");
    Some(event)
}

#[test]
fn the_page_shows_what_is_printed() {
    let examples = examples();
    assert_eq!(examples.len(), 2);
    for (command, shown) in examples {
        let text = run(&command, b"").text();
        let of = |lines: Vec<&str>| {
            let mut lasting: Vec<_> = lines
                .iter()
                .filter_map(|line| lasting(line))
                .map(|line| line.to_string())
                .collect();
            lasting.sort();
            // Of each event, the ways in which its keys stand.
            let mut ways = BTreeMap::<_, BTreeSet<_>>::new();
            for line in lines {
                let event = line.split('"').nth(3).expect("an event").to_owned();
                ways.entry(event).or_default().insert(keys(line).join(" "));
            }
            (lasting, ways)
        };
        assert_eq!(of(shown), of(text.lines().collect()), "{text}");
    }
}

/// The rows of a table of the page by their first cell: the key or event, in backquotes.
fn table(head: &str) -> BTreeMap<&'static str, &'static str> {
    let rows = PAGE
        .split_once(head)
        .expect(head)
        .1
        .lines()
        .skip(1)
        .skip_while(|line| line.starts_with("|--"));
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let (first, rest) = line[2..].split_once(" | ").expect("cells");
            (first.trim_matches('`'), rest)
        })
        .collect()
}

#[test]
fn the_page_tells_every_event_and_key() {
    let mut told: BTreeMap<_, BTreeSet<_>> = table("| event | what happened | its keys |")
        .into_iter()
        .map(|(event, rest)| {
            let own = rest.rsplit(" | ").next().expect("keys");
            (event, own.split('`').skip(1).step_by(2).collect())
        })
        .collect();
    told.remove("report").expect("it is told");
    let meanings = table("| key | meaning |\n|---|---|\n| `seq`");
    let mut explained: BTreeSet<&str> = meanings.into_keys().collect();
    explained.insert("seq");
    let mut seen = BTreeMap::<_, BTreeSet<String>>::new();
    let producer_waits =
        ["--json", "-j1", "--capacity", "1", "sleep", "0.01", ":::", "1", "2", "3"];
    let failing =
        ["--json", "--retries", "2", "--backoff", "1ms", "sh", "-c", "printf 'a\\377'; exit 1"];
    let drops = |policy| {
        let more = ["sleep", "0.05", ":::", "1", "2", "3", "4"];
        run(&[&["--json", "-j1", "--capacity", "1", "--on-full", policy], &more[..]].concat(), b"")
    };
    for ended in [
        run(&failing, b"a\n"),
        run(&producer_waits, b""),
        run(&["--json", "echo"], b"a\n"),
        drops("refuse"),
        drops("drop-oldest"),
        run(&["--json", "--elastic", "1..2", "echo"], b"a\n"),
    ] {
        for event in events(&ended) {
            let name = event["event"].as_str().expect("a name").to_owned();
            let keys = event.as_object().expect("an object").keys().cloned();
            seen.entry(name).or_default().extend(keys);
        }
    }
    seen.remove("report").expect("it is there");
    for (event, keys) in &mut seen {
        for common in ["event", "at", "depth"] {
            assert!(keys.remove(common), "{common} of {event}");
        }
        let keys: BTreeSet<_> = keys.iter().map(String::as_str).collect();
        assert!(keys.is_subset(&explained), "{event}: {keys:?}");
        assert_eq!(told.remove(event.as_str()), Some(keys), "{event}");
    }
    assert!(told.is_empty(), "{told:?} never came");
}

#[test]
fn the_report_is_last_and_as_report_json_has_it() {
    let folder = Folder::new();
    let report = folder.arg("report");
    let script = "exit $0";
    let ended = run(
        &["--json", "-j3", "--report-json", &report, "sh", "-c", script],
        &input([0, 1, 0, 2, 0]),
    );
    let mut events = events(&ended);
    ended.exits(2).says(&["3 finished, 2 failed"]);
    let mut last = events.pop().expect("events");
    let keys = last.as_object_mut().expect("an object");
    assert_eq!(keys.remove("event").expect("its name"), "report");
    assert_eq!(keys.remove("depth").expect("the depth"), 0);
    keys.remove("at").expect("the time");
    assert_eq!(last, folder.report("report"));
    assert_sums(&last);
    assert!(events.iter().all(|event| event["event"] != "report"));
}

#[test]
fn events_add_up() {
    let script = "echo $0; [ $(($0 % 10)) != 0 ]";
    let arguments = [
        "--json",
        "-q",
        "-j4",
        "--capacity",
        "3",
        "--retries",
        "2",
        "--backoff",
        "1ms",
        "sh",
        "-c",
        script,
    ];
    let events = events(&run(&arguments, &input(1..=60)).exits(6));
    let (mut depth, mut last) = (0, 0.0);
    // Of each item, what happened, by its number.
    let mut items: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for event in &events {
        let name = event["event"].as_str().expect("a name");
        depth += match name {
            "put" | "nack" => 1,
            "lease" => -1,
            _ => 0,
        };
        assert_eq!(event["depth"], depth, "{event}");
        let at = event["at"].as_f64().expect("a time");
        assert!(name == "report" || at >= last, "{event}");
        last = at;
        if let Some(seq) = event["seq"].as_u64() {
            items.entry(seq).or_default().push(name);
        }
    }
    assert_eq!(items.keys().copied().collect::<Vec<_>>(), (1..=60).collect::<Vec<_>>());
    for (seq, happened) in items {
        let expected = if seq % 10 == 0 {
            "put lease failed nack lease output dead"
        } else {
            "put lease output ack"
        };
        assert_eq!(happened.join(" "), expected, "{seq}");
    }
}

/// What an item wrote to a stream, put together.
fn written(events: &[Value], seq: u64, stream: &str) -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    let mut pieces = 0;
    for event in events {
        if event["event"] == "output" && event["seq"] == seq && event["stream"] == stream {
            pieces += 1;
            match (event["text"].as_str(), event["bytes"].as_str()) {
                (Some(text), None) => bytes.extend_from_slice(text.as_bytes()),
                (None, Some(text)) => bytes.extend(STANDARD.decode(text).expect("base64")),
                _ => panic!("{event}"),
            }
        }
    }
    (bytes, pieces)
}

#[test]
fn output_is_whole_whatever_it_holds() {
    let folder = Folder::new();
    let every: Vec<u8> = (0..=255).cycle().take(1_500_000).collect();
    let text = "é漢🦀\n\"\\\u{1}x".repeat(100_000);
    let files = [folder.write("bytes", &every), folder.write("text", text.as_bytes())];
    for flags in [&["--json", "-q", "-j2"][..], &["--json", "-q", "-j2", "--line-buffer"]] {
        let ended = run(
            &[flags, &["sh", "-c", "cat $0; cat $0 >&2", ":::", &files[0], &files[1]]].concat(),
            b"",
        );
        assert!(ended.errors().is_empty());
        let events = events(&ended.exits(0));
        for (seq, expected) in [(1, &every[..]), (2, text.as_bytes())] {
            for stream in ["stdout", "stderr"] {
                let (bytes, pieces) = written(&events, seq, stream);
                assert!(bytes == expected, "{seq} {stream}: {} bytes", bytes.len());
                assert!(pieces >= expected.len() / (64 << 10), "{pieces}");
            }
        }
        // What is text is told as text, wherever it was cut.
        let is_bytes = |event: &&Value| event["seq"] == 2 && event["bytes"].is_string();
        assert!(!events.iter().any(|event| is_bytes(&event)));
    }
}

#[test]
fn an_item_that_is_not_text_is_told_in_base64() {
    let ended = run(&["--json", "-n2", "true"], b"a\xff\nb\"\n").exits(0);
    let put = &events(&ended)[0];
    assert_eq!(put["item"].to_string(), r#"[{"bytes":"Yf8="},"b\""]"#);
    let ended = run(&[bytes(b"--json"), "--dry-run".into(), "echo".into()], b"a\xff\n").exits(0);
    let would_run = &events(&ended)[0];
    assert_eq!(would_run["argv"].to_string(), r#"["echo",{"bytes":"Yf8="}]"#);
    assert_eq!(would_run["command"].to_string(), r#"{"bytes":"ZWNobyAnYf8n"}"#);
}

#[test]
fn events_are_told_at_once() {
    let folder = Folder::new();
    let script =
        format!("echo line; printf rest; until [ -e {} ]; do sleep 0.01; done", folder.arg("go"));
    let going = start(&["--json", "--line-buffer", "sh", "-c", &script], b"a\n");
    going.until_printed("\"text\":\"line\\n\"");
    folder.write("go", b"");
    let events = events(&going.wait().exits(0));
    // As it was written: no newline is added.
    assert_eq!(written(&events, 1, "stdout").0, b"line\nrest");
}

#[test]
fn lines_of_every_try_are_told() {
    let arguments = [
        "--json",
        "-q",
        "--line-buffer",
        "--retries",
        "2",
        "--backoff",
        "1ms",
        "--shell",
        "echo {}; false",
    ];
    let ended = run(&arguments, b"a\n").exits(1);
    assert_eq!(written(&events(&ended), 1, "stdout"), (b"a\na\n".to_vec(), 2));
}

#[test]
fn a_dry_run_has_a_line_for_each_command_in_order() {
    let folder = Folder::new();
    let arguments = ["--json", "--dry-run", "-j4", "--joblog", &folder.arg("log"), "touch"];
    let ended = run(&arguments, &input(1..=50)).exits(0);
    let events = events(&ended);
    let seqs: Vec<_> = events.iter().map(|event| event["seq"].as_u64()).collect();
    assert_eq!(seqs, (1..=50).map(Some).collect::<Vec<_>>());
    assert!(events.iter().all(|event| event["event"] == "would_run"));
    assert!(ended.errors().is_empty() && folder.names().is_empty());
}

#[test]
fn nothing_else_may_be_on_standard_output() {
    for flags in [&["--tag"][..], &["--tagstring", "x"], &["-k"]] {
        run(&[&["--json"], flags, &["echo"]].concat(), b"a\n")
            .exits(255)
            .says(&["--json", "cannot be used with"]);
    }
    for flag in ["--report-json", "--joblog"] {
        for name in ["-", "/dev/stdout"] {
            let ended = run(&["--json", flag, name, "echo"], b"a\n").exits(255);
            assert_eq!(ended.says(&[flag, "standard output", "--json"]).text(), "");
        }
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_run() {
    let (reader, writer) = rustix::pipe::pipe().expect("a pipe");
    drop(reader);
    let ended = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "--json", "-q", "sleep", ":::", "300"])
        .stdout(writer)
        .output()
        .expect("forebay runs");
    assert_eq!(ended.status.code(), Some(141));
    assert!(ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn an_item_whose_output_cannot_be_told_is_not_done() {
    let folder = Folder::new();
    let report = folder.arg("report");
    // Room for the first events, and not for this much output.
    let script = "trap '' XFSZ; ulimit -f 20; exec \"$@\" > out";
    let child = Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_forebay"), "run", "--json", "-q", "-j1"])
        .args([
            "--report-json",
            &report,
            "--shell",
            "head -c {} /dev/zero",
            ":::",
            "10",
            "500000",
            "20",
        ])
        .current_dir(folder.root())
        .stdin(Stdio::null())
        .output()
        .expect("forebay runs");
    let errors = String::from_utf8_lossy(&child.stderr);
    assert_eq!(child.status.code(), Some(255), "{errors}");
    let told: Vec<_> = errors.lines().collect();
    assert!(
        matches!(told[..], [line] if line.contains("cannot write to standard output: File too large")),
        "{errors}"
    );
    let report = folder.report("report");
    assert_eq!(
        (&report["finished"], &report["failed"]),
        (&Value::from(1), &Value::from(0)),
        "{report}"
    );
    assert_sums(&report);
}

#[test]
fn what_is_in_backoff_when_the_run_stops_is_told_before_the_report() {
    let folder = Folder::new();
    let script = format!("echo {{}} >> {}; false", folder.arg("tries"));
    let arguments = ["--json", "-q", "--retries", "2", "--backoff", "1h", "--shell", &script];
    let going = start(&arguments, b"a\nb\n");
    going.until_printed("\"pause\":3600.0");
    until("both tried", || folder.lines("tries").len() == 2);
    going.signal(Signal::INT);
    let events = events(&going.wait().exits(130));
    let names: Vec<_> =
        events.iter().map(|event| event["event"].as_str().expect("a name")).collect();
    assert_eq!(names.iter().filter(|name| **name == "nack").count(), 2, "{names:?}");
    let last = events.last().expect("events");
    assert_eq!(
        (&last["event"], &last["remaining"], &last["depth"]),
        (&"report".into(), &2.into(), &2.into())
    );
}

#[test]
fn a_reader_that_does_not_read_holds_nobody_up() {
    let folder = Folder::new();
    let script = format!("head -c 300000 /dev/zero; touch {}/{{}}", folder.root().display());
    let mut child = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "--json", "-j2", "--retries", "2", "--backoff", "1h", "--shell"])
        .args([&format!("[ {{}} != a ] && {script}"), ":::", "a", "b", "c", "d"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let unread = child.stdout.take();
    // One is in backoff, and the events of another fill the pipe.
    until("one is done", || !folder.names().is_empty());
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

//! `--worker`: an item a line in, an answer a line out.

use rustix::process::Signal;
use serde_json::Value;

use crate::failure::is_running;
use crate::forebay::{Ended, Folder, assert_sums, bytes, input, number, run, start, until};

/// What a shell does with each item.
fn each(work: &str) -> String {
    format!("while IFS= read -r x; do {work}; done")
}

/// The most items that this consumer, from 1, had at a time.
fn most_in_flight(ended: &Ended, consumer: u64) -> i64 {
    let text = ended.text();
    let events = text.lines().filter(|line| line.starts_with('{'));
    let (mut now, mut most) = (0, 0);
    for event in events.map(|line| serde_json::from_str::<Value>(line).expect("JSON")) {
        if event["consumer"].as_u64() == Some(consumer) {
            now += match event["event"].as_str().expect("a name") {
                "lease" => 1,
                "ack" | "dead" => -1,
                _ => 0,
            };
            most = most.max(now);
        }
    }
    most
}

#[test]
fn answers_are_the_output() {
    let folder = Folder::new();
    let report = folder.arg("report");
    let items = b"a\n\n  b c \t\n\\n \xff\nlast";
    let ended = run(&["--worker", "-j1", "--report-json", &report, "cat"], items).exits(0);
    assert_eq!(ended.stdout, b"a\n\n  b c \t\n\\n \xff\nlast\n");
    let report = folder.report("report");
    assert_sums(&report);
    assert!((number(&report, "finished") - 5.0).abs() < 0.5, "{report}");
}

#[test]
fn many_items_all_come_back_in_order() {
    let items = input(1..=30_000);
    let ended = run(&["--worker", "-j3", "-k", "cat"], &items).exits(0);
    assert!(ended.stdout == items);
}

#[test]
fn many_items_without_order_all_come_back() {
    let ended = run(&["--worker", "-j3", "cat"], &input(10_000..40_000)).exits(0);
    assert!(
        ended.lines().iter().eq(&(10_000..40_000).map(|n: u32| n.to_string()).collect::<Vec<_>>())
    );
}

#[test]
fn answers_bear_the_tags_of_their_items() {
    let work = each("echo \"<$x>\"");
    let ended = run(&["--worker", "-j2", "-k", "--tag", "sh", "-c", &work], b"a\nb\nc\n").exits(0);
    assert_eq!(ended.text(), "a\t<a>\nb\t<b>\nc\t<c>\n");
}

#[test]
fn one_process_serves_many_items() {
    let ended = run(&["--worker", "-j2", "sh", "-c", &each("echo $$")], &input(1..=200)).exits(0);
    let mut processes = ended.lines();
    assert_eq!(processes.len(), 200);
    processes.dedup();
    assert!(processes.len() <= 2, "{processes:?}");
}

#[test]
fn a_fast_worker_is_asked_ahead() {
    let ended = run(&["--worker", "-j1", "--json", "cat"], &input(1..=20_000)).exits(0);
    assert!(most_in_flight(&ended, 1) > 8);
}

#[test]
fn a_slow_worker_holds_nothing_that_others_could_do() {
    let work = each("sleep 0.03; echo $x");
    let ended = run(&["--worker", "-j2", "--json", "sh", "-c", &work], &input(1..=30)).exits(0);
    assert_eq!((most_in_flight(&ended, 1), most_in_flight(&ended, 2)), (1, 1));
}

#[test]
fn an_item_that_cannot_be_one_line_is_refused() {
    let ended = run(&["--worker", "-0", "-j1", "cat"], b"a\0b\nc\0d\0").exits(1);
    let ended = ended.says(&["item 'b\\nc'", "newline", "--worker-0"]).says(&["failed: 'b\\nc'"]);
    assert_eq!(ended.text(), "a\nd\n");
    let ended = run(&["--worker-0", "-j1", "cat"], b"a\nb\0c\nd\n").exits(1);
    let ended = ended.says(&["item 'b\\x00c'", "zero byte", "--worker,"]);
    assert_eq!(ended.stdout, b"a\0d\0");
}

#[test]
fn items_and_answers_that_hold_newlines() {
    let ended = run(&["--worker-0", "-0", "-j1", "cat"], b"a\nb\0\0c").exits(0);
    assert_eq!(ended.stdout, b"a\nb\0\0c\0");
}

#[test]
fn items_and_answers_longer_than_a_pipe() {
    let mut items = Vec::new();
    for length in [1_000_000, 3, 200_000, 200_000, 200_000, 70_000, 0, 3_000_000] {
        items.resize(items.len() + length, b'x');
        items.push(b'\n');
    }
    let ended = run(&["--worker", "-j2", "-k", "cat"], &items).exits(0);
    assert!(ended.stdout == items);
    // It answers far more than it is asked.
    let work = each("head -c 300000 /dev/zero | tr '\\0' y; echo");
    let ended = run(&["--worker", "-j2", "sh", "-c", &work], &input(1..=10)).exits(0);
    let answers: Vec<_> = ended.stdout.split(|byte| *byte == b'\n').collect();
    assert_eq!(answers.len(), 11);
    assert!(answers[..10].iter().all(|answer| answer.len() == 300_000));
}

#[test]
fn where_there_are_no_items_no_worker_is_started() {
    let folder = Folder::new();
    run(&["--worker", "touch", &folder.arg("started")], b"").exits(0);
    assert!(folder.names().is_empty());
}

#[test]
fn standard_error_is_the_workers_own() {
    let work = each("echo \"to the reader: $x\" >&2; echo $x");
    let ended = run(&["--worker", "-j1", "sh", "-c", &work], b"a\n").exits(0);
    assert!(ended.errors().contains("to the reader: a\n"));
    assert_eq!(ended.text(), "a\n");
}

#[test]
fn what_has_no_place_in_a_workers_command() {
    for placeholder in ["{}", "x{.}", "{#}"] {
        let ended = run(&["--worker", "echo", placeholder], b"a\n").exits(255);
        ended.says(&["--worker", "placeholder", "standard input", "{%}"]);
    }
    run(&["--worker-0", "-n2", "cat"], b"a\n").exits(255).says(&["--worker-0 with -n"]);
    for grouped in [&["-X"][..], &["-m"], &["-s", "100"], &["-L2"]] {
        let ended = run(&[&["--worker"], grouped, &["cat"]].concat(), b"a\nb\n").exits(255);
        assert_eq!(ended.says(&["--worker with", "no groups"]).text(), "");
    }
    run(&["--worker", "-u", "cat"], b"a\n").exits(255).says(&["--worker with -u"]);
    run(&["--worker", "--pipe", "cat"], b"a\n").exits(255).says(&["--pipe", "no blocks"]);
    run(&["--worker", "-C,", "cat"], b"a,b\n").exits(255).says(&["--colsep"]);
    let two = ["--worker", "cat", ":::", "a", ":::", "b"];
    run(&two, b"").exits(255).says(&["--worker", "several sources"]);
    run(&["--worker", "-I", "X", "cat"], b"a\n").exits(255).says(&["--worker with -I"]);
    let script = each("echo {%}");
    assert_eq!(run(&["--worker", "-j1", "--shell", &script], b"a\n").exits(0).text(), "1\n");
}

#[test]
fn a_dry_run_shows_each_workers_command() {
    let ended = run(&["--worker", "-j2", "--dry-run", "echo", "a b", "{%}"], b"a\n").exits(0);
    assert_eq!(ended.text(), "echo 'a b' 1\necho 'a b' 2\n");
    let ended = run(&["--worker", "-j1", "-t", "cat"], b"a\nb\n").exits(0);
    assert_eq!(ended.errors().lines().filter(|line| *line == "cat").count(), 1);
}

#[test]
fn the_joblog_has_a_line_for_each_answer_and_is_resumed_by() {
    let folder = Folder::new();
    let log = folder.arg("log");
    let arguments = ["--worker", "-j1", "--joblog", &log, "sh", "-c"];
    let work = each("[ $x = c ] && exit 3; echo $x");
    run(&[&arguments[..], &[&work]].concat(), b"a\nb\nc\nd\n").exits(1);
    let lines = folder.lines("log");
    assert!(lines[0].ends_with(&format!("# forebay run --worker -- sh -c '{work}'")), "{lines:?}");
    let mut rows: Vec<Vec<_>> = lines[1..].iter().map(|line| line.split('\t').collect()).collect();
    rows.sort_by_key(|row| row[0]);
    let seen: Vec<_> = rows.iter().map(|row| (row[0], row[5], row[6], row[9])).collect();
    let expected =
        [("1", "2", "0", "a"), ("2", "2", "0", "b"), ("3", "0", "3", "c"), ("4", "2", "0", "d")];
    assert_eq!(seen, expected);
    // c only is left, and fails again.
    let resumed = [&["--resume"], &arguments[..], &[&work]].concat();
    let ended = run(&resumed, b"a\nb\nc\nd\n").exits(1).says(&["0 finished, 1 failed"]);
    assert!(ended.text().is_empty());
    // Of another kind of command it is not.
    run(&["--resume", "--joblog", &log, "sh", "-c", &work], b"a\n").exits(255).says(&["another"]);
}

#[test]
fn a_joblog_that_takes_no_more_stops_the_run() {
    let arguments = ["--worker", "-j2", "--joblog", "/dev/full", "cat"];
    run(&arguments, &input(1..=100)).exits(255).says(&["/dev/full", "No space left"]);
}

#[test]
fn the_run_halts_by_what_workers_answer() {
    let folder = Folder::new();
    let report = folder.arg("report");
    let arguments = ["--worker", "-j1", "--halt", "soon,success=3", "--report-json", &report];
    let work = each("sleep 0.02; echo $x");
    let ended = run(&[&arguments[..], &["sh", "-c", &work]].concat(), &input(1..=50)).exits(0);
    ended.says(&["halted: 3 finished"]);
    assert_sums(&folder.report("report"));
    let work = each("[ $x = 4 ] && exit 3; echo $x");
    let arguments = ["--worker", "-j1", "--halt", "now,fail=1", "sh", "-c", &work];
    let ended = run(&arguments, &input(1..=5000)).exits(1).says(&["halted", "1 failed"]);
    assert_eq!(ended.text(), "1\n2\n3\n");
}

#[test]
fn a_reader_that_has_seen_enough_stops_the_run() {
    let script = "\"$0\" run -q --worker -j2 cat | head -c 5 > /dev/null";
    let forebay = env!("CARGO_BIN_EXE_forebay");
    let arguments =
        ["-c", &format!("yes | {script}; yes | \"$0\" run -q --worker cat > /dev/full; echo $?")];
    let ended =
        std::process::Command::new("sh").args(arguments).arg(forebay).output().expect("ends");
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "255\n");
}

#[test]
fn the_first_interrupt_finishes_what_is_in_flight_and_the_second_stops_it() {
    for (times, code, finished) in [(1, 130, "2 finished"), (2, 130, "0 finished")] {
        let folder = Folder::new();
        let (begun, report) = (folder.arg("begun"), folder.arg("report"));
        let go = folder.arg("go");
        let wait = format!("until [ -e {go} ]; do sleep 0.01; done");
        let work = each(&format!("echo $$ >> {begun}; {wait}; echo $x"));
        let arguments = ["--worker", "-j2", "--report-json", &report, "sh", "-c", &work];
        let going = start(&arguments, &input(1..=6));
        until("two at work", || folder.lines("begun").len() == 2);
        going.signal(Signal::INT);
        going.until_said("interrupted");
        if times == 2 {
            going.signal(Signal::INT);
        } else {
            folder.write("go", b"");
        }
        going.wait().exits(code).says(&[finished]);
        assert_sums(&folder.report("report"));
        for process in folder.lines("begun") {
            until("gone", || !is_running(&process));
        }
    }
}

#[test]
fn no_worker_outlives_a_killed_forebay() {
    let folder = Folder::new();
    let numbers = folder.arg("numbers");
    // Deaf to the end of its input.
    let work = each(&format!("sleep 300 & echo $$ $! >> {numbers}; wait; echo $x"));
    let going = start(&["--worker", "-j2", "sh", "-c", &work], &input(1..=2));
    until("both at work", || folder.lines("numbers").len() == 2);
    going.signal(Signal::KILL);
    going.wait().exits(137);
    for process in folder.lines("numbers").iter().flat_map(|line| line.split(' ')) {
        until("gone", || !is_running(process));
    }
}

#[test]
fn whatever_workers_do_each_item_ends_once() {
    // Each of a thousand items, some of them alike, meets workers that die by chance: before reading, before
    // answering, in the middle of an answer, after it.
    let work = "s=$$; while IFS= read -r x; do \
        s=$(( (s * 1103515245 + 12345) % 2147483648 )); \
        case $(( s / 65536 % 40 )) in \
            0) exit 3;; 1) kill -9 $$;; 2) printf \"<$x\"; exit 0;; \
            3) echo \"<$x>\"; exit 4;; 4) echo \"<$x>\"; exec sleep 0.02;; *) echo \"<$x>\";; \
        esac; done";
    let folder = Folder::new();
    let report = folder.arg("report");
    let arguments = ["--worker", "-j3", "--retries", "2", "--backoff", "1ms", "--json"];
    let arguments = [&arguments[..], &["--report-json", &report, "sh", "-c", work]].concat();
    let ended = run(&arguments, &input((1..=1000).map(|n| n % 700)));
    let text = ended.text();
    let mut ends = vec![0; 1001];
    let mut answers = vec![0_i32; 700];
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).expect(line);
        let seq = event["seq"].as_u64().unwrap_or(0) as usize;
        match event["event"].as_str() {
            Some("ack") => {
                ends[seq] += 1;
                answers[seq % 700] -= 1;
            }
            Some("dead") => ends[seq] += 1,
            Some("output") => {
                let answer = event["text"].as_str().expect("text").trim_end();
                let item = answer.strip_prefix('<').and_then(|line| line.strip_suffix('>'));
                let item: usize = item.and_then(|item| item.parse().ok()).expect(line);
                answers[item] += 1;
            }
            _ => {}
        }
    }
    assert!(ends[1..].iter().all(|times| *times == 1), "{ends:?}: {}", ended.errors());
    assert!(answers.iter().all(|balance| *balance == 0), "{answers:?}");
    let report = folder.report("report");
    assert_sums(&report);
    assert!((number(&report, "remaining")).abs() < 0.5, "{report}");
    assert!((f64::from(ended.code()) - number(&report, "failed").min(101.0)).abs() < 0.5);
}

#[test]
fn items_are_bytes() {
    let arguments =
        [bytes(b"--worker"), bytes(b"-j1"), bytes(b"cat"), bytes(b":::"), bytes(b"\xfe\xff")];
    assert_eq!(run(&arguments, b"").exits(0).stdout, b"\xfe\xff\n");
}

#[test]
fn a_worker_that_there_is_no_room_for_leaves_its_items_to_others() {
    // Handles for two or three workers, not for eight.
    let forebay = env!("CARGO_BIN_EXE_forebay");
    let line = format!(
        "ulimit -n 30; exec {forebay} run -q -j8 --worker sh -c '{}'",
        each("sleep 0.01; echo $x")
    );
    let mut child = std::process::Command::new("sh")
        .args(["-c", &line])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("starts");
    let mut stdin = child.stdin.take().expect("piped");
    std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &input(1..=2000)));
    let output = child.wait_with_output().expect("ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 2000, "{said}");
}

#[test]
fn each_answer_has_results_of_its_own() {
    let folder = Folder::new();
    let results = folder.arg("results");
    run(&["--worker", "-j2", "--results", &results, "cat"], &input(1..=300)).exits(0);
    let folders = std::fs::read_dir(&results).expect("a folder").flatten();
    let mut answers: Vec<u32> = folders
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("stdout")).ok())
        .map(|answer| answer.trim_end().parse().expect("a number"))
        .collect();
    answers.sort_unstable();
    assert!(answers.into_iter().eq(1..=300));
}

//! `--results`: each item's output in files of its own.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::forebay::{Ended, Folder, bytes, input, run};

fn names(folder: &Folder) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder.path("r"))
        .expect("results")
        .map(|entry| entry.expect("entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

#[track_caller]
fn assert_holds(folder: &Folder, name: &str, stdout: &str, stderr: &str) -> Value {
    let read = |file: &str| fs::read(folder.path("r").join(name).join(file)).expect("a file");
    assert_eq!(String::from_utf8_lossy(&read("stdout")), stdout, "{name}");
    assert_eq!(String::from_utf8_lossy(&read("stderr")), stderr, "{name}");
    serde_json::from_slice(&read("result.json")).expect("JSON")
}

#[test]
fn each_item_has_a_folder() {
    let folder = Folder::new();
    let script = "echo out $0; echo err $0 >&2; [ $0 != b ]";
    let ended = run(&["-k", "--results", &folder.arg("r"), "sh", "-c", script], b"a\nb\n").exits(1);
    assert_eq!(ended.text(), "out a\nout b\n", "it is printed, too");
    assert_eq!(names(&folder), ["0000001-a", "0000002-b"]);
    for (seq, item) in [(1, "a"), (2, "b")] {
        let name = format!("000000{seq}-{item}");
        let mut result =
            assert_holds(&folder, &name, &format!("out {item}\n"), &format!("err {item}\n"));
        for measured in ["started", "seconds"] {
            assert!(result[measured].take().as_f64().expect("a time") > 0.0);
        }
        let expected = json!({
            "seq": seq, "item": [item], "finished": item == "a", "exit_value": seq - 1,
            "signal": 0, "started": null, "seconds": null,
            "command": format!("sh -c 'echo out $0; echo err $0 >&2; [ $0 != b ]' {item}"),
        });
        assert_eq!(result, expected);
    }
}

#[test]
fn any_item_has_a_name() {
    let folder = Folder::new();
    let long = "long".repeat(1_000);
    let items: [&[u8]; 8] =
        [b"../x/y", b"a\nb", b".", b"", b"\xff", b"twice", b"twice", long.as_bytes()];
    let mut input = items.join(&0);
    input.push(0);
    run(&["-0", "--results", &folder.arg("r"), "echo"], &input).exits(0);
    let all = names(&folder);
    assert_eq!(
        all[..7],
        [
            "0000001-..%2Fx%2Fy",
            "0000002-a%0Ab",
            "0000003-.",
            "0000004-",
            "0000005-%FF",
            "0000006-twice",
            "0000007-twice"
        ]
    );
    assert!(all[7].starts_with("0000008-longlong") && all[7].len() < 255, "{}", all[7]);
    let result = assert_holds(&folder, &all[4], "\u{fffd}\n", "");
    assert_eq!(result["item"], json!([{"bytes": "/w=="}]));
    assert_holds(&folder, &all[7], &format!("{long}\n"), "");
    assert_eq!(folder.names(), ["r"], "nothing is written elsewhere");
}

#[test]
fn several_items_have_one_folder() {
    let folder = Folder::new();
    run(&["-n2", "--results", &folder.arg("r"), "echo"], b"a\nb,c\nd\n").exits(0);
    assert_eq!(names(&folder), ["0000001-a,b%2Cc", "0000002-d"]);
    assert_holds(&folder, "0000001-a,b%2Cc", "a b,c\n", "");
}

#[test]
fn a_large_output_is_whole_and_the_last_try_counts() {
    let folder = Folder::new();
    let script = format!(
        "echo $0 >> {0}/tries; head -c 3000000 /dev/zero | tr '\\0' $0; [ $(wc -l < {0}/tries) = 2 ]",
        folder.root().display()
    );
    for flags in [&["-q"][..], &["-q", "--line-buffer"], &["-q", "--json"]] {
        let _ = fs::remove_file(folder.path("tries"));
        let results = folder.arg("r");
        let arguments =
            ["--retries", "2", "--backoff", "1ms", "--results", &results, "sh", "-c", &script];
        run(&[flags, &arguments].concat(), b"x\n").exits(0);
        assert_holds(&folder, "0000001-x", &"x".repeat(3_000_000), "");
        fs::remove_dir_all(folder.path("r")).expect("removed");
    }
}

#[test]
fn nothing_is_written_when_nothing_is_run() {
    let folder = Folder::new();
    let results = folder.arg("r");
    run(&["--dry-run", "--results", &results, "echo"], b"a\n").exits(0);
    run(&["--results", &results, "-I", "", "echo"], b"a\n").exits(255);
    assert!(folder.names().is_empty());
    run(&["--results", &results, "echo"], b"").exits(0);
    assert!(names(&folder).is_empty());
    // Folders above it are made, and one that is empty will do.
    run(&["--results", &folder.arg("r/s/t"), "echo"], b"a\n").exits(0);
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let folder = Folder::new();
    fs::create_dir(folder.path("r")).expect("made");
    folder.write("r/mine", b"mine");
    let ended = run(&["--results", &folder.arg("r"), "echo"], b"a\n").exits(255);
    assert_eq!(ended.says(&["--results", "something in it", "--resume"]).text(), "");
    assert_eq!(names(&folder), ["mine"]);
}

#[test]
fn a_folder_that_cannot_be_is_told() {
    let folder = Folder::new();
    let file = folder.write("file", b"");
    for (path, words) in [
        (format!("{file}/r"), "a file is in the way"),
        (file, "a file is in the way"),
        ("/proc/r".to_owned(), "cannot make"),
    ] {
        let ended = run(&["--results", &path, "echo"], b"a\n").exits(255);
        assert_eq!(ended.says(&["--results", &path, words]).text(), "");
    }
}

#[test]
fn no_two_runs_write_to_one_folder() {
    let folder = Folder::new();
    fs::create_dir(folder.path("r")).expect("made");
    let lock = fs::File::open(folder.path("r")).expect("open");
    lock.lock().expect("locked");
    let ended = run(&["--results", &folder.arg("r"), "echo"], b"a\n").exits(255);
    assert_eq!(ended.says(&["another forebay"]).text(), "");
}

fn resumed(folder: &Folder, script: &str, items: &[&str]) -> Ended {
    let (results, log) = (folder.arg("r"), folder.arg("log"));
    run(
        &["-j1", "--joblog", &log, "--resume", "--results", &results, "--shell", script],
        &input(items),
    )
}

#[test]
fn a_resumed_run_adds_and_replaces_only_what_failed() {
    let folder = Folder::new();
    let flag = folder.arg("flag");
    let script = format!("[ -e {flag} ] && echo again {{}} || {{ echo {{}}; [ {{}} != b ]; }}");
    resumed(&folder, &script, &["a", "b"]).exits(1);
    folder.write("flag", b"");
    folder.write("r/0000004-d", b"in the way");
    // What a killed run left behind.
    fs::create_dir_all(folder.path("r/.unfinished/3")).expect("made");
    resumed(&folder, &script, &["a", "b", "c", "d"]).exits(0);
    assert_eq!(names(&folder), ["0000001-a", "0000002-b", "0000003-c", "0000004-d", "0000004-d.2"]);
    assert_holds(&folder, "0000001-a", "a\n", "");
    let result = assert_holds(&folder, "0000002-b", "again b\n", "");
    assert_eq!(result["finished"], true);
    assert_holds(&folder, "0000004-d.2", "again d\n", "");
}

#[test]
fn what_finished_is_never_replaced() {
    // The first x fails, the second finishes; the next run leaves one out and runs the other, which
    // has the number of the one that finished.
    let folder = Folder::new();
    let script = format!(
        "echo {{#}} {{}} >> {0}; echo try $(wc -l < {0}); [ $(wc -l < {0}) != 1 ]",
        folder.arg("tries")
    );
    resumed(&folder, &script, &["x", "x"]).exits(1);
    resumed(&folder, &script, &["x", "x"]).exits(0);
    assert_eq!(folder.lines("tries"), ["1 x", "2 x", "2 x"]);
    assert_eq!(names(&folder), ["0000001-x", "0000002-x", "0000002-x.2"]);
    assert_holds(&folder, "0000002-x", "try 2\n", "");
    assert_holds(&folder, "0000002-x.2", "try 3\n", "");
}

#[test]
fn an_item_whose_results_have_no_room_is_not_done() {
    let folder = Folder::new();
    let (results, log, report) = (folder.arg("r"), folder.arg("log"), folder.arg("report"));
    // Files of at most 100 KiB; being told instead of killed is what a full disk does.
    let script = "trap '' XFSZ; ulimit -f 200; exec \"$@\"";
    let command = "head -c {} /dev/zero";
    let child = Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_forebay"), "run", "-j1"])
        .args(["--joblog", &log, "--results", &results, "--report-json", &report])
        .args(["--shell", command, ":::", "10", "500000", "20"])
        .stdin(Stdio::null())
        .output()
        .expect("forebay runs");
    let errors = String::from_utf8_lossy(&child.stderr);
    assert_eq!(child.status.code(), Some(255), "{errors}");
    let told: Vec<_> = errors.lines().filter(|line| line.contains("cannot write")).collect();
    assert!(
        matches!(told[..], [line] if line.contains(&results)
            && line.contains("File too large")
            && line.contains("item '500000' is not counted as done")
            && line.contains("--resume")),
        "{errors}"
    );
    assert_eq!(child.stdout.len(), 10, "what is not done is not printed");
    assert_eq!(names(&folder), ["0000001-10"]);
    let report = folder.report("report");
    assert_eq!((&report["finished"], &report["failed"]), (&json!(1), &json!(0)), "{report}");
    assert_eq!(folder.lines("log").len(), 2);
    // With room, it goes on.
    let arguments = ["--joblog", &log, "--resume", "--results", &results, "--shell", command];
    run(&arguments, &input([10, 500_000, 20])).exits(0);
    assert_eq!(names(&folder), ["0000001-10", "0000002-500000", "0000003-20"]);
}

#[test]
fn an_item_whose_output_nobody_reads_has_no_folder() {
    let folder = Folder::new();
    let (reader, writer) = rustix::pipe::pipe().expect("a pipe");
    drop(reader);
    let status = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "-q", "--results", &folder.arg("r"), "echo", ":::", "a"])
        .stdout(writer)
        .status()
        .expect("forebay runs");
    assert_eq!(status.code(), Some(141));
    assert!(names(&folder).is_empty());
}

#[test]
fn what_cannot_be_started_has_a_folder_that_says_so() {
    let folder = Folder::new();
    let items = [bytes(b"no-such-command"), bytes(b"true")];
    let mut arguments =
        vec![bytes(b"--results"), folder.path("r").into(), bytes(b"{}"), bytes(b":::")];
    arguments.extend(items);
    run(&arguments, b"").exits(1);
    let result = assert_holds(&folder, "0000001-no-such-command", "", "");
    assert_eq!((&result["finished"], &result["exit_value"]), (&json!(false), &json!(127)));
}

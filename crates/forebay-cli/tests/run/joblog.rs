//! The joblog, and going on from it.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use rustix::process::Signal;

use crate::forebay::{Folder, bytes, input, run, start, until};

const COLUMNS: [&str; 10] = [
    "Seq",
    "Host",
    "Starttime",
    "JobRuntime",
    "Send",
    "Receive",
    "Exitval",
    "Signal",
    "Command",
    "Item",
];

fn rows(folder: &Folder) -> Vec<Vec<String>> {
    let text = String::from_utf8(folder.read("log")).expect("a joblog is text");
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

#[test]
fn nine_columns_of_gnu_parallel_and_the_item() {
    let folder = Folder::new();
    let log = folder.arg("log");
    let script = "echo four; [ \"$0\" != k ] || kill -9 $$; exit ${#0}";
    let before = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a clock").as_secs_f64();
    run(&["-j1", "--joblog", &log, "sh", "-c", script, "{}"], b"a b\nk\n\n").exits(2);
    let rows = rows(&folder);
    assert_eq!(rows[0][..10], COLUMNS);
    assert!(rows[0][10].contains("sh -c") && rows[0].len() == 11, "{rows:?}");
    let fields: Vec<_> =
        rows[1..].iter().map(|row| [0, 1, 4, 5, 6, 7, 9].map(|at| row[at].as_str())).collect();
    assert_eq!(
        fields,
        [
            ["1", ":", "0", "5", "3", "0", "a b"],
            ["2", ":", "0", "5", "0", "9", "k"],
            ["3", ":", "0", "5", "0", "0", ""],
        ]
    );
    for row in &rows[1..] {
        assert_eq!(row.len(), 10);
        let started: f64 = row[2].parse().expect("a time");
        assert!((before - 0.01..before + 3600.0).contains(&started), "{row:?}");
        assert!(row[3].trim().parse::<f64>().expect("a time") >= 0.0);
        assert!(row[8].starts_with("sh -c 'echo four;"), "{row:?}");
    }
}

#[test]
fn items_are_escaped_and_known_again() {
    let folder = Folder::new();
    let log = folder.arg("log");
    let items: [&[u8]; 8] = [
        b"tab\there",
        b"new\nline",
        b"back\\slash",
        b"\xff\xfe",
        b"\\xff",
        b"\r",
        "é".as_bytes(),
        b"\\t",
    ];
    let mut input = items.join(&0);
    input.push(0);
    run(&["-0", "-j1", "--joblog", &log, "true"], &input).exits(0);
    let written: Vec<_> = rows(&folder)[1..].iter().map(|row| row[9].clone()).collect();
    let expected =
        ["tab\\there", "new\\nline", "back\\\\slash", "\\xff\\xfe", "\\\\xff", "\\r", "é", "\\\\t"];
    assert_eq!(written, expected);
    let ended = run(&["-0", "-j1", "--joblog", &log, "--resume", "true"], &input).exits(0);
    ended.says(&["0 items"]).says(&["8 items left out"]);
}

#[test]
fn resume_goes_by_content_and_counts_duplicates() {
    let folder = Folder::new();
    let log = folder.arg("log");
    run(&["--joblog", &log, "echo"], b"a\nb\nb\nc\n").exits(0);
    let ended =
        run(&["-k", "--joblog", &log, "--resume", "echo"], b"new\nc\nb\nb\nb\na\nb\n").exits(0);
    assert_eq!(ended.text(), "new\nb\nb\n");
    let ended = run(&["--joblog", &log, "--resume", "echo"], b"b\nb\nb\nb\nnew\na\nc\n").exits(0);
    assert_eq!(ended.text(), "");
}

#[test]
fn failures_are_run_again() {
    let folder = Folder::new();
    let log = folder.arg("log");
    let script = format!("echo {{}}; [ {{}} != b ] || [ -e {} ]", folder.arg("repaired"));
    let arguments = ["-k", "--joblog", &log, "--resume", "--shell", &script];
    assert_eq!(run(&arguments, b"a\nb\nc\n").exits(1).text(), "a\nb\nc\n");
    assert_eq!(run(&arguments, b"a\nb\nc\n").exits(1).text(), "b\n");
    folder.write("repaired", b"");
    assert_eq!(run(&arguments, b"a\nb\nc\n").exits(0).text(), "b\n");
    assert_eq!(run(&arguments, b"a\nb\nc\n").exits(0).text(), "");
}

#[test]
fn a_timeout_is_a_failure_there_too() {
    let folder = Folder::new();
    let log = folder.arg("log");
    // It ends with 0 when asked to stop, but has not finished.
    let script = "trap 'exit 0' TERM; sleep 300 & wait";
    let arguments = ["--timeout", "0.2", "--joblog", &log, "--resume", "sh", "-c", script];
    run(&arguments, b"a\n").exits(1);
    assert_eq!(rows(&folder)[1][6], "-1");
    run(&arguments, b"a\n").exits(1).says(&["1 item:", "1 failed"]);
}

#[test]
fn items_of_one_command_are_known_one_by_one() {
    let folder = Folder::new();
    let log = folder.arg("log");
    run(&["-n2", "--joblog", &log, "echo"], b"a\tb\nb\nc\n").exits(0);
    let rows = rows(&folder);
    let mut items: Vec<_> = rows[1..].iter().map(|row| row[9..].to_vec()).collect();
    items.sort();
    assert_eq!(items, [vec!["a\\tb", "b"], vec!["c"]]);
    let ended = run(&["-n2", "-k", "--joblog", &log, "--resume", "echo"], b"x\nc\ny\na\tb\nz\n");
    assert_eq!(ended.exits(0).text(), "x y\nz\n");
}

#[test]
fn a_torn_last_line_is_run_again_and_the_log_goes_on_whole() {
    let folder = Folder::new();
    let log = folder.arg("log");
    run(&["-j1", "--joblog", &log, "echo"], b"a\nb\nc\n").exits(0);
    let whole = folder.read("log");
    for torn in [1, 5, 20] {
        fs::write(folder.path("log"), &whole[..whole.len() - torn]).expect("written");
        let ended = run(&["-k", "--joblog", &log, "--resume", "echo"], b"a\nb\nc\nd\n").exits(0);
        assert_eq!(ended.text(), "c\nd\n", "{torn}");
        assert!(!ended.errors().contains("damaged"), "{}", ended.errors());
        assert!(rows(&folder).iter().skip(1).all(|row| row.len() == 10));
        assert_eq!(rows(&folder).len(), 5);
    }
    // Torn within the header: nothing was done yet.
    fs::write(folder.path("log"), &whole[..10]).expect("written");
    let ended = run(&["-j1", "--joblog", &log, "--resume", "echo"], b"a\n").exits(0);
    assert_eq!(ended.text(), "a\n");
    assert_eq!(rows(&folder).len(), 2);
}

#[test]
fn damaged_lines_are_reported_and_their_items_run_again() {
    let folder = Folder::new();
    let log = folder.arg("log");
    run(&["-j1", "--joblog", &log, "echo"], b"a\nb\nc\n").exits(0);
    let mut lines: Vec<_> =
        folder.read("log").split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    lines[2] = b"\0\0\0garbage".to_vec();
    fs::write(folder.path("log"), lines.join(&b'\n')).expect("written");
    let ended = run(&["--joblog", &log, "--resume", "echo"], b"a\nb\nc\n").exits(0);
    assert_eq!(ended.text(), "b\n");
    ended.says(&["line 3", "damaged"]);
}

#[test]
fn a_joblog_of_another_command_is_refused() {
    let folder = Folder::new();
    let log = folder.arg("log");
    run(&["--joblog", &log, "echo", "x"], b"a\n").exits(0);
    let before = folder.read("log");
    for other in [&["echo", "y"][..], &["--shell", "echo x"], &["-I", "@", "echo", "x"]] {
        let arguments = [&["--joblog", &log, "--resume"][..], other].concat();
        let ended = run(&arguments, b"a\n").exits(255).says(&["another command", "echo x"]);
        assert_eq!(ended.text(), "");
    }
    assert_eq!(folder.read("log"), before);
}

#[test]
fn a_file_that_is_no_joblog_is_left_alone() {
    let folder = Folder::new();
    let precious = folder.write("precious", b"my thesis\n");
    for more in [&[][..], &["--resume"]] {
        let arguments = [&["--joblog", &precious][..], more, &["true"]].concat();
        run(&arguments, b"a\n").exits(255).says(&["precious", "not a joblog"]);
        assert_eq!(folder.read("precious"), b"my thesis\n");
    }
    run(&["--joblog", &precious, "--dry-run", "true"], b"a\n").exits(0);
    assert_eq!(folder.read("precious"), b"my thesis\n");
}

#[test]
fn without_resume_a_joblog_begins_anew() {
    let folder = Folder::new();
    let log = folder.arg("log");
    run(&["--joblog", &log, "true"], b"a\nb\n").exits(0);
    run(&["--joblog", &log, "true"], b"c\n").exits(0);
    assert_eq!(rows(&folder).len(), 2);
}

#[test]
fn a_joblog_on_standard_output_is_not_written_over() {
    let folder = Folder::new();
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "-q", "-j1", "--joblog", "/dev/stdout", "echo", "a", ":::", "b"])
        .stdout(fs::File::create(folder.path("o")).expect("created"))
        .status()
        .expect("forebay runs");
    assert!(status.success());
    let lines = folder.lines("o");
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("Seq\t") && lines[1] == "a b" && lines[2].ends_with("\tb"));
    run(&["--joblog", "-", "--resume", "true"], b"a\n").exits(255).says(&["--resume", "read back"]);
}

#[test]
fn a_full_disk_under_the_joblog() {
    let ended = run(&["--joblog", "/dev/full", "echo"], b"a\n").exits(255);
    assert_eq!(ended.says(&["joblog", "/dev/full", "No space left"]).text(), "");
}

#[test]
fn a_disk_that_fills_while_it_runs_loses_nothing() {
    let folder = Folder::new();
    let log = folder.arg("log");
    // A limit on the file's size stands for the disk: the header and some lines fit.
    let forebay = env!("CARGO_BIN_EXE_forebay");
    let script = format!(
        "trap '' XFSZ; ulimit -f 1; exec {forebay} run -j1 --joblog {log} echo < {}",
        folder.write("items", &input(1..=50))
    );
    let ended = std::process::Command::new("sh").arg("-c").arg(&script).output().expect("sh runs");
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(255), "{errors}");
    assert!(errors.contains("joblog") && errors.contains("--resume"), "{errors}");
    let done = rows(&folder).len() - 1 - usize::from(!folder.read("log").ends_with(b"\n"));
    assert!(errors.contains(&format!("{done} finished, 0 failed")), "{done} {errors}");
    let file = folder.arg("items");
    let ended =
        run(&["-k", "-j1", "--joblog", &log, "--resume", "-a", &file, "echo"], b"").exits(0);
    assert_eq!(ended.stdout, input(done + 1..=50));
}

#[test]
fn two_runs_do_not_share_a_joblog() {
    let folder = Folder::new();
    let log = folder.arg("log");
    let script =
        format!("touch {0}; while [ -e {0} ]; do sleep 0.01; done; : {{}}", folder.arg("at-work"));
    let going = start(&["--joblog", &log, "--shell", &script], b"a\n");
    until("at work", || folder.path("at-work").exists());
    for more in [&[][..], &["--resume"]] {
        let arguments = [&["--joblog", &log][..], more, &["--shell", &script]].concat();
        run(&arguments, b"a\n").exits(255).says(&["another forebay"]);
    }
    fs::remove_file(folder.path("at-work")).expect("removed");
    going.wait().exits(0);
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let folder = Folder::new();
    let (log, done) = (folder.arg("log"), folder.arg("done"));
    let script = format!("echo {{}} >> {done}; sleep 0.01");
    let arguments = ["-j2", "--joblog", &log, "--resume", "--shell", &script];
    for _ in 0..3 {
        let begun = folder.lines("done").len();
        let going = start(&arguments, &input(1..=60));
        until("some are done", || folder.lines("done").len() >= begun + 15);
        going.signal(Signal::KILL);
        going.wait().exits(137);
    }
    run(&arguments, &input(1..=60)).exits(0);
    let mut items: Vec<u32> =
        folder.lines("done").iter().map(|item| item.parse().expect("a number")).collect();
    let runs = items.len();
    items.sort_unstable();
    items.dedup();
    assert_eq!(items, (1..=60).collect::<Vec<_>>());
    // Only what ran when it was killed may run twice: two consumers, three kills.
    assert!(runs <= 60 + 6, "{runs}");
}

#[test]
fn names_of_bytes_are_kept() {
    let folder = Folder::new();
    let log = folder.path(bytes(b"l\xffog"));
    let arguments = [b"--joblog".as_slice(), log.as_os_str().as_bytes(), b"true"].map(bytes);
    run(&arguments, b"a\n").exits(0);
    assert_eq!(folder.names(), [bytes(b"l\xffog")]);
}

#[test]
fn a_joblog_that_nobody_reads_any_more_stops_the_run() {
    let line = format!(
        "seq 200 | timeout 60 {} run -q --joblog >(head -2 > /dev/null) sh -c 'sleep 0.01'",
        env!("CARGO_BIN_EXE_forebay")
    );
    let output =
        std::process::Command::new("bash").args(["-c", &line]).output().expect("bash starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(255), "{said}");
    assert!(said.contains("cannot write to the joblog"), "{said}");
}

#[test]
fn a_limit_on_the_size_of_files_is_told() {
    let folder = Folder::new();
    let line = format!(
        "ulimit -f 8; seq 2000 | {} run -q --joblog {} true",
        env!("CARGO_BIN_EXE_forebay"),
        folder.arg("log"),
    );
    let output =
        std::process::Command::new("bash").args(["-c", &line]).output().expect("bash starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(255), "{said}");
    assert!(said.contains("cannot write to the joblog") && said.contains("--resume"), "{said}");
}

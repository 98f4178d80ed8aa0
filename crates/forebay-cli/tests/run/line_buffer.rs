//! `--line-buffer`: whole lines, as soon as there are any. And `--tagstring`.

use crate::forebay::{Folder, input, run, start, until};

/// A script that waits until the test lets it go on.
fn gate(folder: &Folder, name: &str) -> String {
    format!("until [ -e {} ]; do sleep 0.01; done", folder.arg(name))
}

#[test]
fn a_line_is_printed_while_its_command_runs() {
    for flag in ["--line-buffer", "--lb"] {
        let folder = Folder::new();
        let script = format!("echo first; printf begun; {}; echo , ended", gate(&folder, "go"));
        let going = start(&[flag, "--tag", "sh", "-c", &script], b"a b\n");
        going.until_printed("a b\tfirst\n");
        assert!(!String::from_utf8_lossy(&going.printed()).contains("begun"));
        folder.write("go", b"");
        assert_eq!(going.wait().exits(0).text(), "a b\tfirst\na b\tbegun, ended\n");
    }
}

#[test]
fn a_line_is_never_printed_in_two() {
    let folder = Folder::new();
    let script = format!(
        "if [ $0 = a ]; then printf begun; touch {begun}; {go}; echo , ended; exit; fi
         until [ -e {begun} ]; do sleep 0.01; done; echo $0",
        begun = folder.arg("begun"),
        go = gate(&folder, "go")
    );
    let going = start(&["-j2", "--line-buffer", "sh", "-c", &script], b"a\nb\n");
    going.until_printed("b\n");
    folder.write("go", b"");
    assert_eq!(going.wait().exits(0).text(), "b\nbegun, ended\n");
}

#[test]
fn lines_that_come_in_crumbs_are_whole() {
    let script = "yes $0$0$0$0$0$0$0$0 | head -n 500 | dd bs=7 status=none; echo $0 >&2";
    let items = ["abc", "defg", "hijkl", "m"];
    let ended = run(&["-q", "-j4", "--line-buffer", "sh", "-c", script], &input(items)).exits(0);
    let (text, errors) = (ended.text(), ended.errors());
    assert_eq!(text.lines().count(), 4 * 500);
    for item in items {
        assert_eq!(text.lines().filter(|line| *line == item.repeat(8)).count(), 500, "{item}");
        assert_eq!(errors.lines().filter(|line| *line == item).count(), 1, "{item}");
    }
}

#[test]
fn a_last_line_without_a_newline_is_given_one() {
    let ended = run(&["-k", "--line-buffer", "printf", "x\\n%s"], b"a\nb\n").exits(0);
    assert_eq!(ended.text(), "x\na\nx\nb\n");
    let ended = run(&["--line-buffer", "printf", "x\\n", ":::", "a"], b"").exits(0);
    assert_eq!(ended.text(), "x\n");
}

#[test]
fn what_failed_tries_write_is_printed_as_it_comes() {
    let folder = Folder::new();
    let log = folder.arg("log");
    let arguments =
        ["--line-buffer", "--retries", "3", "--backoff", "1ms", "--joblog", &log, "--shell"];
    let ended = run(&[&arguments[..], &["echo {}; printf {}; false"]].concat(), b"a\n").exits(1);
    assert_eq!(ended.text(), "a\n".repeat(6));
    let row = &folder.lines("log")[1];
    assert_eq!(row.split('\t').nth(5), Some("3"), "the last try's bytes: {row}");
}

#[test]
fn a_line_that_never_ends_is_printed_in_parts() {
    let folder = Folder::new();
    let script =
        format!("head -c 3000000 /dev/zero | tr '\\0' x; {}; echo; echo y", gate(&folder, "go"));
    let going = start(&["--line-buffer", "--tag", "sh", "-c", &script], b"a\n");
    until("two parts", || going.printed().len() > 2 << 20);
    folder.write("go", b"");
    let text = going.wait().exits(0).text();
    assert!(text == format!("a\t{}\na\ty\n", "x".repeat(3_000_000)), "{} bytes", text.len());
}

#[test]
fn in_order_the_one_whose_turn_it_is_prints_line_by_line() {
    // b ends at once; a and c print a line and wait, and c does so again.
    let folder = Folder::new();
    let script = format!(
        "wait_for() {{ until [ -e {0}/$1 ]; do sleep 0.01; done; }}; echo $0 1; touch {0}/ran-$0; \
         [ $0 = b ] || wait_for go-$0; echo $0 2; [ $0 != c ] || wait_for end",
        folder.root().display()
    );
    let going = start(&["-j3", "-k", "--line-buffer", "sh", "-c", &script], b"a\nb\nc\n");
    going.until_printed("a 1\n");
    until("all ran", || folder.names().len() == 3);
    assert_eq!(String::from_utf8_lossy(&going.printed()), "a 1\n", "later ones are held back");
    folder.write("go-a", b"");
    // Its turn comes while it runs: what was held, and then what it goes on to write.
    going.until_printed("a 1\na 2\nb 1\nb 2\nc 1\n");
    folder.write("go-c", b"");
    going.until_printed("c 1\nc 2\n");
    folder.write("end", b"");
    assert_eq!(going.wait().exits(0).text(), "a 1\na 2\nb 1\nb 2\nc 1\nc 2\n");
}

#[test]
fn lines_that_wait_for_their_turn_are_whole_however_many() {
    // 30 × 600 KB are more than is held in memory.
    let folder = Folder::new();
    let script = format!(
        "if [ $0 = 1 ]; then until [ -e {0}/ran-30 ]; do sleep 0.01; done; fi; \
         yes $0 | head -c 600000; echo; touch {0}/ran-$0",
        folder.root().display()
    );
    let ended = run(&["-q", "-k", "-j4", "--line-buffer", "sh", "-c", &script], &input(1..=30));
    let text = ended.exits(0).text();
    let mut lines = text.lines().filter(|line| !line.is_empty()).peekable();
    for item in (1..=30).map(|item: u32| item.to_string()) {
        let mut count = 0;
        while lines.next_if(|line| item.starts_with(line) && !line.is_empty()).is_some() {
            count += 1;
        }
        assert_eq!(count, 600_000_usize.div_ceil(item.len() + 1), "{item}");
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn a_reader_that_goes_away_ends_the_run() {
    let (reader, writer) = rustix::pipe::pipe().expect("a pipe");
    drop(reader);
    // The command would never end by itself.
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "-q", "--line-buffer", "sh", "-c", "echo line; exec sleep 300", ":::", "a"])
        .stdout(writer)
        .status()
        .expect("forebay runs");
    assert_eq!(status.code(), Some(141));
}

#[test]
fn an_item_whose_lines_nobody_reads_is_not_done() {
    let folder = Folder::new();
    let (reader, writer) = rustix::pipe::pipe().expect("a pipe");
    drop(reader);
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "-q", "--line-buffer", "--report-json", &folder.arg("report")])
        .args(["--shell", "printf {}", ":::", "a"])
        .stdout(writer)
        .status()
        .expect("forebay runs");
    assert_eq!(status.code(), Some(141));
    let report = folder.report("report");
    assert_eq!((&report["finished"], &report["remaining"]), (&0.into(), &1.into()), "{report}");
}

#[test]
fn a_tag_of_ones_own() {
    let ended = run(&["-k", "-j1", "--tagstring", "{#}/{%} {/.}:", "echo"], b"x/a.c\nb\n").exits(0);
    assert_eq!(ended.text(), "1/1 a:\tx/a.c\n2/1 b:\tb\n");
    let ended = run(&["-I", ",", "--tagstring", "<,>", "echo", "{}", ","], b"a\n").exits(0);
    assert_eq!(ended.text(), "<a>\t{} a\n");
    let ended = run(&["--tagstring", "all", "-n2", "echo"], b"a\nb\n").exits(0);
    assert_eq!(ended.text(), "all\ta b\n");
    let ended = run(&["-I", ",", "--tag", "-n2", "echo", ","], b"a\nb\n").exits(0);
    assert_eq!(ended.text(), "a b\ta b\n");
    run(&["--tag", "--tagstring", "x", "echo"], b"").exits(255).says(&["cannot be used with"]);
}

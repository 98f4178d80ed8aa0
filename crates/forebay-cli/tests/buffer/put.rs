//! `forebay put`.

use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::ends::terminal;
use crate::forebay::{buffer, figure, input, line, run, start, start_line, stat, until};

#[test]
fn items_are_arguments_or_lines_or_files() {
    let folder = buffer("");
    run(&folder, &["put", "b", "one", "and two"], b"").exits(0);
    run(&folder, &["put", "b"], b"three\nfour").exits(0).says(&["2 items put"]);
    run(&folder, &["put", "-q", "b", "-0"], b"fi\nve\0six\0").exits(0);
    run(&folder, &["put", "-q", "b", "-d", ", "], b"seven, eight").exits(0);
    folder.write("x", b"a whole\nfile\n");
    run(&folder, &["put", "-q", "b", "--file", "x", "-"], b"and\ninput").exits(0);
    let taken = run(&folder, &["take", "b", "--all", "--no-wait", "-0"], b"").exits(0);
    let expected =
        "one\0and two\0three\0four\0fi\nve\0six\0seven\0eight\0a whole\nfile\n\0and\ninput\0";
    assert_eq!(taken.text(), expected);
}

#[test]
fn nothing_to_put_is_no_item() {
    let folder = buffer("");
    run(&folder, &["put", "b"], b"").exits(0).says(&["0 items put"]);
    run(&folder, &["put", "b", "--file", "none"], b"").exits(255).says(&["none", "0 items"]);
    assert_eq!(figure(&folder, "produced"), 0);
}

#[test]
fn a_full_buffer_makes_it_wait() {
    let folder = buffer("--capacity 3");
    let put = start(&folder, &["put", "b"], &input(1..=8));
    until("full", || figure(&folder, "waiting") == 3 && figure(&folder, "producers_waiting") == 1);
    let taken = line(&folder, "take b -n 8").exits(0);
    assert_eq!(taken.text().into_bytes(), input(1..=8));
    put.wait().exits(0).says(&["8 items put"]);
}

#[test]
fn what_is_refused_is_told() {
    let folder = buffer("--capacity 3");
    let put = run(&folder, &["put", "b", "--on-full", "refuse"], &input(1..=5)).exits(1);
    put.says(&["item '4' is not put", "full"]);
    let put = run(&folder, &["put", "b", "--on-full", "wait=30ms"], &input(6..=7)).exits(1);
    put.says(&["item '6' is not put"]).says(&["0 items put", "2 refused"]);
    run(&folder, &["put", "b", "--on-full", "drop-newest", "8"], b"").exits(0).says(&["1 dropped"]);
    run(&folder, &["put", "b", "--on-full", "drop-oldest", "9"], b"")
        .exits(0)
        .says(&["1 that had waited"]);
    assert_eq!(line(&folder, "take b --all --no-wait").text(), "2\n3\n9\n");
}

#[test]
fn what_is_too_large_is_told_and_the_rest_is_put() {
    let folder = buffer("--capacity-bytes 10");
    let put = run(&folder, &["put", "b", "tiny", "much too large for it", "small"], b"");
    put.exits(255)
        .says(&["item 'much too large for it' is not put: it has 21 bytes", "buffer at most 10"])
        .says(&["2 items put", "1 refused"]);
    assert_eq!(line(&folder, "take b --all --no-wait").text(), "tiny\nsmall\n");
}

#[test]
fn a_closed_buffer_takes_nothing() {
    let folder = buffer("--capacity 3");
    let put = start(&folder, &["put", "b"], &input(1..=8));
    until("full", || figure(&folder, "producers_waiting") == 1);
    line(&folder, "close b").exits(0);
    put.wait().exits(255).says(&["closed", "3 items put", "item '4'"]);
    run(&folder, &["put", "b", "x"], b"").exits(255).says(&["closed", "0 items put", "item 'x'"]);
    assert_eq!(line(&folder, "take b --all").exits(0).text(), "1\n2\n3\n");
}

#[test]
fn what_was_put_when_it_is_interrupted_is_told() {
    let folder = buffer("--capacity 3");
    for signal in [Signal::INT, Signal::TERM] {
        let put = start(&folder, &["put", "b"], &input(1..=8));
        until("full", || figure(&folder, "producers_waiting") == 1);
        put.signal(signal);
        put.wait().exits(128 + signal.as_raw()).says(&["interrupted: 3 items put"]);
        assert_eq!(line(&folder, "take b --all --no-wait").text(), "1\n2\n3\n");
    }
    // It reads, and nothing comes.
    std::process::Command::new("mkfifo").arg(folder.path("pipe")).status().expect("mkfifo");
    let put = start_line(&folder, "put b --file pipe");
    until("listening", || {
        std::fs::read_to_string(format!("/proc/{}/status", put.child.id()))
            .is_ok_and(|status| status.contains("Threads:\t3\n"))
    });
    put.signal(Signal::INT);
    put.wait().exits(130).says(&["interrupted: 0 items put"]);
}

#[test]
fn items_that_come_slowly_are_put_as_they_come() {
    let folder = buffer("");
    let forebay = env!("CARGO_BIN_EXE_forebay");
    let script =
        format!("(echo a; until [ -e go ]; do sleep 0.01; done; echo b) | {forebay} put -q b");
    let mut child = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder.root())
        .spawn()
        .expect("sh");
    assert_eq!(line(&folder, "take b").exits(0).text(), "a\n");
    folder.write("go", b"");
    assert_eq!(line(&folder, "take b").exits(0).text(), "b\n");
    assert!(child.wait().expect("wait").success());
}

#[test]
fn how_long_it_has_waited_is_seen_while_it_waits() {
    let folder = buffer("--capacity 3");
    let put = start(&folder, &["put", "b"], &input(1..=5));
    until("a long wait", || {
        let members = stat(&folder)["participants"].clone();
        let mut members = members.as_array().expect("a list").iter();
        members.any(|one| one["waits_seconds"].as_f64().is_some_and(|seconds| seconds > 0.5))
    });
    line(&folder, "take b -n 5").exits(0);
    put.wait().exits(0).says(&["5 items put"]);
}

/// Puts on a terminal with these flags until it waits; what was shown.
fn shown(flags: &str) -> String {
    let folder = buffer("--capacity 3");
    let (main, line) = terminal();
    let mut put = Command::new(env!("CARGO_BIN_EXE_forebay"));
    put.current_dir(folder.root()).env("TERM", "xterm-256color");
    put.args("put b 1 2 3 4 5 6 7 8".split(' ')).args(flags.split_terminator(' '));
    let mut put = put.stdin(Stdio::null()).stderr(line).spawn().expect("starts");
    until("a wait", || figure(&folder, "producers_waiting") == 1);
    std::thread::sleep(Duration::from_millis(1500));
    crate::forebay::line(&folder, "take b -n 8").exits(0);
    assert!(put.wait().expect("ends").success());
    let mut bytes = vec![0; 1 << 16];
    rustix::fs::fcntl_setfl(&main, rustix::fs::OFlags::NONBLOCK).expect("set");
    let length = File::from(main).read(&mut bytes).unwrap_or(0);
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

#[test]
fn a_long_put_has_a_bar_on_a_terminal() {
    let bar = shown("");
    for words in ["3/8", "/s", "waits for room, 1 s", "depth 3/3"] {
        assert!(bar.contains(words), "{words:?} in {bar:?}");
    }
    assert!(!shown("--no-progress").contains("depth"));
    assert!(!shown("-q").contains("depth"));
    assert!(shown("-q --bar").contains("depth"));
}

#[test]
fn the_longest_item_that_stat_tells_is_put_and_one_byte_more_is_not() {
    let folder = buffer("--capacity 1");
    let longest = figure(&folder, "longest_item_bytes");
    folder.write("fits", &vec![b'x'; longest as usize]);
    folder.write("one-more", &vec![b'x'; longest as usize + 1]);
    let said = [format!("has {} bytes", longest + 1), format!("at most {longest}; give more")];
    let said: Vec<_> = said.iter().map(String::as_str).collect();
    line(&folder, "put b --file one-more").exits(255).says(&said);
    line(&folder, "put b --file fits").exits(0);
    assert_eq!(line(&folder, "take b").exits(0).stdout.len() as u64, longest + 1);
    // So it is said of an item that a run brings.
    let items = [vec![b'x'; longest as usize + 1], b"\ny\n".to_vec()].concat();
    let ran = run(&folder, &["run", "--buffer", "b", "-q", "--shell", "echo {}"], &items);
    ran.exits(255).says(&["is refused", said[0], &format!("of b at most {longest}")]);
}

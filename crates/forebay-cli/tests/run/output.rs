//! Output: grouped by item, in order if asked for, whole however large.

use std::fmt::Write;
use std::fs::OpenOptions;
use std::io::Read;
use std::process::{Command, Stdio};

use crate::forebay::{Folder, input, run, start};

#[test]
fn outputs_are_never_interleaved() {
    let script = "for i in 1 2 3 4 5; do echo $0; echo $0 >&2; sleep 0.01; done";
    let ended = run(&["-q", "-j4", "sh", "-c", script], &input(1..=12)).exits(0);
    for stream in [ended.text(), ended.errors()] {
        let lines: Vec<_> = stream.lines().collect();
        assert_eq!(lines.len(), 60);
        for group in lines.chunks(5) {
            assert!(group.iter().all(|line| *line == group[0]), "{group:?}");
        }
    }
}

#[test]
fn outputs_larger_than_a_pipe_are_never_interleaved() {
    let letters: Vec<_> = ('a'..='p').collect();
    let script = "head -c 300000 /dev/zero | tr '\\0' $0";
    let ended = run(&["-j8", "sh", "-c", script], &input(letters)).exits(0);
    let runs: Vec<_> = ended.stdout.chunk_by(|a, b| a == b).map(<[u8]>::len).collect();
    assert_eq!(runs, [300_000; 16]);
}

#[test]
fn order_is_kept_when_asked() {
    let script = "sleep 0.0$((10 - $0)); echo $0";
    let ended = run(&["-j8", "-k", "sh", "-c", script], &input(1..=9)).exits(0);
    assert_eq!(ended.stdout, input(1..=9));
    let ended = run(&["-j9", "sh", "-c", "sleep 0.$((10 - $0)); echo $0"], &input([1, 9])).exits(0);
    assert_eq!(ended.text(), "9\n1\n", "without -k as they come");
}

/// `head -c` of a stream of one letter: item n gives `sizes[n]` bytes of the n-th letter.
fn large(keep_order: &str) -> (Vec<u8>, Vec<u8>) {
    let sizes = [100_000, 5_000_000, 3, 1_048_577, 0, 2_500_000];
    let mut expected = Vec::new();
    let mut items = String::new();
    for (letter, size) in ('a'..).zip(sizes) {
        expected.extend(std::iter::repeat_n(letter as u8, size));
        writeln!(items, "{letter} {size}").expect("a string takes it");
    }
    // The first is slow, so that the large ones have to wait for it.
    let script = "set -- $0; [ $1 = a ] && sleep 0.3; head -c $2 /dev/zero | tr '\\0' $1";
    let ended = run(&[keep_order, "-j4", "sh", "-c", script], items.as_bytes()).exits(0);
    (ended.stdout, expected)
}

#[test]
fn large_outputs_are_whole_and_in_order() {
    let (output, expected) = large("-k");
    assert!(output == expected, "{} bytes of {}", output.len(), expected.len());
}

#[test]
fn large_outputs_are_whole_without_order() {
    let (output, mut expected) = large("-q");
    let letters = output.chunk_by(|a, b| a == b).count();
    assert_eq!(letters, 5, "one run of each letter");
    let mut sorted = output;
    sorted.sort_unstable();
    expected.sort_unstable();
    assert!(sorted == expected);
}

#[test]
fn many_outputs_wait_for_their_turn() {
    // 40 × 400 KB are more than is held in memory.
    let script = "[ $0 = 1 ] && sleep 0.5; head -c 400000 /dev/zero | tr '\\0' x; echo $0";
    let ended = run(&["-k", "-j2", "sh", "-c", script], &input(1..=40)).exits(0);
    let numbers: Vec<_> =
        ended.text().lines().map(|line| line.trim_start_matches('x').to_owned()).collect();
    assert_eq!(numbers, (1..=40).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(ended.stdout.len(), 40 * 400_000 + 9 * 2 + 31 * 3);
}

#[test]
fn tagged_lines_begin_with_their_item() {
    let ended = run(&["-k", "--tag", "printf", "1\\n2\\n3"], b"a b\nc\n").exits(0);
    assert_eq!(ended.text(), "a b\t1\na b\t2\na b\t3c\t1\nc\t2\nc\t3");
    let ended = run(&["-q", "--tag", "sh", "-c", "echo out; echo err >&2"], b"a\n").exits(0);
    assert_eq!((ended.text().as_str(), ended.errors().as_str()), ("a\tout\n", "a\terr\n"));
}

#[test]
fn quiet_says_nothing() {
    let ended = run(&["-q", "true"], b"a\n").exits(0);
    assert_eq!((ended.text().as_str(), ended.errors().as_str()), ("", ""));
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let mut endless = Command::new("yes").stdout(Stdio::piped()).spawn().expect("yes runs");
    let mut child = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "-j2", "echo"])
        .stdin(endless.stdout.take().expect("piped"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut first = [0; 2];
    child.stdout.take().expect("piped").read_exact(&mut first).expect("some output");
    let ended = child.wait_with_output().expect("ends");
    endless.wait().expect("it has nobody to write to any more");
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(141), "{errors}");
    assert!(!errors.contains("panicked") && !errors.contains("roken pipe"), "{errors}");
}

#[test]
fn a_full_disk_under_standard_output_is_told() {
    let full = OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let child = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "-j1", "echo", ":::", "a", "b"])
        .stdin(Stdio::null())
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .expect("ends");
    let errors = String::from_utf8_lossy(&child.stderr);
    assert_eq!(child.status.code(), Some(255), "{errors}");
    assert!(errors.contains("standard output: No space left"), "{errors}");
    assert!(errors.contains("0 finished, 0 failed, 2 remaining"), "{errors}");
}

#[test]
fn what_a_command_leaves_running_holds_nobody_up() {
    let folder = Folder::new();
    let number = folder.arg("number");
    let script = format!("sleep 300 & echo $! > {number}; echo done {{}}");
    let going = start(&["-j1", "--shell", &script], b"x\n");
    let ended = going.wait().exits(0);
    assert_eq!(ended.text(), "done x\n");
    let left = folder.lines("number")[0].parse().expect("a process");
    let left = rustix::process::Pid::from_raw(left).expect("a process");
    rustix::process::kill_process(left, rustix::process::Signal::KILL).expect("it still runs");
}

//! `kill -9` of forebay leaves nothing at work.

use rustix::process::Signal;

use crate::failure::is_running;
use crate::forebay::{Folder, input, start, until};

#[test]
fn nothing_outlives_a_killed_forebay() {
    let folder = Folder::new();
    let numbers = folder.arg("numbers");
    // A shell, its child, and a grandchild in the background.
    let script =
        format!("(sleep 300 & echo $! >> {numbers}; wait) & echo $$ $! >> {numbers}; wait; : {{}}");
    let going = start(&["-j3", "--shell", &script], &input(1..=5));
    until("all at work", || folder.lines("numbers").len() == 6);
    going.signal(Signal::KILL);
    going.wait().exits(137);
    for process in folder.lines("numbers").iter().flat_map(|line| line.split(' ')) {
        until("gone", || !is_running(process));
    }
}

#[test]
fn nothing_outlives_a_forebay_killed_while_it_starts_commands() {
    // Commands of many lengths, so that the kill falls at any point of a start.
    for round in 0..12_u64 {
        let folder = Folder::new();
        let numbers = folder.arg("numbers");
        let script = format!("i={{}}; echo $$ >> {numbers}; [ $((i % 3)) = 0 ] || exec sleep 300");
        let going = start(&["-j64", "--shell", &script], &input(1..=400));
        until("begun", || folder.lines("numbers").len() as u64 > round * 5);
        going.signal(Signal::KILL);
        going.wait().exits(137);
        // What was being started may say so only after the kill, and be killed a moment later.
        until("gone", || !folder.lines("numbers").iter().any(|process| is_running(process)));
        let script = format!("echo $$ >> {numbers}");
        let left = |process: &std::path::Path| {
            std::fs::read(process.join("cmdline"))
                .is_ok_and(|line| line.windows(script.len()).any(|part| part == script.as_bytes()))
        };
        until("all gone", || {
            !std::fs::read_dir("/proc").expect("/proc").flatten().any(|entry| left(&entry.path()))
        });
    }
}

#[test]
fn the_guard_goes_with_its_run() {
    let folder = Folder::new();
    let script = format!("touch {0}; while [ -e {0} ]; do sleep 0.01; done", folder.arg("at-work"));
    let going = start(&["-j1", "--shell", &format!("{script}; : {{}}")], b"a\n");
    until("at work", || folder.path("at-work").exists());
    let mark = format!("guard-of-run\0{}\0", going.child.id());
    let guards = || {
        let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
        processes
            .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
            .filter(|line| line.ends_with(mark.as_bytes()))
            .count()
    };
    assert_eq!(guards(), 1);
    std::fs::remove_file(folder.path("at-work")).expect("removed");
    going.wait().exits(0);
    assert_eq!(guards(), 0);
}

//! `forebay take`.

use std::process::{Command, Stdio};

use crate::forebay::{buffer, figure, input, line, run, start_line, until};

#[test]
fn it_takes_as_many_as_asked_for() {
    let folder = buffer("");
    run(&folder, &["put", "-q", "b"], &input(1..=9)).exits(0);
    assert_eq!(line(&folder, "take b").exits(0).text(), "1\n");
    assert_eq!(line(&folder, "take b -n 3 -0").exits(0).text(), "2\x003\x004\0");
    assert_eq!(line(&folder, "take b -n 9 --no-wait").exits(1).text(), "5\n6\n7\n8\n9\n");
    assert_eq!(figure(&folder, "finished"), 9);
}

#[test]
fn nothing_in_time_is_told_by_the_status() {
    let folder = buffer("");
    line(&folder, "take b --no-wait").exits(1);
    line(&folder, "take b --timeout 20ms").exits(1);
    line(&folder, "take b --all --timeout 20ms").exits(1);
    assert_eq!(line(&folder, "take b --all --no-wait").exits(0).text(), "");
}

#[test]
fn it_waits_for_items_and_ends_with_the_buffer() {
    let folder = buffer("");
    let take = start_line(&folder, "take b --all");
    until("waiting", || figure(&folder, "consumers_waiting") == 1);
    run(&folder, &["put", "b", "x"], b"").exits(0);
    take.until_printed("x\n");
    line(&folder, "close b").exits(0);
    take.wait().exits(0);
    // A loop over single ones ends, too.
    line(&folder, "take b").exits(1);
}

#[test]
fn it_waits_for_nothing_when_nobody_reads_any_more() {
    let folder = buffer("");
    let mut take = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["take", "b", "--all"])
        .current_dir(folder.root())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    until("waiting", || figure(&folder, "consumers_waiting") == 1);
    drop(take.stdout.take());
    let mut status = None;
    until("its end", || {
        status = take.try_wait().expect("waited");
        status.is_some()
    });
    assert_eq!(status.and_then(|status| status.code()), Some(141));
    // What comes later is for others.
    run(&folder, &["put", "b", "x"], b"").exits(0);
    assert_eq!(line(&folder, "take b").exits(0).text(), "x\n");
}

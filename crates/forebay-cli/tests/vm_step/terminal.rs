//! On a terminal: keys are pressed, and what it shows is looked at.

use rustix::process::Signal;

use crate::program;
use crate::pty::Terminal;

const RIGHT: &str = "\x1b[C";
const LEFT: &str = "\x1b[D";
const UP: &str = "\x1b[A";
const ENTER: &str = "\r";

#[test]
fn a_deadlock_by_hand_and_back_again() {
    let mut it = Terminal::new(80, 24, "vm step", &[&program("philosophers_deadlock.toy")]);
    it.shows(&["step 0", "▸1 Plato   ready", "Threads: 3, 3 ready", "q quit"]);
    it.press("2").shows(&["▸2 Kant"]);
    it.press(ENTER).shows(&["step 1 ", "Kant PUSH \"fork 1\""]);
    it.press(" ").shows(&["step 2 ", "Kant acquires lock fork 1", "lock fork 1 held by Kant"]);
    it.press(UP).press("  ").shows(&["Plato acquires lock fork 0"]);
    it.press("3  ").shows(&["Arendt acquires lock fork 2"]);
    it.press("1  2  ").shows(&["▸2 Kant    waits     3  for lock fork 2, which Arendt holds"]);
    it.press(" ").shows(&["Kant cannot step: it waits"]);
    it.press("3  ").shows(&["over: deadlock", "3 threads wait for each other in a circle"]);
    it.press(LEFT).shows(&["step 11 of 12", "Threads: 3, 1 ready", "played next: Arendt"]);
    it.press(RIGHT).shows(&["over: deadlock"]);
    it.press("g4").press(ENTER).shows(&["step 4 of 12"]);
    it.press("?").shows(&["Keys (any key goes back)", "run on until"]);
    it.press("x").shows(&["step 4 of 12"]);
    it.press("q").shows(&["leave all the same? (y/N)"]);
    it.press("y").press(ENTER);
    assert_eq!(it.ends(), (Some(0), true));
}

#[test]
fn a_play_is_saved_and_opened_as_a_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t").display().to_string();
    let mut it =
        Terminal::new(100, 30, "vm step", &[&program("no_mutex.toy"), "--scheduler", "random"]);
    it.shows(&["random would step main"]).press("r").shows(&["race on `counter`"]);
    it.press(&format!("s{path}\r")).shows(&["saved"]);
    it.press("q");
    assert_eq!(it.ends(), (Some(0), true));
    let mut it = Terminal::new(100, 30, "vm step", &[&path, "--at", "3"]);
    it.shows(&["no_mutex.toy step 3 of", "played next"]);
    it.press("\x1b[F").shows(&["race on `counter`"]);
    it.press("\x03");
    assert_eq!(it.ends(), (Some(0), true));
}

#[test]
fn a_run_without_end_is_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("endless.toy");
    std::fs::write(&path, "main = [('LABEL', 'a'), ('JUMP', 'a')]").expect("written");
    let path = path.display().to_string();
    let mut it = Terminal::new(80, 24, "vm step", &[&path, "--max-steps", "1000000000"]);
    it.shows(&["step 0"]).press("r").shows(&["Esc stops"]).press("\x1b").shows(&["stopped"]);
    it.press("q");
    assert_eq!(it.ends(), (Some(0), true));
}

#[test]
fn it_fits_another_size() {
    let mut it = Terminal::new(100, 30, "vm step", &[&program("mutex.toy")]);
    it.shows(&["Lanes", "Shared"]);
    it.resize(40, 10);
    it.shows(&["Threads: 1, 1 ready", "Enter step"]);
    assert!(!it.text().contains("Lanes"));
    it.press("q");
    assert_eq!(it.ends(), (Some(0), true));
}

#[test]
fn a_signal_gives_the_terminal_back() {
    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        let mut it = Terminal::new(80, 24, "vm step", &[&program("mutex.toy")]);
        it.shows(&["q quit"]);
        it.signal(signal);
        assert_eq!(it.ends(), (Some(status), true), "{signal:?}");
    }
}

#[test]
fn a_terminal_that_is_gone_ends_it() {
    let mut it = Terminal::new(80, 24, "vm step", &[&program("mutex.toy")]);
    it.shows(&["q quit"]);
    it.hang_up();
}

#[test]
fn no_color_is_respected() {
    for no_color in [false, true] {
        let file = program("philosophers_deadlock.toy");
        let mut it = Terminal::with(80, 24, "vm step", &[&file], no_color);
        it.shows(&["q quit"]).press("rr").shows(&["deadlock: 3 threads"]);
        it.press("q");
        assert_eq!(it.is_colored(), !no_color);
        assert_eq!(it.ends(), (Some(0), true));
    }
}

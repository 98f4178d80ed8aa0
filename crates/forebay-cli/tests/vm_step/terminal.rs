//! On a terminal: keys are pressed, and what it shows is looked at.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::display::Display;
use crate::program;

/// Against hangs: far more than anything takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// The command while it runs; no test leaves it behind.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The command on a terminal of its own.
struct Terminal {
    child: Running,
    /// Where keys go in.
    keys: File,
    /// Kept open, to be looked at after the command.
    line: OwnedFd,
    /// What comes out.
    written: Receiver<String>,
    display: Display,
    all: String,
}

impl Terminal {
    fn new(columns: u16, rows: u16, arguments: &[&str]) -> Self {
        Self::with(columns, rows, arguments, false)
    }

    fn with(columns: u16, rows: u16, arguments: &[&str], no_color: bool) -> Self {
        let main =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pty");
        grantpt(&main).expect("granted");
        unlockpt(&main).expect("unlocked");
        let name = ptsname(&main, Vec::new()).expect("a name");
        let line =
            rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
        let line = line.expect("opened");
        tcsetwinsize(&line, size(columns, rows)).expect("a size");
        let end = || Stdio::from(line.try_clone().expect("another handle"));
        // With a session of its own, so that it does not ask this test's terminal how large it is.
        let mut command = Command::new("setsid");
        command.args([env!("CARGO_BIN_EXE_forebay"), "vm", "step"]).args(arguments);
        command.env("TERM", "xterm-256color").env_remove("NO_COLOR");
        if no_color {
            command.env("NO_COLOR", "1");
        }
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("starts");
        let child = Running(child);
        let keys = File::from(main);
        let mut out = keys.try_clone().expect("another handle");
        let (send, written) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            let mut left = Vec::new();
            while let Ok(count @ 1..) = out.read(&mut bytes) {
                left.extend_from_slice(&bytes[..count]);
                // A character may be cut in two.
                let whole = match str::from_utf8(&left) {
                    Ok(text) => text.len(),
                    Err(error) => error.valid_up_to(),
                };
                let rest = left.split_off(whole);
                let text = String::from_utf8(std::mem::replace(&mut left, rest)).expect("text");
                if send.send(text).is_err() {
                    break;
                }
            }
        });
        let display = Display::new(columns.into(), rows.into());
        Self { child, keys, line, written, display, all: String::new() }
    }

    fn press(&mut self, keys: &str) -> &mut Self {
        self.keys.write_all(keys.as_bytes()).expect("pressed");
        self
    }

    /// Waits until all that is shown.
    fn shows(&mut self, parts: &[&str]) -> &mut Self {
        let began = Instant::now();
        loop {
            let text = self.display.text();
            if parts.iter().all(|part| text.contains(part)) {
                return self;
            }
            match self.written.recv_timeout(PATIENCE.saturating_sub(began.elapsed())) {
                Ok(text) => {
                    self.all.push_str(&text);
                    self.display.write(&text);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{parts:?} are not all in\n{text}")
                }
            }
        }
    }

    /// Waits for its end; the exit status, and whether the terminal is as it was.
    fn ends(mut self) -> (Option<i32>, bool) {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.0.try_wait().expect("waited") {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end");
            thread::sleep(Duration::from_millis(10));
        };
        while let Ok(text) = self.written.recv_timeout(Duration::from_millis(100)) {
            self.all.push_str(&text);
        }
        let modes = tcgetattr(&self.line).expect("a terminal").local_modes;
        let cooked = modes.contains(LocalModes::ICANON | LocalModes::ECHO);
        // The other screen is left, and the cursor is shown.
        let left = self.all.contains("\x1b[?1049l") && self.all.contains("\x1b[?25h");
        (status.code(), cooked && left)
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child.0), signal).expect("sent");
    }
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

const RIGHT: &str = "\x1b[C";
const LEFT: &str = "\x1b[D";
const UP: &str = "\x1b[A";
const ENTER: &str = "\r";

#[test]
fn a_deadlock_by_hand_and_back_again() {
    let mut it = Terminal::new(80, 24, &[&program("philosophers_deadlock.toy")]);
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
    let mut it = Terminal::new(100, 30, &[&program("no_mutex.toy"), "--scheduler", "random"]);
    it.shows(&["random would step main"]).press("r").shows(&["race on `counter`"]);
    it.press(&format!("s{path}\r")).shows(&["saved"]);
    it.press("q");
    assert_eq!(it.ends(), (Some(0), true));
    let mut it = Terminal::new(100, 30, &[&path, "--at", "3"]);
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
    let mut it = Terminal::new(80, 24, &[&path, "--max-steps", "1000000000"]);
    it.shows(&["step 0"]).press("r").shows(&["Esc stops"]).press("\x1b").shows(&["stopped"]);
    it.press("q");
    assert_eq!(it.ends(), (Some(0), true));
}

#[test]
fn it_fits_another_size() {
    let mut it = Terminal::new(100, 30, &[&program("mutex.toy")]);
    it.shows(&["Lanes", "Shared"]);
    it.display = Display::new(40, 10);
    tcsetwinsize(&it.line, size(40, 10)).expect("a size");
    it.signal(Signal::WINCH);
    it.shows(&["Threads: 1, 1 ready", "Enter step"]);
    assert!(!it.display.text().contains("Lanes"));
    it.press("q");
    assert_eq!(it.ends(), (Some(0), true));
}

#[test]
fn a_signal_gives_the_terminal_back() {
    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        let mut it = Terminal::new(80, 24, &[&program("mutex.toy")]);
        it.shows(&["q quit"]);
        it.signal(signal);
        assert_eq!(it.ends(), (Some(status), true), "{signal:?}");
    }
}

#[test]
fn a_terminal_that_is_gone_ends_it() {
    let mut it = Terminal::new(80, 24, &[&program("mutex.toy")]);
    it.shows(&["q quit"]);
    let Terminal { mut child, mut keys, line, written, .. } = it;
    // The thread that reads has a handle of the terminal, until it has something for nobody.
    drop((line, written));
    keys.write_all(b"n").expect("pressed");
    drop(keys);
    let began = Instant::now();
    while child.0.try_wait().expect("waited").is_none() {
        assert!(began.elapsed() < PATIENCE, "it does not end");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn no_color_is_respected() {
    for no_color in [false, true] {
        let file = program("philosophers_deadlock.toy");
        let mut it = Terminal::with(80, 24, &[&file], no_color);
        it.shows(&["q quit"]).press("rr").shows(&["deadlock: 3 threads"]);
        it.press("q");
        let colours = styles(&it.all)
            .filter(|style| style.starts_with(['3', '4']) && !["39", "49"].contains(style))
            .count();
        assert_eq!(colours == 0, no_color, "{:?}", it.all);
        assert_eq!(it.ends(), (Some(0), true));
    }
}

/// The numbers of every sequence that sets how characters look.
fn styles(written: &str) -> impl Iterator<Item = &str> {
    written.split("\x1b[").filter_map(|rest| {
        let end = rest.find(|char: char| char != ';' && !char.is_ascii_digit())?;
        rest[end..].starts_with('m').then_some(&rest[..end])
    })
}

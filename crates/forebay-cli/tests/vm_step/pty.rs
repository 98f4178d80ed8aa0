//! A terminal on which the command runs: keys are pressed, and what it shows is looked at.

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
pub(crate) struct Terminal {
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
    pub(crate) fn new(columns: u16, rows: u16, verb: &str, arguments: &[&str]) -> Self {
        Self::with(columns, rows, verb, arguments, false)
    }

    pub(crate) fn with(
        columns: u16,
        rows: u16,
        verb: &str,
        arguments: &[&str],
        no_color: bool,
    ) -> Self {
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
        command.arg(env!("CARGO_BIN_EXE_forebay")).args(verb.split(' ')).args(arguments);
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

    pub(crate) fn press(&mut self, keys: &str) -> &mut Self {
        self.keys.write_all(keys.as_bytes()).expect("pressed");
        self
    }

    /// Waits until all that is shown.
    pub(crate) fn shows(&mut self, parts: &[&str]) -> &mut Self {
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
    pub(crate) fn ends(mut self) -> (Option<i32>, bool) {
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

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child.0), signal).expect("sent");
    }

    /// Gives it another size.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.display = Display::new(columns.into(), rows.into());
        tcsetwinsize(&self.line, size(columns, rows)).expect("a size");
        self.signal(Signal::WINCH);
    }

    /// What it shows now.
    pub(crate) fn text(&self) -> String {
        self.display.text()
    }

    /// Whether colours came out so far.
    pub(crate) fn is_colored(&self) -> bool {
        styles(&self.all)
            .any(|style| style.starts_with(['3', '4']) && !["39", "49"].contains(&style))
    }

    /// Takes the terminal away, and waits for the command's end.
    pub(crate) fn hang_up(self) {
        let Self { mut child, mut keys, line, written, .. } = self;
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
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

/// The numbers of every sequence that sets how characters look.
fn styles(written: &str) -> impl Iterator<Item = &str> {
    written.split("\x1b[").filter_map(|rest| {
        let end = rest.find(|char: char| char != ';' && !char.is_ascii_digit())?;
        rest[end..].starts_with('m').then_some(&rest[..end])
    })
}

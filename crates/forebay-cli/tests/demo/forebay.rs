//! Starting a scene and looking at what it told.

use std::fs::File;
use std::io::Read as _;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Every scene, in the order in which they are listed.
pub(crate) const SCENES: [&str; 14] = [
    "squares",
    "random",
    "semaphores",
    "monitor",
    "starvation",
    "overflow",
    "scaling",
    "balancing",
    "reactive",
    "race",
    "processes",
    "broker",
    "deadlock",
    "toyvm",
];

/// Those that need nothing but this machine. What the others do is tested where servers are: in `tests/url`.
pub(crate) fn local() -> impl Iterator<Item = &'static str> {
    SCENES.into_iter().filter(|scene| *scene != "broker")
}

/// Longer than any scene takes on the slowest machine.
const HANGS: Duration = Duration::from_mins(2);

pub(crate) fn demo(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forebay"));
    command.arg("demo").args(arguments.split_whitespace()).stdin(Stdio::null());
    command
}

pub(crate) fn output(arguments: &str) -> Output {
    let child = demo(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    finished(child.expect("the command starts"))
}

/// What a scene printed when it has ended.
pub(crate) fn finished(child: Child) -> Output {
    let watchdog = Watchdog::over(&child);
    let output = child.wait_with_output().expect("it can be waited for");
    watchdog.call_off();
    output
}

/// Kills a scene that hangs, and so fails its test.
pub(crate) struct Watchdog {
    leash: Sender<()>,
    barked: JoinHandle<bool>,
}

impl Watchdog {
    pub(crate) fn over(child: &Child) -> Self {
        let pid = Pid::from_child(child);
        let (leash, held) = mpsc::channel();
        let barked = thread::spawn(move || {
            let hangs = held.recv_timeout(HANGS) == Err(RecvTimeoutError::Timeout);
            hangs && kill_process(pid, Signal::KILL).is_ok()
        });
        Self { leash, barked }
    }

    pub(crate) fn call_off(self) {
        drop(self.leash);
        assert!(!self.barked.join().unwrap(), "it hung, and was killed");
    }
}

/// What a scene that ends well prints.
pub(crate) fn told(arguments: &str) -> String {
    let output = output(arguments);
    assert!(output.status.success(), "{arguments}: {output:?}");
    assert!(output.stderr.is_empty(), "{arguments}: {output:?}");
    String::from_utf8(output.stdout).expect("it prints text")
}

/// The three counts of the last line.
pub(crate) fn account(told: &str) -> [u64; 3] {
    let last = told.lines().last().expect("there is a last line");
    let counts: Vec<u64> = last
        .split(", ")
        .zip(["produced", "consumed", "remaining"])
        .map(|(part, word)| {
            let (count, its_word) = part.split_once(' ').expect("a count and a word");
            assert_eq!(its_word, word, "{last}");
            count.parse().expect("a count")
        })
        .collect();
    counts.try_into().unwrap_or_else(|_| panic!("three counts: {last}"))
}

/// The number in front of the first of these words: 3 in `waits for 3 places`, asked for `places`.
pub(crate) fn number_before(told: &str, words: &str) -> u64 {
    let before = told.split(words).next().expect("split gives one");
    assert!(before.len() < told.len(), "no {words:?} in {told}");
    let word = before.split_whitespace().next_back().expect("a word before it");
    word.parse().unwrap_or_else(|_| panic!("{word:?} before {words:?} in {told}"))
}

/// The cells of the row that begins so, in the last table of a scene.
pub(crate) fn row<'a>(told: &'a str, name: &str) -> Vec<&'a str> {
    let row = told.lines().rev().find_map(|line| line.strip_prefix(name));
    let row = row.unwrap_or_else(|| panic!("no row {name:?} in {told}"));
    row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

/// The depths in a scene's lines, as `(waiting, capacity)`.
pub(crate) fn depths(told: &str) -> Vec<(u64, u64)> {
    told.lines()
        .filter_map(|line| line.rsplit_once('(')?.1.strip_suffix(')'))
        .filter_map(|depth| {
            let (waiting, capacity) = depth.split_once(" of ")?;
            let waiting = waiting.rsplit(' ').next()?;
            Some((waiting.parse().ok()?, capacity.parse().ok()?))
        })
        .collect()
}

/// What stands after `verb` in the lines of a scene, up to the depth or the next step.
pub(crate) fn items<'a>(told: &'a str, verb: &str) -> Vec<&'a str> {
    told.lines()
        .filter_map(|line| line.split_once(verb))
        .map(|(_, rest)| rest.split([',', '(']).next().expect("split gives one").trim())
        .collect()
}

/// What a scene prints on a terminal so wide.
pub(crate) fn told_on_terminal(columns: u16, no_color: bool, arguments: &str) -> String {
    let main = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pty");
    grantpt(&main).expect("granted");
    unlockpt(&main).expect("unlocked");
    let name = ptsname(&main, Vec::new()).expect("a name");
    let terminal =
        rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("open");
    tcsetwinsize(&terminal, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })
        .expect("a size");
    let mut command = demo(arguments);
    command.env("TERM", "xterm-256color").env_remove("NO_COLOR").stdout(terminal);
    if no_color {
        command.env("NO_COLOR", "1");
    }
    let mut child = command.spawn().expect("starts");
    let watchdog = Watchdog::over(&child);
    // The command keeps a handle of the terminal's other end, without which this would never end.
    drop(command);
    let mut bytes = Vec::new();
    // A terminal that nobody has open any more ends with an error.
    let _ = File::from(main).read_to_end(&mut bytes);
    let status = child.wait().expect("it can be waited for");
    watchdog.call_off();
    assert!(status.success(), "{arguments}: {}", String::from_utf8_lossy(&bytes));
    String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
}

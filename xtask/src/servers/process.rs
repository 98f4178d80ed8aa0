//! A process that goes on when this program has ended, and is found again by what it wrote of itself.
//!
//! Its number alone would not do: by the time that somebody reads it, it may be a stranger's. So the process
//! writes down, before it becomes what it is to be, when it was started and since which start of the machine
//! that is counted; and whoever reads it compares. What writes it is the process itself, so that none ever
//! runs without a record, even if who started it is killed.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use std::os::unix::process::CommandExt;

/// Where the system says which start of the machine this is.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// Writes the record `$0`, then becomes `$@`. Whoever removes it all moves the folder of the record away first, and
/// then reads it: so if the record is still in its place once it is written, it will be found, and else nothing is
/// started.
const WITNESS: &str = r#"cat /proc/sys/kernel/random/boot_id "/proc/$$/stat" > "$0" &&
    test -e "$0" && exec "$@""#;

/// The variable that says which folder a process belongs to. What it starts inherits that, and is found by it, even if
/// it has left the process's group.
const MARK: &str = "FOREBAY_SERVER_FOLDER";

/// How long what was killed may take to be gone: it may sleep in the system, where nothing wakes it.
pub(super) const DYING: Duration = Duration::from_secs(30);

/// How long a process that has been started may take to write its record.
const WRITING: Duration = Duration::from_secs(10);

/// A pause between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Signals, by name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Signal {
    Term,
    Kill,
    Stop,
    Cont,
}

/// A process that lives, and is the one of its record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    group: u32,
    pub(super) frozen: bool,
}

/// Starts a command that belongs to a folder, in a process group of its own; what it prints goes to the end of `log`.
pub(super) fn start(
    command: &Command,
    folder: &Path,
    record: &Path,
    log: &Path,
) -> Result<(), String> {
    let at = |path: &Path, error| format!("{}: {error}", path.display());
    let log_file =
        File::options().append(true).create(true).open(log).map_err(|error| at(log, error))?;
    let twin = log_file.try_clone().map_err(|error| at(log, error))?;
    File::create(record).map_err(|error| at(record, error))?;
    let mut witnessed = Command::new("sh");
    witnessed.args(["-c", WITNESS]).arg(record).arg(command.get_program()).args(command.get_args());
    witnessed.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    witnessed.env(MARK, folder).current_dir(folder);
    witnessed.process_group(0).stdin(Stdio::null()).stdout(log_file).stderr(twin);
    witnessed.spawn().map_err(|error| format!("cannot start sh: {error}"))?;
    if written_within(record, WRITING) {
        Ok(())
    } else {
        Err(format!("{} stays empty", record.display()))
    }
}

/// The process of a record, if it still lives.
pub(super) fn of(record: &Path) -> Option<Process> {
    let (boot, then) = read(record)?;
    let now = Stat::parse(&fs::read_to_string(format!("/proc/{}/stat", then.pid)).ok()?)?;
    let same = now.start == then.start && fs::read_to_string(BOOT).ok()?.trim() == boot;
    // A zombie is none: it waits for who started it, and does nothing any more.
    let lives = same && !matches!(now.state, 'Z' | 'X' | 'x');
    lives.then_some(Process { pid: now.pid, group: now.group, frozen: now.state == 'T' })
}

/// Which start of the machine, and what of it, if the record was written to its end.
fn read(record: &Path) -> Option<(String, Stat)> {
    let written = fs::read_to_string(record).ok()?;
    let (boot, stat) = written.split_once('\n')?;
    Some((boot.to_owned(), Stat::parse(stat)?))
}

/// Whether the record is written to its end before that time is over.
fn written_within(record: &Path, time: Duration) -> bool {
    within(time, || read(record).is_some())
}

/// Whether the process of this record is gone before that time is over.
pub(super) fn gone_within(record: &Path, time: Duration) -> bool {
    within(time, || of(record).is_none())
}

fn within(time: Duration, so: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !so() {
        if start.elapsed() > time {
            return false;
        }
        thread::sleep(PAUSE);
    }
    true
}

/// Kills all that belongs to this folder, and waits until it is gone.
pub(super) fn end_all_of(folder: &Path) -> Result<(), String> {
    let start = Instant::now();
    loop {
        let left = all_of(folder);
        if left.is_empty() {
            return Ok(());
        }
        if start.elapsed() > DYING {
            return Err(format!("process {} was killed and does not end", left.join(", ")));
        }
        for pid in left {
            send(Signal::Kill, &pid)?;
        }
        thread::sleep(PAUSE);
    }
}

/// The numbers of all processes that belong to this folder and live.
fn all_of(folder: &Path) -> Vec<String> {
    let mark = format!("{MARK}={}", folder.display());
    let belongs = |pid: &String| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .map(|process| process.file_name().to_string_lossy().into_owned())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(belongs)
        .collect()
}

impl Process {
    /// To the process alone.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), String> {
        send(signal, &self.pid.to_string())
    }

    /// To all that it has started, too, as far as that has stayed in its group.
    pub(super) fn signal_group(&self, signal: Signal) -> Result<(), String> {
        send(signal, &format!("-{}", self.group))
    }
}

fn send(signal: Signal, whom: &str) -> Result<(), String> {
    let name = match signal {
        Signal::Term => "TERM",
        Signal::Kill => "KILL",
        Signal::Stop => "STOP",
        Signal::Cont => "CONT",
    };
    // That it has just ended is no failure: who wants to know looks at the record.
    let done = Command::new("sh")
        .args(["-c", r#"kill -s "$0" -- "$1""#, name, whom])
        .stderr(Stdio::null())
        .status();
    done.map(|_| ()).map_err(|error| format!("cannot start sh: {error}"))
}

/// What of `/proc/PID/stat` matters here.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    pid: u32,
    state: char,
    group: u32,
    /// When it was started, in ticks since the machine was.
    start: u64,
}

impl Stat {
    /// The name stands in parentheses and may hold anything, these too.
    fn parse(line: &str) -> Option<Self> {
        let (pid, rest) = line.split_once(" (")?;
        let (_, fields) = rest.rsplit_once(") ")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        Some(Self {
            pid: pid.parse().ok()?,
            state: fields.first()?.chars().next()?,
            group: fields.get(2)?.parse().ok()?,
            start: fields.get(19)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::scratch::Folder;

    /// Against hangs.
    const LONG: Duration = Duration::from_mins(2);

    #[test]
    fn a_name_cannot_pretend_to_be_more() {
        let fields = "S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 10 11";
        let line = format!("12 (a) S 9 (b) {fields}\n");
        let stat = Stat { pid: 12, state: 'S', group: 7, start: 4711 };
        assert_eq!(Stat::parse(&line), Some(stat));
        assert_eq!(Stat::parse("12 (a) S 1"), None);
        assert_eq!(Stat::parse(""), None);
    }

    #[test]
    fn a_process_is_found_frozen_and_ended() {
        let folder = Folder::for_test();
        let (record, log) = (folder.path().join("record"), folder.path().join("log"));
        let mut command = Command::new("sh");
        command.args(["-c", "echo $$; exec sleep 1000"]);
        start(&command, folder.path(), &record, &log).unwrap();
        let process = of(&record).unwrap();
        let said = || fs::read_to_string(&log).unwrap();
        assert!(within(LONG, || said().trim() == process.pid.to_string()), "{}", said());
        process.signal_group(Signal::Stop).unwrap();
        assert!(within(LONG, || of(&record).unwrap().frozen));
        process.signal_group(Signal::Cont).unwrap();
        process.signal(Signal::Term).unwrap();
        assert!(gone_within(&record, LONG));
    }

    #[test]
    fn a_stranger_with_the_same_number_is_none() {
        let folder = Folder::for_test();
        let record = folder.path().join("record");
        let mut command = Command::new("sleep");
        start(command.arg("1000"), folder.path(), &record, &folder.path().join("log")).unwrap();
        let process = of(&record).unwrap();
        let written = fs::read_to_string(&record).unwrap();

        let (boot, stat) = written.split_once('\n').unwrap();
        fs::write(&record, format!("another\n{stat}")).unwrap();
        assert_eq!(of(&record), None, "of an earlier start of the machine");

        let start = Stat::parse(stat).unwrap().start;
        let older = stat.replace(&format!(" {start} "), &format!(" {} ", start - 1));
        fs::write(&record, format!("{boot}\n{older}")).unwrap();
        assert_eq!(of(&record), None, "of an earlier process");

        for broken in ["", boot, &format!("{boot}\n")] {
            fs::write(&record, broken).unwrap();
            assert_eq!(of(&record), None, "of a record that was not written to its end");
        }

        fs::write(&record, written).unwrap();
        assert_eq!(of(&record).as_ref(), Some(&process));
        process.signal(Signal::Kill).unwrap();
        assert!(gone_within(&record, LONG));
    }

    #[test]
    fn without_a_place_for_its_record_nothing_starts() {
        let folder = Folder::for_test();
        let began = folder.path().join("began");
        let missing = folder.path().join("missing/record");
        let mut witness = Command::new("sh");
        witness.args(["-c", WITNESS]).arg(&missing).arg("touch").arg(&began);
        assert!(!witness.stderr(Stdio::null()).status().unwrap().success());
        assert!(!began.exists());
    }

    #[test]
    fn a_record_that_is_moved_away_while_it_is_written_starts_nothing() {
        let folder = Folder::for_test();
        let (record, began) = (folder.path().join("record"), folder.path().join("began"));
        let mut witness = Command::new("sh");
        // A `cat` that is slow: when it is done, the record is elsewhere.
        let slow =
            format!("cat() {{ command cat \"$@\"; mv '{0}' '{0}.away'; }}\n", record.display());
        witness.args(["-c", &format!("{slow}{WITNESS}")]).arg(&record).arg("touch").arg(&began);
        assert!(!witness.status().unwrap().success());
        assert!(!began.exists());
        assert!(read(&record.with_extension("away")).is_some());
    }
}

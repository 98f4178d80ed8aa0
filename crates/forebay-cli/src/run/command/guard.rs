//! What keeps commands from outliving a killed forebay.
//!
//! The guard is this same program, started first, in a process group of its own. It sleeps on a pipe
//! whose other end only forebay holds; the kernel closes that end however forebay dies. Then the
//! guard kills every process group that the [table](crate::run::command::group) names. A command that was just
//! being started has no group there yet; it is found by its environment, which names the item, or the worker.
//!
//! Where items lie in a file, the guard also keeps a descriptor open by which their leases live on until all that
//! worked on them is gone: no command is left running whose item was delivered again.
//!
//! A parent-death signal would be simpler, but costs a `fork` for each command instead of a
//! `posix_spawn`, and does not reach what the command has started itself;
//! `docs/decisions/0002-starting-commands.md` has the figures.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use std::{env, process};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, getpgid, kill_process_group};
use rustix::stdio;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::run::command::group::{Groups, Record, mark};
use crate::run::command::processes::of_group;

/// The hidden verb.
const VERB: &str = "guard-of-run";

/// How long a command that was being started when forebay died is looked for.
const SEARCH: Duration = Duration::from_secs(1);

/// How long what was killed may take to be gone: it may sleep in the system, where nothing wakes it.
const DYING: Duration = Duration::from_secs(10);

/// The guard of this run. It goes when dropped.
#[derive(Debug)]
pub(crate) struct Guard {
    process: Child,
    lifeline: Option<ChildStdin>,
}

impl Guard {
    /// `keep` stays open as long as the guard lives, and from here on nowhere else.
    pub(crate) fn start(groups: &Groups, keep: Option<OwnedFd>) -> io::Result<Self> {
        let table = groups.table().ok_or_else(|| io::Error::other("no memory file"))?;
        if let Some(keep) = &keep {
            // Nothing else is started meanwhile, which would inherit it, too.
            fcntl_setfd(keep, FdFlags::empty())?;
        }
        let mut process = Command::new("/proc/self/exe")
            .arg(VERB)
            .arg(process::id().to_string())
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(table)
            .stderr(Stdio::null())
            .spawn()?;
        let lifeline = process.stdin.take();
        drop(keep);
        Ok(Self { process, lifeline })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.lifeline.take();
        let _ = self.process.wait();
    }
}

/// Serves as the guard if this process was started as one.
pub(crate) fn serve_if_asked() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next()? != VERB {
        return None;
    }
    let forebay = arguments.next()?.to_str()?.parse().ok()?;
    let table = stdio::stdout().try_clone_to_owned().map(File::from);
    // What is sent to every forebay there is, or to a group without a terminal, must not end it before its time.
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        let _ = signal_hook::flag::register(signal, Arc::default());
    }
    // Nothing is ever written to the lifeline: it ends when forebay does.
    while io::stdin().read(&mut [0]).is_err_and(|error| error.kind() == io::ErrorKind::Interrupted)
    {
    }
    if let Ok(table) = table {
        kill_all(&table, forebay);
    }
    Some(ExitCode::SUCCESS)
}

fn kill_all(table: &File, forebay: u32) {
    let records = Record::read_all(table).unwrap_or_default();
    let mut starting = Vec::new();
    let mut killed = Vec::new();
    for record in records {
        let group = i32::try_from(record.group).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
            killed.push(group);
        } else {
            let (variable, value) = mark(forebay, record.seq);
            starting.push(format!("{variable}={value}"));
        }
    }
    let deadline = Instant::now() + SEARCH;
    while !starting.is_empty() && Instant::now() < deadline {
        starting.retain(|mark| !kill_marked(mark.as_bytes(), &mut killed));
        thread::sleep(Duration::from_millis(10));
    }
    // They are told to die; their items are kept from others until they have.
    let deadline = Instant::now() + DYING;
    while Instant::now() < deadline {
        killed.retain(|group| !of_group(*group).is_empty());
        if killed.is_empty() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Kills the group of every process whose environment holds the mark, and adds it to those; says whether there
/// was one.
fn kill_marked(mark: &[u8], killed: &mut Vec<Pid>) -> bool {
    let mut found = false;
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(environment) = fs::read(entry.path().join(OsStr::new("environ"))) else { continue };
        if environment.split(|byte| *byte == 0).any(|variable| variable == mark)
            && let Some(process) = Pid::from_raw(process)
            && let Ok(group) = getpgid(Some(process))
        {
            found = true;
            let _ = kill_process_group(group, Signal::KILL);
            killed.push(group);
        }
    }
    found
}

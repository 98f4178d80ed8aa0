//! What removes all that was started, however whoever started it comes to its end.
//!
//! It is this same program, started first, in a process group of its own. It sleeps on a pipe whose other end
//! only the one who starts servers holds, and which the kernel closes however that one dies. That of an `up`
//! holds the lock, too: whoever comes next waits until all is removed. That of a run of tests does not, for tests
//! start and stop servers meanwhile.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};

use super::scratch::Scratch;
use super::{description, lent};

/// The hidden verbs.
const OF_UP: &str = "guard-of-up";
const OF_TESTS: &str = "guard-of-tests";

/// What `up` says when it is done.
const DONE: &[u8] = b"done";

/// The guard of one `up`, or of one run of tests.
#[derive(Debug)]
pub(super) struct Guard {
    process: Child,
    lifeline: Option<ChildStdin>,
}

impl Guard {
    /// Over the servers of these names, with the lock on all.
    pub(super) fn of_up(lock: &File, names: &[String]) -> Result<Self, String> {
        let lock = lock.try_clone().map_err(|error| format!("the lock: {error}"))?;
        Self::start(OF_UP, names, lock.into())
    }

    /// Over all servers that tests have, but for these.
    pub(super) fn of_tests(but: &[String]) -> Result<Self, String> {
        Self::start(OF_TESTS, but, Stdio::null())
    }

    fn start(verb: &str, names: &[String], stdout: Stdio) -> Result<Self, String> {
        let mut process = Command::new("/proc/self/exe")
            .args(["servers", verb])
            .args(names)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(stdout)
            .spawn()
            .map_err(|error| format!("cannot start the guard: {error}"))?;
        let lifeline = process.stdin.take();
        Ok(Self { process, lifeline })
    }

    /// All is well, and nothing to be removed.
    pub(super) fn dismiss(mut self) -> Result<(), String> {
        let mut lifeline = self.lifeline.take().expect("held until here");
        lifeline.write_all(DONE).map_err(|error| format!("the guard is gone: {error}"))
    }
}

impl Drop for Guard {
    /// It has removed all, unless it was dismissed.
    fn drop(&mut self) {
        self.lifeline.take();
        let _ = self.process.wait();
    }
}

/// The guard's own part, if this is one.
pub(super) fn watch(verb: &str, names: &[String]) -> Option<Result<ExitCode, String>> {
    match verb {
        OF_UP => Some(watch_up(names)),
        OF_TESTS => Some(watch_tests(names)),
        _ => None,
    }
}

fn watch_up(names: &[String]) -> Result<ExitCode, String> {
    if hear()? == DONE {
        return Ok(ExitCode::SUCCESS);
    }
    let scratch = Scratch::of_this_target()?;
    if names.iter().any(|name| scratch.path(name).exists()) {
        eprintln!("removing what was started");
    }
    remove(&scratch, names)
}

fn watch_tests(but: &[String]) -> Result<ExitCode, String> {
    hear()?;
    let scratch = Scratch::of_this_target()?;
    let _lock = scratch.lock()?;
    let mut names = scratch.names()?;
    names.retain(|name| lent::is_of_tests(name) && !but.contains(name));
    remove(&scratch, &names)
}

/// What was said by the one who is guarded, who has come to his end then.
fn hear() -> Result<Vec<u8>, String> {
    let mut said = Vec::new();
    io::stdin().read_to_end(&mut said).map_err(|error| error.to_string())?;
    Ok(said)
}

fn remove(scratch: &Scratch, names: &[String]) -> Result<ExitCode, String> {
    for name in names {
        scratch.remove(name, false)?;
    }
    scratch.tidy()?;
    if scratch.exists() {
        description::write(scratch)?;
    }
    Ok(ExitCode::SUCCESS)
}

//! What removes all that `up` has started, if `up` does not come to its end.
//!
//! It is this same program, started first, in a process group of its own. It sleeps on a pipe whose other end
//! only `up` holds, and which the kernel closes however `up` dies. It holds the lock, too: whoever comes next
//! waits until all is removed.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};

use super::description;
use super::scratch::Scratch;

/// The hidden verb.
pub(super) const VERB: &str = "guard-of-up";

/// What `up` says when it is done.
const DONE: &[u8] = b"done";

/// The guard of one `up`.
#[derive(Debug)]
pub(super) struct Guard {
    process: Child,
    lifeline: Option<ChildStdin>,
}

impl Guard {
    /// Over the servers of these names, with the lock on all.
    pub(super) fn start(lock: &File, names: &[String]) -> Result<Self, String> {
        let mut process = Command::new("/proc/self/exe")
            .args(["servers", VERB])
            .args(names)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(lock.try_clone().map_err(|error| format!("the lock: {error}"))?)
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

/// The guard's own part.
pub(super) fn watch(names: &[String]) -> Result<ExitCode, String> {
    let mut said = Vec::new();
    io::stdin().read_to_end(&mut said).map_err(|error| error.to_string())?;
    if said == DONE {
        return Ok(ExitCode::SUCCESS);
    }
    let scratch = Scratch::of_this_target()?;
    if names.iter().any(|name| scratch.path(name).exists()) {
        eprintln!("removing what was started");
    }
    for name in names {
        scratch.remove(name, false)?;
    }
    scratch.tidy()?;
    if scratch.exists() {
        description::write(&scratch)?;
    }
    Ok(ExitCode::SUCCESS)
}

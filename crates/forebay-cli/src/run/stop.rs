//! Whether the run is to stop early, how soon, and why.

use std::fmt::{self, Display};
use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::Signal;

use super::command::GRACE;
use super::command::group::Groups;
use super::halt::{What, When};
use super::message::say;
use super::{Run, spawn};

/// Why a run stops before all items are done. The first cause counts, but an interruption outweighs
/// the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// `--halt`; whether by its `success`.
    Halted { success: bool },
    /// The command can never be run: 126, or was not found: 127.
    NeverRuns(u8),
    /// Whoever read standard output went away.
    OutputGone,
    /// Something that the run needs broke: the joblog, standard output.
    Broken,
    /// By this signal.
    Interrupted(i32),
}

impl Display for Cause {
    /// In words that end a sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Halted { .. } => f.write_str("--halt was reached"),
            Self::NeverRuns(127) => f.write_str("the command was not found"),
            Self::NeverRuns(_) => f.write_str("the command can never be run"),
            Self::OutputGone => f.write_str("whoever read its output went away"),
            Self::Broken => {
                f.write_str("something that it needs broke, as it told on standard error")
            }
            Self::Interrupted(1) => f.write_str("it was interrupted by SIGHUP"),
            Self::Interrupted(2) => f.write_str("it was interrupted by Ctrl-C"),
            Self::Interrupted(15) => f.write_str("it was interrupted by SIGTERM"),
            Self::Interrupted(signal) => write!(f, "it was interrupted by signal {signal}"),
        }
    }
}

const RUNNING: u8 = 0;
const SOON: u8 = 1;
const NOW: u8 = 2;

/// The decision, readable by all.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    level: AtomicU8,
    cause: Mutex<Option<Cause>>,
    /// Locked while it is told what broke; and whether that was told.
    told: Mutex<bool>,
}

impl Stop {
    /// Start nothing more, let finish what runs.
    pub(crate) fn soon(&self, cause: Cause) -> bool {
        self.set(SOON, cause)
    }

    /// Stop what runs, too.
    pub(crate) fn now(&self, cause: Cause) -> bool {
        self.set(NOW, cause)
    }

    /// Says whether it was the first to give a cause.
    fn set(&self, level: u8, cause: Cause) -> bool {
        let mut first = self.cause.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = first.is_none();
        let interrupts = matches!(cause, Cause::Interrupted(_))
            && !matches!(*first, Some(Cause::Interrupted(_)));
        if is_first || interrupts {
            *first = Some(cause);
        }
        self.level.fetch_max(level, Ordering::SeqCst);
        is_first
    }

    /// Tells what broke, unless there is a cause already. Whoever else finds something broken waits meanwhile.
    fn tell(&self, why: impl Display) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut *told, true) && self.cause().is_none() {
            say(why);
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.level.load(Ordering::SeqCst) != RUNNING
    }

    pub(crate) fn is_now(&self) -> bool {
        self.level.load(Ordering::SeqCst) == NOW
    }

    pub(crate) fn cause(&self) -> Option<Cause> {
        *self.cause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run {
    /// Starts nothing more. Says whether this was the first reason to stop.
    pub(crate) fn stop_soon(&self, cause: Cause) -> bool {
        let is_first = self.stop.soon(cause);
        self.buffer.close();
        self.pace.end();
        self.gate.end();
        self.backoff.end();
        if let Some(shared) = &self.shared {
            shared.demand.end();
        }
        if is_first {
            self.stop_producers();
        }
        is_first
    }

    /// Starts nothing more, and stops what runs.
    pub(crate) fn stop_now(&self, cause: Cause) -> bool {
        let is_first = self.stop.now(cause);
        self.stop_soon(cause);
        self.groups.stop_all(Signal::TERM);
        self.after_grace(|groups| groups.stop_all(Signal::KILL));
        is_first
    }

    /// Starts nothing more, as something broke. It is told why first: once the run is to stop, the process may end at any
    /// moment.
    pub(crate) fn stop_broken(&self, why: impl Display) {
        self.stop.tell(why);
        self.stop_soon(Cause::Broken);
    }

    /// The same, and stops what runs.
    pub(crate) fn stop_broken_now(&self, why: impl Display) {
        self.stop.tell(why);
        self.stop_now(Cause::Broken);
    }

    pub(super) fn after_grace(&self, kill: fn(&Groups)) {
        let groups = Arc::clone(&self.groups);
        let body = move || {
            thread::sleep(GRACE);
            kill(&groups);
        };
        // Without a thread to wait there is no grace.
        if spawn("grace", body).is_err() {
            kill(&self.groups);
        }
    }

    /// Standard output takes no more.
    pub(crate) fn stop_without_output(&self, error: &io::Error) {
        if error.kind() == io::ErrorKind::BrokenPipe {
            // As with `| head`: whoever read has seen enough.
            self.stop_now(Cause::OutputGone);
        } else {
            self.stop_broken_now(format_args!(
                "cannot write to standard output: {error}; stopping"
            ));
        }
    }

    /// Stops if what has ended so far says so.
    pub(crate) fn check_halt(&self) {
        let Some(halt) = self.halt else { return };
        let (succeeded, failed) = (self.tally.succeeded(), self.tally.failed());
        if !halt.is_reached(succeeded, failed, self.total()) {
            return;
        }
        let cause = Cause::Halted { success: halt.what == What::Success };
        let is_first = match halt.when {
            When::Soon => self.stop_soon(cause),
            When::Now => self.stop_now(cause),
        };
        if is_first {
            say(format_args!("halted: {succeeded} finished, {failed} failed"));
        }
    }
}

//! Threads.

use super::{Event, Failure, Fault, Machine, On, Wait, World};
use crate::program::CodeId;
use crate::value::{Handle, Kind, Text, Value};

/// Names a thread: its place in order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadId(pub(crate) u32);

impl ThreadId {
    /// The place, from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a thing is printed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Label {
    /// By the name that the file gave it.
    Named(Text),
    /// By its kind and this number.
    Numbered(u32),
}

/// What a thread is at: first a byte of its own, which each step reads, rather than folded into what
/// follows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Status {
    /// It can go on.
    Runnable,
    /// It waits for another thread to do something.
    Waiting(Wait),
    /// It waits for the clock.
    Sleeping {
        /// Since when, in µs.
        since: u64,
        /// The alarm that wakes it: when, and who slept first.
        until: (u64, u64),
    },
    /// It came to its end.
    Ended,
    /// An instruction failed.
    Failed(Box<Failure>),
    /// It was killed: it went no further than that.
    Killed,
}

impl Status {
    /// Whether it will never go on.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Ended | Self::Failed(_) | Self::Killed)
    }

    /// In a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Runnable => "runnable",
            Self::Waiting(_) => "waiting",
            Self::Sleeping { .. } => "sleeping",
            Self::Ended => "ended",
            Self::Failed(_) => "failed",
            Self::Killed => "killed",
        }
    }
}

/// One thread.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Thread {
    pub(crate) label: Label,
    pub(crate) code: CodeId,
    pub(crate) pc: u32,
    pub(crate) stack: Vec<Value>,
    /// Its variables, in the order of its list's; shorter than that until one further on is set.
    pub(crate) variables: Vec<Option<Value>>,
    pub(crate) status: Status,
    pub(crate) priority: i64,
    pub(crate) daemon: bool,
    pub(crate) joined: bool,
    /// Who waits for its end.
    pub(crate) joiners: Vec<ThreadId>,
    /// How many locks it holds.
    pub(crate) held: u32,
}

impl Thread {
    pub(super) fn new(label: Label, code: CodeId, priority: i64, daemon: bool) -> Self {
        Self {
            label,
            code,
            pc: 0,
            stack: Vec::new(),
            variables: Vec::new(),
            status: Status::Runnable,
            priority,
            daemon,
            joined: false,
            joiners: Vec::new(),
            held: 0,
        }
    }

    /// What it is printed as.
    pub fn label(&self) -> Label {
        self.label
    }

    /// The list that it runs.
    pub fn code(&self) -> CodeId {
        self.code
    }

    /// The address of its next instruction; the length of its list once it has ended. One that waits
    /// goes on here, after the instruction that waits.
    pub fn pc(&self) -> u32 {
        self.pc
    }

    /// The instruction that it is at: the next one, or the one that waits, sleeps or failed.
    pub fn at(&self) -> u32 {
        match &self.status {
            Status::Waiting(wait) => wait.at,
            Status::Sleeping { .. } => self.pc.saturating_sub(1),
            Status::Failed(failure) => failure.at,
            Status::Runnable | Status::Ended | Status::Killed => self.pc,
        }
    }

    /// Its stack, the top last.
    pub fn stack(&self) -> &[Value] {
        &self.stack
    }

    /// Its variables, in the order of its list's; those past the end are not set.
    pub fn variables(&self) -> &[Option<Value>] {
        &self.variables
    }

    /// What it is at.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Its priority; main has 0, a child its parent's + 1.
    pub fn priority(&self) -> i64 {
        self.priority
    }

    /// Whether it may still wait when the run ends.
    pub fn is_daemon(&self) -> bool {
        self.daemon
    }

    /// Whether somebody has joined it, or waits to.
    pub fn is_joined(&self) -> bool {
        self.joined
    }
}

impl Machine {
    /// Starts a thread.
    pub(super) fn start<W: World + ?Sized>(
        &mut self,
        parent: ThreadId,
        code: CodeId,
        daemon: bool,
        world: &mut W,
    ) -> Result<Handle, Fault> {
        if self.state.threads.len() >= self.limits.threads {
            return Err(Fault::TooMuch { what: "threads", limit: self.limits.threads as u64 });
        }
        let priority = self.thread(parent).priority.saturating_add(1);
        let label = self.state.label(Kind::Thread, None);
        let child = self.state.add_thread(Thread::new(label, code, priority, daemon));
        world.event(self, parent, self.thread(parent).pc - 1, Event::Started(child));
        Ok(Handle { kind: Kind::Thread, index: child.0 })
    }

    /// Ends a thread that has come to its end, failed or was killed: whoever waits for that goes on.
    pub(super) fn end<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        status: Status,
        world: &mut W,
    ) {
        let it = self.thread_mut(thread);
        let (at, event) = match &status {
            Status::Failed(failure) => (failure.at, Event::Failed),
            Status::Killed => (it.at(), Event::Killed),
            _ => (it.pc.saturating_sub(1), Event::Ended),
        };
        it.status = status;
        let (held, joiners) = (it.held, std::mem::take(&mut it.joiners));
        if !it.daemon {
            self.state.remaining -= 1;
        }
        self.state.ready.set(thread, false);
        world.event(self, thread, at, event);
        for joiner in joiners {
            self.serve(joiner, world);
        }
        if held > 0 {
            // Whoever asks robustly gets a lock whose holder is gone.
            for lock in 0..self.state.locks.len() as u32 {
                if self.state.locks[lock as usize].owner == Some(thread) {
                    self.settle(On::Lock(lock), world);
                }
            }
        }
    }
}

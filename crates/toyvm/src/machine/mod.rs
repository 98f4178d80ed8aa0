//! The machine: the state of a run, and the one function that changes it, [`Machine::step`].
//!
//! A machine does not decide who goes on: whoever steps it does, be it a scheduler, a recorded
//! schedule, a search or a person. What an instruction does to a lock is in `lock.rs`, and so on; how
//! threads wait and are served is in `line.rs`, the same for all of them.
#![allow(
    clippy::inline_always,
    reason = "in one loop all time is spent: the calls were a tenth of it"
)]

mod arithmetic;
mod array;
mod claims;
mod clock;
mod condition;
mod counter;
mod death;
mod event;
mod execute;
mod fault;
mod line;
mod lock;
mod operands;
mod print;
mod queue;
mod ready;
mod restore;
mod semaphore;
mod show;
mod state;
mod step;
mod thread;
mod variables;

use std::sync::Arc;

pub use event::{Choice, Event, World};
pub(crate) use fault::tell_bad_body;
pub use fault::{Failure, Fault};
pub(crate) use line::Answer;
pub use line::{On, Wait};
pub use ready::Ready;
pub use state::{Array, Condition, Counter, Lock, Queue, Semaphore, State};
pub use step::Stepped;
pub use thread::{Label, Status, Thread, ThreadId};

use crate::program::Program;
use crate::value::{Handle, Text, Texts, Value};

/// What bounds a run, so that no program takes the memory of whoever runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Threads, ended ones included.
    pub threads: usize,
    /// Values on the stack of one thread.
    pub stack: usize,
    /// Messages in one queue.
    pub queue: usize,
    /// Bytes of one string.
    pub text: usize,
    /// Bytes of all strings that a run makes.
    pub texts: usize,
    /// Locks, semaphores, queues, counters, conditions and arrays in all.
    pub objects: usize,
    /// Variables of threads and places of arrays in all.
    pub places: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            threads: 10_000,
            stack: 10_000,
            queue: 1_000_000,
            text: 64 << 10,
            texts: 64 << 20,
            objects: 1_000_000,
            places: 16_000_000,
        }
    }
}

/// Who is served when something that several wait for can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Service {
    /// First come first served, by hand-off: it is given to the one who waits longest.
    #[default]
    InOrder,
    /// Any of them may take it when it is stepped, and so may a newcomer.
    Weak,
}

/// What time means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Time {
    /// An instruction costs a microsecond, and a sleep what it says.
    #[default]
    Virtual,
    /// Anything may take any time: who sleeps may go on at once, and who waits so long at most gives up
    /// when it is stepped. So a search sees what any clock could bring about.
    Any,
}

/// A machine that runs one program.
#[derive(Debug, Clone)]
pub struct Machine {
    program: Arc<Program>,
    texts: Texts,
    limits: Limits,
    service: Service,
    time: Time,
    state: State,
    /// Threads that can go on and stand past their last instruction: they end before the step does.
    ending: Vec<ThreadId>,
}

impl Machine {
    /// A machine at the beginning of a program.
    pub fn new(program: Arc<Program>) -> Self {
        Self::with(program, Service::default(), Limits::default())
    }

    /// Likewise, with other rules of service or other limits.
    pub fn with(program: Arc<Program>, service: Service, limits: Limits) -> Self {
        let texts = Texts::over(Arc::clone(program.texts()));
        let state = State::at_the_beginning(&program);
        Self { program, texts, limits, service, time: Time::Virtual, state, ending: Vec::new() }
    }

    /// The same, with another meaning of time. To be said before the first step.
    #[must_use]
    pub fn in_time(mut self, time: Time) -> Self {
        self.time = time;
        self
    }

    /// What time means.
    pub fn time(&self) -> Time {
        self.time
    }

    /// The program.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// All that changes.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Puts the machine back to, or on to, a state of the same program that this machine was in.
    pub fn set_state(&mut self, state: State) {
        self.state = state;
    }

    /// Who is served first.
    pub fn service(&self) -> Service {
        self.service
    }

    /// One thread.
    pub fn thread(&self, thread: ThreadId) -> &Thread {
        &self.state.threads[thread.index()]
    }

    fn thread_mut(&mut self, thread: ThreadId) -> &mut Thread {
        &mut self.state.threads[thread.index()]
    }

    /// One string.
    pub fn text(&self, text: Text) -> &str {
        self.texts.get(text)
    }

    /// The thing of that name: where an instruction wants a handle, a name serves.
    pub(crate) fn handle_of(&self, value: Value) -> Option<Handle> {
        match value {
            Value::Handle(handle) => Some(handle),
            Value::Text(text) => self.program.object_called(text),
            Value::Int(_) => None,
        }
    }
}

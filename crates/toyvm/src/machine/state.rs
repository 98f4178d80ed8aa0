//! All that changes while a program runs.

use std::collections::{BTreeMap, VecDeque};

use super::{Label, Ready, Thread, ThreadId};
use crate::program::{ClaimId, Program};
use crate::value::{Kind, Value};

/// A lock.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lock {
    /// What it is printed as.
    pub label: Label,
    /// Who holds it, alive or not.
    pub owner: Option<ThreadId>,
    /// Who waits for it, first come first.
    pub line: VecDeque<ThreadId>,
}

/// A counting semaphore (Dijkstra, 1965).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Semaphore {
    /// What it is printed as.
    pub label: Label,
    /// How many more may acquire without waiting.
    pub count: i64,
    /// What the count may not pass.
    pub bound: Option<i64>,
    /// Who waits, first come first.
    pub line: VecDeque<ThreadId>,
}

/// A queue of messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Queue {
    /// What it is printed as.
    pub label: Label,
    /// The messages, the oldest first.
    pub messages: VecDeque<Value>,
    /// The most that may wait in it.
    pub capacity: Option<i64>,
    /// Who waits for a message, first come first.
    pub receivers: VecDeque<ThreadId>,
    /// Who waits for room, first come first; each holds its message.
    pub senders: VecDeque<ThreadId>,
}

/// An atomic counter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Counter {
    /// What it is printed as.
    pub label: Label,
    /// Its value.
    pub value: i64,
}

/// A condition (Hoare, 1974), in the form of Mesa (Lampson & Redell, 1980): who is notified goes for
/// the lock like anyone else, and has to look again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Condition {
    /// What it is printed as.
    pub label: Label,
    /// The lock that its users hold.
    pub lock: u32,
    /// Who waits to be notified, first come first.
    pub line: VecDeque<ThreadId>,
}

/// An array that threads share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Array {
    /// What it is printed as.
    pub label: Label,
    /// Its values.
    pub values: Vec<Value>,
}

/// All that changes while a program runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub(crate) threads: Vec<Thread>,
    pub(crate) ready: Ready,
    /// By name.
    pub(crate) globals: Vec<Option<Value>>,
    pub(crate) locks: Vec<Lock>,
    pub(crate) semaphores: Vec<Semaphore>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) counters: Vec<Counter>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) arrays: Vec<Array>,
    /// How many of each kind have a number for a name.
    pub(crate) numbered: [u32; Kind::COUNT],
    /// What must hold.
    pub(crate) claims: Vec<ClaimId>,
    /// Threads that have to end before the run does.
    pub(crate) remaining: u32,
    /// Microseconds since the beginning.
    pub(super) clock: u64,
    /// Who is to be woken when; of several at once, who slept first.
    pub(super) alarms: BTreeMap<(u64, u64), ThreadId>,
    /// When the first of them goes off; past the end of time if there is none.
    pub(super) next_due: u64,
    /// The number of the next alarm.
    pub(super) next_alarm: u64,
    /// Variables of threads and places of arrays in all.
    pub(crate) places: usize,
    /// Threads that began to wait for another in this step, or while time passed after it: cycles
    /// may have been closed.
    pub(crate) began_to_wait: Vec<ThreadId>,
}

impl State {
    pub(super) fn at_the_beginning(program: &Program) -> Self {
        let mut state = Self {
            threads: Vec::new(),
            ready: Ready::default(),
            globals: vec![None; program.names().len()],
            locks: Vec::new(),
            semaphores: Vec::new(),
            queues: Vec::new(),
            counters: Vec::new(),
            conditions: Vec::new(),
            arrays: Vec::new(),
            numbered: [0; Kind::COUNT],
            claims: Vec::new(),
            remaining: 0,
            clock: 0,
            alarms: BTreeMap::new(),
            next_due: u64::MAX,
            next_alarm: 0,
            places: 0,
            began_to_wait: Vec::new(),
        };
        for declared in program.declared() {
            let label = state.label(declared.kind, declared.name);
            match declared.kind {
                Kind::Thread => unreachable!("threads are entries"),
                Kind::Lock => state.add_lock(label),
                Kind::Semaphore => state.add_semaphore(label, declared.initial, declared.bound),
                Kind::Queue => state.add_queue(label, declared.bound),
                Kind::Counter => state.add_counter(label, declared.initial),
                Kind::Condition => state.add_condition(label, declared.initial as u32),
                Kind::Array => state.add_array(label, declared.initial as usize),
            }
        }
        for entry in program.entries() {
            let label = state.label(Kind::Thread, entry.name);
            state.add_thread(Thread::new(label, entry.code, entry.priority, entry.daemon));
        }
        for (name, value) in program.globals() {
            state.globals[name.index()] = Some(*value);
        }
        state
    }

    /// The name, or the next number of its kind.
    pub(super) fn label(&mut self, kind: Kind, name: Option<crate::value::Text>) -> Label {
        name.map_or_else(
            || {
                let next = &mut self.numbered[kind as usize];
                *next += 1;
                Label::Numbered(*next - 1)
            },
            Label::Named,
        )
    }

    pub(super) fn add_thread(&mut self, thread: Thread) -> ThreadId {
        let id = ThreadId(self.threads.len() as u32);
        if !thread.daemon {
            self.remaining += 1;
        }
        self.threads.push(thread);
        self.ready.set(id, true);
        id
    }

    pub(super) fn add_lock(&mut self, label: Label) {
        self.locks.push(Lock { label, owner: None, line: VecDeque::new() });
    }

    pub(super) fn add_semaphore(&mut self, label: Label, count: i64, bound: Option<i64>) {
        self.semaphores.push(Semaphore { label, count, bound, line: VecDeque::new() });
    }

    pub(super) fn add_queue(&mut self, label: Label, capacity: Option<i64>) {
        self.queues.push(Queue {
            label,
            messages: VecDeque::new(),
            capacity,
            receivers: VecDeque::new(),
            senders: VecDeque::new(),
        });
    }

    pub(super) fn add_counter(&mut self, label: Label, value: i64) {
        self.counters.push(Counter { label, value });
    }

    pub(super) fn add_condition(&mut self, label: Label, lock: u32) {
        self.conditions.push(Condition { label, lock, line: VecDeque::new() });
    }

    pub(super) fn add_array(&mut self, label: Label, length: usize) {
        self.places += length;
        self.arrays.push(Array { label, values: vec![Value::Int(0); length] });
    }

    /// How many things there are that are no threads.
    pub(super) fn objects(&self) -> usize {
        self.locks.len()
            + self.semaphores.len()
            + self.queues.len()
            + self.counters.len()
            + self.conditions.len()
            + self.arrays.len()
    }

    /// Every thread, in order of creation.
    pub fn threads(&self) -> &[Thread] {
        &self.threads
    }

    /// Their ids, in order of creation.
    pub fn thread_ids(&self) -> impl Iterator<Item = ThreadId> + use<> {
        (0..self.threads.len() as u32).map(ThreadId)
    }

    /// The thread of that place in order of creation, from 0.
    pub fn thread_at(&self, place: usize) -> Option<ThreadId> {
        (place < self.threads.len()).then_some(ThreadId(place as u32))
    }

    /// Who can go on.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// The globals, by name.
    pub fn globals(&self) -> &[Option<Value>] {
        &self.globals
    }

    /// The locks.
    pub fn locks(&self) -> &[Lock] {
        &self.locks
    }

    /// The semaphores.
    pub fn semaphores(&self) -> &[Semaphore] {
        &self.semaphores
    }

    /// The queues.
    pub fn queues(&self) -> &[Queue] {
        &self.queues
    }

    /// The counters.
    pub fn counters(&self) -> &[Counter] {
        &self.counters
    }

    /// The conditions.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// The arrays.
    pub fn arrays(&self) -> &[Array] {
        &self.arrays
    }

    /// What must hold after every step.
    pub fn claims(&self) -> &[ClaimId] {
        &self.claims
    }

    /// Microseconds since the beginning.
    pub fn clock(&self) -> u64 {
        self.clock
    }

    /// How many threads have to end before the run does.
    pub fn remaining(&self) -> u32 {
        self.remaining
    }

    /// The threads that began to wait for another in the last step, or while time passed after it.
    /// One may wait no longer.
    pub fn began_to_wait(&self) -> &[ThreadId] {
        &self.began_to_wait
    }
}

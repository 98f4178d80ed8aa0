//! What a macro-step has changed, so that it can be undone, and the state after it packed, without a look
//! at all the rest.

use std::collections::VecDeque;

use crate::machine::{Event, Machine, On, Status, ThreadId};

/// What may have changed; all else is as it was. One who stands in a line counts, if anything changed in
/// the line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Touched {
    /// Anything may have changed.
    all: bool,
    threads: u64,
    locks: u64,
    semaphores: u64,
    queues: u64,
    globals: bool,
    /// What things hold, lines and owners left out.
    contents: bool,
}

impl Touched {
    /// Nothing is known.
    pub(super) const ALL: Self = Self {
        all: true,
        threads: !0,
        locks: !0,
        semaphores: !0,
        queues: !0,
        globals: true,
        contents: true,
    };

    pub(super) fn is_all(&self) -> bool {
        self.all
    }

    pub(super) fn thread(&self, at: usize) -> bool {
        self.all || has(self.threads, at)
    }

    /// Those threads, if it is known which.
    pub(super) fn threads(&self) -> impl Iterator<Item = usize> + use<> {
        bits(self.threads)
    }

    pub(super) fn lock(&self, at: usize) -> bool {
        self.all || has(self.locks, at)
    }

    pub(super) fn semaphore(&self, at: usize) -> bool {
        self.all || has(self.semaphores, at)
    }

    pub(super) fn queue(&self, at: usize) -> bool {
        self.all || has(self.queues, at)
    }

    pub(super) fn globals(&self) -> bool {
        self.globals
    }

    pub(super) fn contents(&self) -> bool {
        self.contents
    }

    /// The thread did something.
    #[inline]
    pub(super) fn note_thread(&mut self, thread: ThreadId) {
        match one(thread.0) {
            Some(bit) => self.threads |= bit,
            None => *self = Self::ALL,
        }
    }

    /// Something was written into a thing.
    pub(super) fn note_contents(&mut self) {
        self.contents = true;
    }

    /// What is told of a step.
    #[inline]
    pub(super) fn note(&mut self, machine: &Machine, thread: ThreadId, event: Event) {
        self.note_thread(thread);
        match event {
            Event::Stored(_) => self.globals = true,
            Event::Counted(_) => self.contents = true,
            Event::Acquired(lock) | Event::Released(lock) => self.note_thing(On::Lock(lock)),
            Event::Lowered(semaphore) | Event::Raised(semaphore) => {
                self.contents = true;
                self.note_thing(On::Semaphore(semaphore));
            }
            Event::Sent(queue) | Event::Received(queue) => {
                self.contents = true;
                self.note_thing(On::Message(queue));
            }
            Event::Waits => {
                if let Status::Waiting(wait) = machine.thread(thread).status() {
                    self.note_thing(wait.on);
                }
            }
            Event::Created(_)
            | Event::Started(_)
            | Event::Failed
            | Event::Killed
            | Event::Notified { .. }
            | Event::GaveUp
            | Event::Sleeps => *self = Self::ALL,
            Event::Ended
            | Event::Joined(_)
            | Event::Loaded(_)
            | Event::GoesOn
            | Event::Chose(_)
            | Event::CanTake(_) => {}
        }
    }

    #[inline]
    fn note_thing(&mut self, on: On) {
        let (bits, index) = match on {
            On::Lock(index) => (&mut self.locks, index),
            On::Semaphore(index) => (&mut self.semaphores, index),
            On::Message(index) | On::Room(index) => (&mut self.queues, index),
            // Who waits for a thread stands in no line.
            On::Thread(_) => return,
            On::Condition(_) => return *self = Self::ALL,
        };
        match one(index) {
            Some(bit) => *bits |= bit,
            None => *self = Self::ALL,
        }
    }

    /// Those who stand in a line in which something changed have another place in it.
    pub(super) fn note_lines(&mut self, machine: &Machine) {
        if self.all {
            return;
        }
        let state = machine.state();
        let (locks, semaphores, queues) = (self.locks, self.semaphores, self.queues);
        let mut note = |line: &VecDeque<ThreadId>| {
            for thread in line {
                self.note_thread(*thread);
            }
        };
        bits(locks).for_each(|at| note(&state.locks[at].line));
        bits(semaphores).for_each(|at| note(&state.semaphores[at].line));
        for queue in bits(queues).map(|at| &state.queues[at]) {
            note(&queue.receivers);
            note(&queue.senders);
        }
    }
}

fn has(bits: u64, at: usize) -> bool {
    at < 64 && bits & 1 << at != 0
}

fn one(at: u32) -> Option<u64> {
    1_u64.checked_shl(at)
}

fn bits(mut left: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (left != 0).then(|| {
            let at = left.trailing_zeros();
            left &= left - 1;
            at as usize
        })
    })
}

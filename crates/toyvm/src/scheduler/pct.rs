//! Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi & Nagarakatte, *A Randomized
//! Scheduler with Probabilistic Guarantees of Finding Bugs*, 2010): threads get random priorities, the
//! highest runs alone, and at depth − 1 random steps whoever runs then falls below all others. A bug
//! that takes `depth` orderings to show, in a run of k steps and n threads, shows with a probability
//! of at least 1 / (n · k^(depth − 1)).

use super::{PURPOSE_PCT, Scheduler, Turn};
use crate::chance::Chance;
use crate::machine::{Machine, Stepped, ThreadId};

/// The scheduler.
#[derive(Debug, Clone)]
pub struct Pct {
    chance: Chance,
    /// Threads from the least important to the most.
    order: Vec<ThreadId>,
    /// Threads that have a place in the order.
    known: usize,
    /// The steps, counted from 1, after which who runs falls to the bottom; in order.
    falls: Vec<u64>,
    steps: u64,
}

impl Pct {
    /// For bugs that take `depth` orderings to show, in a run of about `length` steps.
    pub fn new(seed: u64, depth: u64, length: u64) -> Self {
        let mut chance = Chance::new(seed, PURPOSE_PCT);
        let falls = depth.saturating_sub(1).min(length);
        let mut falls: Vec<u64> = (0..falls).map(|_| 1 + chance.below(length)).collect();
        falls.sort_unstable();
        Self { chance, order: Vec::new(), known: 0, falls, steps: 0 }
    }

    fn fall(&mut self, thread: ThreadId) {
        let place = self.order.iter().position(|other| *other == thread);
        if let Some(place) = place {
            self.order[..=place].rotate_right(1);
        }
    }
}

impl Scheduler for Pct {
    fn next(&mut self, machine: &Machine, last: Option<Turn>) -> ThreadId {
        let state = machine.state();
        for thread in state.thread_ids().skip(self.known) {
            let place = self.chance.below(self.order.len() as u64 + 1) as usize;
            self.order.insert(place, thread);
        }
        self.known = state.threads().len();
        if let Some(Turn { thread, stepped }) = last {
            self.steps += 1;
            let due = self.falls.partition_point(|step| *step <= self.steps);
            // Who says that others shall go first is believed: else a loop that waits by yielding
            // would run alone for ever.
            if due > 0 || stepped == Stepped::Yielded {
                self.falls.drain(..due);
                self.fall(thread);
            }
        }
        let ready = state.ready();
        let highest = self.order.iter().rev().find(|thread| ready.contains(**thread));
        *highest.expect("somebody can go on")
    }
}

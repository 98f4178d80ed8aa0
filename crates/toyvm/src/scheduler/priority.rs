//! The most important first.

use super::{Scheduler, Turn};
use crate::machine::{Machine, ThreadId};

/// The thread of the highest priority; of several, the one that has not run for longest.
#[derive(Debug, Clone, Default)]
pub struct Priority {
    /// For each thread, the number of the step that it made last; 0 if it made none.
    ran: Vec<u64>,
    steps: u64,
}

impl Scheduler for Priority {
    fn next(&mut self, machine: &Machine, last: Option<Turn>) -> ThreadId {
        let state = machine.state();
        self.ran.resize(state.threads().len(), 0);
        if let Some(Turn { thread, .. }) = last {
            self.steps += 1;
            self.ran[thread.index()] = self.steps;
        }
        let most_important = |thread: &ThreadId| {
            let priority = machine.thread(*thread).priority();
            (std::cmp::Reverse(priority), self.ran[thread.index()], *thread)
        };
        state.ready().iter().min_by_key(most_important).expect("somebody can go on")
    }
}

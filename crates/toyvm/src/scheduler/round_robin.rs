//! Each in its turn.

use super::{Scheduler, Turn};
use crate::machine::{Machine, Stepped, ThreadId};

/// Each thread in order of creation, going round from who ran last; each for so many steps at most.
/// Who is woken keeps the place that it was created in.
#[derive(Debug, Clone)]
pub struct RoundRobin {
    quantum: u64,
    left: u64,
}

impl RoundRobin {
    /// Each for `quantum` steps, at least 1.
    pub fn new(quantum: u64) -> Self {
        Self { quantum: quantum.max(1), left: 0 }
    }
}

impl Default for RoundRobin {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Scheduler for RoundRobin {
    #[inline]
    fn next(&mut self, machine: &Machine, last: Option<Turn>) -> ThreadId {
        let ready = machine.state().ready();
        let from = match last {
            None => ThreadId(0),
            Some(Turn { thread, stepped }) => {
                if self.left > 0 && stepped == Stepped::Went && ready.contains(thread) {
                    self.left -= 1;
                    return thread;
                }
                ThreadId(thread.0 + 1)
            }
        };
        self.left = self.quantum - 1;
        ready.next_from(from).expect("somebody can go on")
    }
}

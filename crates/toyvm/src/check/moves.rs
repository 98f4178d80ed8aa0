//! What a thread may do in a state, one thing after the other: step, with each number that may be chosen in
//! it, and die.

use super::explorer::{Explorer, Passed};
use crate::machine::ThreadId;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// It steps, and chooses that number if it is asked for one.
    Steps(u64),
    /// It dies.
    Dies,
}

/// Those that have not been made.
#[derive(Debug)]
pub(super) struct Moves {
    number: u64,
    /// How many numbers there are, as far as it is known.
    choices: u64,
    dies: bool,
}

impl Moves {
    /// Those of a thread in the state that the explorer is in.
    pub(super) fn of(explorer: &Explorer, thread: ThreadId) -> Self {
        let is_ready = explorer.machine.state().ready().contains(thread);
        Self { number: 0, choices: u64::from(is_ready), dies: explorer.may_die(thread) }
    }

    /// The next one.
    pub(super) fn next(&mut self) -> Option<Move> {
        if self.number < self.choices {
            self.number += 1;
            return Some(Move::Steps(self.number - 1));
        }
        std::mem::take(&mut self.dies).then_some(Move::Dies)
    }

    /// How the last one went: as many numbers may be chosen as were asked for.
    pub(super) fn went(&mut self, passed: &Passed) {
        self.choices = passed.choices;
    }
}

//! What a thread may do in a state, one thing after the other: step, with all numbers that may be chosen in
//! it, and die.

use super::explorer::Explorer;
use crate::machine::ThreadId;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// It steps.
    Steps,
    /// It dies.
    Dies,
}

/// Those that have not been made.
#[derive(Debug)]
pub(super) struct Moves {
    /// How many were made.
    pub(super) made: u64,
    /// What was made last, and is made again with other numbers.
    last: Option<Move>,
    steps: bool,
    dies: bool,
}

impl Moves {
    /// Those of a thread in the state that the explorer is in.
    pub(super) fn of(explorer: &Explorer, thread: ThreadId) -> Self {
        let steps = explorer.machine.state().ready().contains(thread);
        Self { made: 0, last: None, steps, dies: explorer.may_die(thread) }
    }

    /// The next one, for which the explorer knows what to choose. It has made the one before, if there was one.
    pub(super) fn next(&mut self, explorer: &mut Explorer) -> Option<Move> {
        if self.last.is_none() || !explorer.stage.choose_next() {
            explorer.stage.choose_first();
            self.last = if std::mem::take(&mut self.steps) {
                Some(Move::Steps)
            } else {
                std::mem::take(&mut self.dies).then_some(Move::Dies)
            };
        }
        self.made += 1;
        self.last
    }
}

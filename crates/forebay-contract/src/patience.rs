//! How long a call may wait.

use std::time::{Duration, Instant};

/// How long a call may wait for room, for an item, or for a join (C5).
///
/// The named forms are shorthands: `put` waits [`Forever`](Patience::Forever), `try_put` is
/// [`Try`](Patience::Try), `put_timeout` and `put_deadline` wait [`Until`](Patience::Until).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Not at all.
    Try,
    /// Until this moment.
    Until(Instant),
    /// As long as it takes.
    Forever,
}

impl Patience {
    /// Waits for `timeout` from now; one too long for the clock waits for ever.
    pub fn lasting(timeout: Duration) -> Self {
        Instant::now().checked_add(timeout).map_or(Self::Forever, Self::Until)
    }
}

//! What happens on full: the producer's choice, and what a put says of it (C9).

use std::time::Duration;

use crate::Patience;

/// What a producer wants done when the buffer is full (C9). Set on its handle.
///
/// The first three say how long [`put`](crate::Produce::put) waits; a form that names its own
/// patience (`try_put`, `put_timeout`, `put_deadline`) goes by that instead. The last two never
/// wait, in any form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Overflow {
    /// Wait for room.
    #[default]
    Wait,
    /// Wait for room at most so long, then hand the item back.
    WaitFor(Duration),
    /// Hand the item back at once.
    Refuse,
    /// Drop the items that have waited longest, as many as it takes. Where other producers stand in
    /// line for room, the item is handed back instead, so that it overtakes none of them.
    DropOldest,
    /// Drop the item that was to be put.
    DropThis,
}

impl Overflow {
    /// How long a put that names no patience waits for room.
    pub fn patience(self) -> Patience {
        match self {
            Self::Wait => Patience::Forever,
            Self::WaitFor(time) => Patience::lasting(time),
            Self::Refuse | Self::DropOldest | Self::DropThis => Patience::Try,
        }
    }

    /// Whether something is dropped when there is no room.
    pub fn drops(self) -> bool {
        matches!(self, Self::DropOldest | Self::DropThis)
    }
}

/// What a put that was not refused has done (C9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The item waits in the buffer.
    Placed,
    /// It does, and so many of the oldest items were dropped for it.
    DroppedOldest(u64),
    /// The item itself was dropped.
    DroppedThis,
}

/// What a put of many items has done: the [`Outcome`]s of those that were not refused, summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Batch {
    /// Items that were placed.
    pub placed: usize,
    /// Items that were waiting, and were dropped for these.
    pub dropped_oldest: u64,
    /// Items of these that were dropped themselves.
    pub dropped_these: usize,
}

impl Batch {
    /// Adds the outcome of one put.
    pub fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Placed => self.placed += 1,
            Outcome::DroppedOldest(dropped) => {
                self.placed += 1;
                self.dropped_oldest += dropped;
            }
            Outcome::DroppedThis => self.dropped_these += 1,
        }
    }
}

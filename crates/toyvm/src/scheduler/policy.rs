//! Which scheduler, by name.

use std::fmt;

use super::{Pct, Priority, Random, RoundRobin, Scheduler, Turn};
use crate::machine::{Machine, ThreadId};

/// A scheduler that is not made yet: what it is called, and its parameters but the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// [`RoundRobin`].
    RoundRobin {
        /// Steps of each in its turn.
        quantum: u64,
    },
    /// [`Priority`].
    Priority,
    /// [`Random`].
    Random,
    /// [`Pct`].
    Pct {
        /// How many orderings a bug takes to show.
        depth: u64,
        /// How many steps a run has, about.
        length: u64,
    },
}

impl Policy {
    /// The names that [`parse`](Self::parse) knows.
    pub const NAMES: [&str; 4] = ["round-robin", "priority", "random", "pct"];

    /// The scheduler of that name, with the usual parameters; `_` serves as `-`.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_lowercase().replace('_', "-").as_str() {
            "round-robin" | "roundrobin" | "rr" | "fifo" => Self::RoundRobin { quantum: 1 },
            "priority" => Self::Priority,
            "random" => Self::Random,
            "pct" => Self::Pct { depth: 3, length: 1_000 },
            _ => return None,
        })
    }

    /// Whether seeds make a difference to who goes on.
    pub fn has_seed(self) -> bool {
        matches!(self, Self::Random | Self::Pct { .. })
    }

    /// The scheduler.
    pub fn scheduler(self, seed: u64) -> Any {
        match self {
            Self::RoundRobin { quantum } => Any::RoundRobin(RoundRobin::new(quantum)),
            Self::Priority => Any::Priority(Priority::default()),
            Self::Random => Any::Random(Random::new(seed)),
            Self::Pct { depth, length } => Any::Pct(Pct::new(seed, depth, length)),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RoundRobin { .. } => "round-robin",
            Self::Priority => "priority",
            Self::Random => "random",
            Self::Pct { .. } => "pct",
        })
    }
}

/// One of the schedulers, without a call through a pointer at each step.
///
/// Which one is a byte of its own, read at each step, rather than folded into what they hold.
#[derive(Debug, Clone)]
#[repr(u8)]
#[allow(missing_docs, reason = "each is documented where it is")]
pub enum Any {
    RoundRobin(RoundRobin),
    Priority(Priority),
    Random(Random),
    Pct(Pct),
}

impl Scheduler for Any {
    #[inline]
    fn next(&mut self, machine: &Machine, last: Option<Turn>) -> ThreadId {
        match self {
            Self::RoundRobin(scheduler) => scheduler.next(machine, last),
            Self::Priority(scheduler) => scheduler.next(machine, last),
            Self::Random(scheduler) => scheduler.next(machine, last),
            Self::Pct(scheduler) => scheduler.next(machine, last),
        }
    }
}

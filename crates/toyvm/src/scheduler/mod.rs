//! Who goes on next.
//!
//! A scheduler of one's own is a function from the machine to one of its ready threads:
//!
//! ```
//! use toyvm::{Machine, scheduler::{Scheduler, Turn}, machine::ThreadId};
//!
//! /// Always the youngest.
//! struct Youngest;
//!
//! impl Scheduler for Youngest {
//!     fn next(&mut self, machine: &Machine, _last: Option<Turn>) -> ThreadId {
//!         machine.state().ready().iter().last().expect("somebody can go on")
//!     }
//! }
//! ```

mod pct;
mod policy;
mod priority;
mod random;
mod round_robin;

pub use pct::Pct;
pub use policy::{Any, Policy};
pub use priority::Priority;
pub use random::Random;
pub use round_robin::RoundRobin;

use crate::machine::{Machine, Stepped, ThreadId};

/// A step that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Who made it.
    pub thread: ThreadId,
    /// How it went.
    pub stepped: Stepped,
}

/// Decides who goes on.
pub trait Scheduler {
    /// One of [`State::ready`](crate::machine::State::ready), which is not empty. `last` is the step
    /// before, if there was one.
    fn next(&mut self, machine: &Machine, last: Option<Turn>) -> ThreadId;

    /// Whether a daemon that waits dies next, though all others have ended.
    #[inline]
    fn has_a_death(&self) -> bool {
        false
    }
}

impl<S: Scheduler + ?Sized> Scheduler for &mut S {
    #[inline]
    fn next(&mut self, machine: &Machine, last: Option<Turn>) -> ThreadId {
        (**self).next(machine, last)
    }

    #[inline]
    fn has_a_death(&self) -> bool {
        (**self).has_a_death()
    }
}

impl<S: Scheduler + ?Sized> Scheduler for Box<S> {
    fn next(&mut self, machine: &Machine, last: Option<Turn>) -> ThreadId {
        (**self).next(machine, last)
    }

    fn has_a_death(&self) -> bool {
        (**self).has_a_death()
    }
}

/// What each scheduler draws its random numbers for.
const PURPOSE_RANDOM: u64 = 1;
const PURPOSE_PCT: u64 = 2;

//! Anyone.

use super::{PURPOSE_RANDOM, Scheduler, Turn};
use crate::chance::Chance;
use crate::machine::{Machine, ThreadId};

/// Any thread that can go on, each as likely as the others.
#[derive(Debug, Clone)]
pub struct Random(Chance);

impl Random {
    /// The one of that seed.
    pub fn new(seed: u64) -> Self {
        Self(Chance::new(seed, PURPOSE_RANDOM))
    }
}

impl Scheduler for Random {
    #[inline]
    fn next(&mut self, machine: &Machine, _: Option<Turn>) -> ThreadId {
        let ready = machine.state().ready();
        let place = self.0.below(ready.len() as u64) as usize;
        ready.nth(place).expect("somebody can go on")
    }
}

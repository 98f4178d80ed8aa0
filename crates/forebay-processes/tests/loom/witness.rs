//! The kernel, as the witness of deaths.

use forebay_contract::Fault;
use loom::sync::atomic::{AtomicBool, Ordering};

use crate::crash;
use crate::futex;
use crate::lock::Others;
use crate::words::Word;

/// Who lives, of a few participants.
#[derive(Debug)]
pub(crate) struct Witness {
    alive: [AtomicBool; 3],
    /// What counts up with everything that is done under the lock.
    pub(crate) turns: Word,
}

impl Witness {
    pub(crate) fn new() -> Self {
        Self { alive: std::array::from_fn(|_| AtomicBool::new(true)), turns: Word::new(0) }
    }

    /// Does this work as that participant, and dies before point number `at`, if it comes to it: then the kernel frees its
    /// lock, and from then on sleepers may find out. Returns what was so when it died.
    pub(crate) fn mortal(
        &self,
        participant: u32,
        at: u32,
        work: impl FnOnce(),
        seen: impl FnOnce() -> bool,
    ) -> bool {
        if crash::mortal(at, work).is_some() {
            return false;
        }
        let seen = seen();
        self.live(participant, false);
        futex::tell_of_death();
        seen
    }

    /// Says that somebody lives there from now on, or nobody does.
    pub(crate) fn live(&self, participant: u32, lives: bool) {
        // Pairs with the load in `is_alive`: the kernel's own lock orders an end and a question after it.
        self.alive[participant as usize].store(lives, Ordering::Release);
    }
}

impl Others for Witness {
    fn is_alive(&self, participant: u32) -> Result<bool, Fault> {
        Ok(self.alive[participant as usize].load(Ordering::Acquire))
    }

    fn process(&self, participant: u32) -> u32 {
        100 + participant
    }

    fn turns(&self) -> u64 {
        self.turns.get()
    }

    fn is_recovering(&self) -> bool {
        false
    }
}

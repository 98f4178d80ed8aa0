//! What was finished and dropped: the two counts that no slot tells.
//!
//! An item that ends leaves its slot free, and a count one higher: two stores, between which its process may
//! be killed. So what is about to be done is written down first, in one word, the *intent*: the slot, which of
//! the counts, and what its lowest bits will be. Whoever recovers finds the slot free, and the step done, or
//! not free, and the step not done; and sets the count to what it must be. An intent is not taken back: one
//! that was carried out changes nothing when it is read again.

use forebay_contract::Fault;

use super::Turn;
use crate::slot::{Slot, State, Word as SlotWord};
use crate::words::Word;

/// How an item leaves the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Finished = 1,
    Dropped = 2,
}

const COUNT_BITS: u32 = 24;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

impl<'a> Turn<'a> {
    fn count(&self, end: End) -> &'a Word {
        match end {
            End::Finished => self.control.finished(),
            End::Dropped => self.control.dropped(),
        }
    }

    /// The item's last step: its slot is free, and the end counted.
    pub(super) fn end_item(&self, index: u32, slot: Slot<'_>, end: End) -> Result<(), Fault> {
        let count = self.count(end);
        let next = count.get().wrapping_add(1);
        let intent = end as u64 | (next & COUNT_MASK) << 8 | u64::from(index) << 32;
        // Each of the three after the one before (release), and this one after the count of the intent before.
        self.control.intent().commit(intent);
        slot.commit(SlotWord::FREE);
        count.commit(next);
        self.push_free(index)
    }

    /// Carries out the intent of a turn that was not ended.
    pub(super) fn settle_intent(&self) {
        let intent = self.control.intent().get();
        let end = match intent & 0xff {
            1 => End::Finished,
            2 => End::Dropped,
            _ => return,
        };
        let Ok(slot) = self.slot((intent >> 32) as u32) else { return };
        let target = intent >> 8 & COUNT_MASK;
        let count = self.count(end);
        let next = count.get().wrapping_add(1);
        // One step behind, and the slot free: killed in between.
        if slot.word().is(State::Free) && next & COUNT_MASK == target {
            count.commit(next);
        }
    }
}

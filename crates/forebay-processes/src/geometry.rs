//! Where everything lies in the file: the drawing is in docs/file-format.md.

use crate::region::PAGE;

/// No slot, block, participant or waiter.
pub(crate) const NONE: u32 = u32::MAX;

/// Bytes of an item that lie in its slot.
pub(crate) const INLINE: usize = 64;

/// Offsets of the parts, from their sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Producers and consumers at a time: the first entries of the table are theirs, the rest is for others.
    pub(crate) handles: u32,
    pub(crate) participants: u32,
    pub(crate) waiters: u32,
    pub(crate) slots: u32,
    pub(crate) blocks: u32,
    at_participants: u64,
    at_waiters: u64,
    at_rings: u64,
    at_slots: u64,
    at_blocks: u64,
    pub(crate) len: u64,
}

/// The arrays of slot numbers; each has a place for every slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Array {
    /// Slots that are free.
    Free,
    /// Slots whose items wait and were never leased, in order.
    Fresh,
    /// Slots whose items wait again: a heap by position.
    Returned,
    /// Slots whose leases have a deadline: a heap by deadline.
    Due,
}

impl Geometry {
    pub(crate) const MOST_HANDLES: u32 = 1 << 14;
    /// Entries for others, beside two for each handle: the opening that it is of, and the bell of that opening's tasks.
    /// So many can look, close and join, whoever else is there.
    pub(crate) const MORE: u32 = 16;
    pub(crate) const AT_CONTROL: u64 = PAGE;
    pub(crate) const PARTICIPANT: u64 = 128;
    pub(crate) const WAITER: u64 = 64;
    pub(crate) const SLOT: u64 = 128;
    pub(crate) const BLOCK: u64 = 256;
    /// Bytes of an item in a block: the rest of it links.
    pub(crate) const BLOCK_BYTES: u64 = Self::BLOCK - 8;

    pub(crate) fn new(handles: u32, slots: u32, blocks: u32) -> Self {
        let page = |bytes: u64| bytes.next_multiple_of(PAGE);
        let others = handles * 2 + Self::MORE;
        let participants = handles + others;
        let waiters = handles * 4 + others;
        let at_participants = Self::AT_CONTROL + PAGE;
        let at_waiters = at_participants + page(u64::from(participants) * Self::PARTICIPANT);
        let at_rings = at_waiters + page(u64::from(waiters) * Self::WAITER);
        let at_slots = at_rings + page(u64::from(slots) * 16);
        let at_blocks = at_slots + page(u64::from(slots) * Self::SLOT);
        let len = at_blocks + page(u64::from(blocks) * Self::BLOCK);
        Self {
            handles,
            participants,
            waiters,
            slots,
            blocks,
            at_participants,
            at_waiters,
            at_rings,
            at_slots,
            at_blocks,
            len,
        }
    }

    pub(crate) fn participant(&self, index: u32) -> Option<u64> {
        (index < self.participants)
            .then(|| self.at_participants + u64::from(index) * Self::PARTICIPANT)
    }

    pub(crate) fn waiter(&self, index: u32) -> Option<u64> {
        (index < self.waiters).then(|| self.at_waiters + u64::from(index) * Self::WAITER)
    }

    pub(crate) fn slot(&self, index: u32) -> Option<u64> {
        (index < self.slots).then(|| self.at_slots + u64::from(index) * Self::SLOT)
    }

    pub(crate) fn block(&self, index: u32) -> Option<u64> {
        (index < self.blocks).then(|| self.at_blocks + u64::from(index) * Self::BLOCK)
    }

    pub(crate) fn entry(&self, array: Array, index: u32) -> Option<u64> {
        let start = self.at_rings + array as u64 * u64::from(self.slots) * 4;
        (index < self.slots).then(|| start + u64::from(index) * 4)
    }

    /// The part that a power cut must not lose: slots and blocks.
    pub(crate) fn lasting(&self) -> (u64, u64) {
        (self.at_slots, self.len)
    }

    /// Blocks that an item of this many bytes takes.
    pub(crate) fn blocks_for(bytes: u64) -> u64 {
        bytes.saturating_sub(INLINE as u64).div_ceil(Self::BLOCK_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_says_how_long_each_is() {
        let document = include_str!("../../../docs/file-format.md");
        for (name, value) in [
            ("PARTICIPANT", Geometry::PARTICIPANT),
            ("WAITER", Geometry::WAITER),
            ("SLOT", Geometry::SLOT),
            ("BLOCK", Geometry::BLOCK),
            ("BLOCK_BYTES", Geometry::BLOCK_BYTES),
            ("INLINE", INLINE as u64),
            ("MOST_HANDLES", u64::from(Geometry::MOST_HANDLES)),
        ] {
            let row = format!(" | {value} | `{name}` |\n");
            assert!(document.contains(&row), "{row}");
        }
    }

    #[test]
    fn the_parts_follow_one_another_as_the_document_draws_them() {
        let geometry = Geometry::new(100, 1000, 5000);
        let page = |bytes: u64| bytes.next_multiple_of(PAGE);
        let mut at = 2 * PAGE;
        assert_eq!(geometry.participant(0), Some(at));
        at += page((3 * 100 + 16) * 128);
        assert_eq!((geometry.waiter(0), geometry.waiters), (Some(at), 6 * 100 + 16));
        at += page((6 * 100 + 16) * 64);
        assert_eq!(geometry.entry(Array::Free, 0), Some(at));
        assert_eq!(geometry.entry(Array::Due, 999), Some(at + 3999 * 4));
        at += page(1000 * 16);
        assert_eq!(geometry.slot(0), Some(at));
        at += page(1000 * 128);
        assert_eq!(geometry.block(1), Some(at + 256));
        assert_eq!(geometry.len, at + page(5000 * 256));
    }
}

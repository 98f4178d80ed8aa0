//! The blocks in which the rest of longer items lies: chains, and one chain of those that are free.
//!
//! The first word of a block is the number of the next one; in the first block of a chain, its upper half is the
//! number of the last, so that a chain is given back in one step however long it is.

use forebay_contract::Fault;

use super::Turn;
use crate::geometry::{Geometry, NONE};
use crate::words::Word;

/// Words of a block that hold bytes.
pub(crate) const WORDS: u64 = Geometry::BLOCK_BYTES / 8;

impl<'a> Turn<'a> {
    fn link(&self, block: u32) -> Result<&'a Word, Fault> {
        let at = self.buffer.geometry.block(block).ok_or(Fault::Damaged)?;
        Ok(&self.buffer.region.words::<1>(at)?[0])
    }

    /// Takes a chain of so many blocks out of the free ones, of which there must be enough.
    pub(super) fn claim_blocks(&self, count: u32) -> Result<u32, Fault> {
        if count == 0 {
            return Ok(NONE);
        }
        let left = self.control.free_blocks().get();
        let left = left.checked_sub(u64::from(count)).ok_or(Fault::Damaged)?;
        let first = self.control.free_block().halves().0;
        let mut last = first;
        for _ in 1..count {
            last = self.link(last)?.halves().0;
        }
        let rest = self.link(last)?.halves().0;
        self.link(last)?.set_halves(NONE, NONE);
        let next = self.link(first)?.halves().0;
        self.link(first)?.set_halves(next, last);
        self.control.free_block().set(u64::from(rest));
        self.control.free_blocks().set(left);
        Ok(first)
    }

    /// Gives a chain of so many blocks back.
    pub(super) fn free_chain(&self, first: u32, count: u32) -> Result<(), Fault> {
        if count == 0 {
            return Ok(());
        }
        let (next, last) = self.link(first)?.halves();
        let rest = self.control.free_block().halves().0;
        if count > 1 {
            self.link(last)?.set_halves(rest, NONE);
            self.link(first)?.set_halves(next, NONE);
        } else {
            self.link(first)?.set_halves(rest, NONE);
        }
        self.control.free_block().set(u64::from(first));
        self.control.free_blocks().add(u64::from(count));
        Ok(())
    }

    /// The blocks of a chain, which must be this long and end there.
    pub(super) fn chain(&self, first: u32, count: u32) -> Result<Vec<u32>, Fault> {
        let mut blocks = Vec::new();
        let mut next = first;
        for _ in 0..count {
            blocks.push(next);
            next = self.link(next)?.halves().0;
        }
        Ok(blocks)
    }

    /// Makes one chain of these, all free.
    pub(super) fn rebuild_free_blocks(&self, is_used: impl Fn(u32) -> bool) -> Result<(), Fault> {
        let mut first = NONE;
        let mut count = 0;
        for block in (0..self.buffer.geometry.blocks).rev() {
            if block.is_multiple_of(4096) {
                self.show_progress();
            }
            if !is_used(block) {
                self.link(block)?.set_halves(first, NONE);
                first = block;
                count += 1;
            }
        }
        self.control.free_block().set(u64::from(first));
        self.control.free_blocks().set(count);
        Ok(())
    }

    /// Sets the ends of a used chain right: a crash may have left them half done.
    pub(super) fn mend_chain(&self, blocks: &[u32]) -> Result<(), Fault> {
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return Ok(()) };
        let next = blocks.get(1).copied().unwrap_or(NONE);
        self.link(*last)?.set_halves(NONE, NONE);
        self.link(*first)?.set_halves(next, *last);
        Ok(())
    }
}

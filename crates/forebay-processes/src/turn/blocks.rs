//! The blocks in which the rest of longer items lies: chains, and one chain of those that are free.
//!
//! Those that were never used are in no chain: they begin where a number says. The first word of a block is the number of the next one; in the first block of a chain, its upper half is the
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
        let first = self.pop_block()?;
        let mut last = first;
        for _ in 1..count {
            let next = self.pop_block()?;
            self.link(last)?.set_halves(next, NONE);
            last = next;
        }
        self.link(last)?.set_halves(NONE, NONE);
        let next = self.link(first)?.halves().0;
        self.link(first)?.set_halves(next, last);
        self.control.free_blocks().set(left);
        Ok(first)
    }

    /// Takes one block: one that was given back, or the first that was never used.
    fn pop_block(&self) -> Result<u32, Fault> {
        let (first, unused) = self.control.free_block().halves();
        if first == NONE {
            if unused >= self.buffer.geometry.blocks {
                return Err(Fault::Damaged);
            }
            self.control.free_block().set_halves(NONE, unused + 1);
            return Ok(unused);
        }
        self.control.free_block().set_halves(self.link(first)?.halves().0, unused);
        Ok(first)
    }

    /// Gives a chain of so many blocks back.
    pub(super) fn free_chain(&self, first: u32, count: u32) -> Result<(), Fault> {
        if count == 0 {
            return Ok(());
        }
        let (next, last) = self.link(first)?.halves();
        let (rest, unused) = self.control.free_block().halves();
        if count > 1 {
            self.link(last)?.set_halves(rest, NONE);
            self.link(first)?.set_halves(next, NONE);
        } else {
            self.link(first)?.set_halves(rest, NONE);
        }
        self.control.free_block().set_halves(first, unused);
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

    /// Makes one chain of these, all free. What lies behind the last used one is as if it had never been used, and is
    /// not even looked at: there may be millions.
    pub(super) fn rebuild_free_blocks(
        &self,
        unused: u32,
        is_used: impl Fn(u32) -> bool,
    ) -> Result<(), Fault> {
        let mut first = NONE;
        let mut count = u64::from(self.buffer.geometry.blocks - unused);
        for block in (0..unused).rev() {
            if block.is_multiple_of(4096) {
                self.show_progress();
            }
            if !is_used(block) {
                self.link(block)?.set_halves(first, NONE);
                first = block;
                count += 1;
            }
        }
        self.control.free_block().set_halves(first, unused);
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

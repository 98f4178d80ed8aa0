//! Which slot is free, and which item is next.
//!
//! Items that were never leased stand in a ring, in the order of their positions; what came back has a heap of
//! its own, by position. The older of both heads goes first (C2).

use forebay_contract::Fault;

use super::Turn;
use super::heap::Heap;
use crate::geometry::Array;
use crate::words::{Word, Word32};

impl<'a> Turn<'a> {
    fn cell(&self, array: Array, index: u64) -> Result<&'a Word32, Fault> {
        let geometry = &self.buffer.geometry;
        let index = u32::try_from(index).map_err(|_| Fault::Damaged)?;
        self.buffer.region.word32(geometry.entry(array, index).ok_or(Fault::Damaged)?)
    }

    fn push(&self, array: Array, head: &Word, len: &Word, slot: u32) -> Result<(), Fault> {
        let slots = u64::from(self.buffer.geometry.slots);
        let (head, count) = (head.get(), len.get());
        if head >= slots || count >= slots {
            return Err(Fault::Damaged);
        }
        let at = head + count;
        self.cell(array, if at < slots { at } else { at - slots })?.set(slot);
        len.set(count + 1);
        Ok(())
    }

    fn pop(&self, array: Array, head: &Word, len: &Word) -> Result<Option<u32>, Fault> {
        let slots = u64::from(self.buffer.geometry.slots);
        let (at, count) = (head.get(), len.get());
        if count == 0 {
            return Ok(None);
        }
        let slot = self.cell(array, at)?.get();
        head.set(if at + 1 < slots { at + 1 } else { 0 });
        len.set(count - 1);
        Ok(Some(slot))
    }

    pub(super) fn pop_free(&self) -> Result<u32, Fault> {
        let control = self.control;
        // There is a slot for whatever the limits admit.
        self.pop(Array::Free, control.free_head(), control.free_len())?.ok_or(Fault::Damaged)
    }

    pub(super) fn push_free(&self, slot: u32) -> Result<(), Fault> {
        self.push(Array::Free, self.control.free_head(), self.control.free_len(), slot)
    }

    pub(super) fn push_fresh(&self, slot: u32) -> Result<(), Fault> {
        self.push(Array::Fresh, self.control.fresh_head(), self.control.fresh_len(), slot)
    }

    pub(super) fn push_returned(&self, slot: u32) -> Result<(), Fault> {
        self.returned().push(slot)
    }

    /// Takes out the oldest item that waits.
    pub(super) fn pop_oldest(&self) -> Result<Option<u32>, Fault> {
        let (head, len) = (self.control.fresh_head(), self.control.fresh_len());
        let Some(returned) = self.returned().first()? else {
            return self.pop(Array::Fresh, head, len);
        };
        if len.get() > 0 {
            let fresh = self.cell(Array::Fresh, head.get())?.get();
            if self.slot(fresh)?.position() < self.slot(returned)?.position() {
                return self.pop(Array::Fresh, head, len);
            }
        }
        self.returned().pop()
    }

    /// The position of the oldest item that waits.
    pub(crate) fn oldest_position(&self) -> Result<Option<u64>, Fault> {
        let (head, len) = (self.control.fresh_head(), self.control.fresh_len());
        let mut oldest = None;
        if len.get() > 0 {
            oldest = Some(self.slot(self.cell(Array::Fresh, head.get())?.get())?.position());
        }
        if let Some(returned) = self.returned().first()? {
            let position = self.slot(returned)?.position();
            oldest = Some(oldest.map_or(position, |oldest| position.min(oldest)));
        }
        Ok(oldest)
    }

    pub(super) fn returned(&self) -> Heap<'_, 'a> {
        Heap::new(self, Array::Returned)
    }

    pub(super) fn due(&self) -> Heap<'_, 'a> {
        Heap::new(self, Array::Due)
    }

    pub(super) fn array_cell(&self, array: Array, index: u64) -> Result<&'a Word32, Fault> {
        self.cell(array, index)
    }
}

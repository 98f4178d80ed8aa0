//! A binary heap of slot numbers in shared memory (J. W. J. Williams, *Heapsort*, 1964).

use forebay_contract::Fault;

use super::Turn;
use crate::geometry::{Array, NONE};
use crate::words::Word;

/// The heap of items that came back, by position; or of leases, by deadline. The latter knows where each
/// slot stands in it, since a lease that is answered leaves from the middle.
pub(super) struct Heap<'t, 'a> {
    turn: &'t Turn<'a>,
    array: Array,
    len: &'a Word,
}

impl<'t, 'a> Heap<'t, 'a> {
    pub(super) fn new(turn: &'t Turn<'a>, array: Array) -> Self {
        let len = match array {
            Array::Due => turn.control.due_len(),
            _ => turn.control.returned_len(),
        };
        Self { turn, array, len }
    }

    fn key(&self, slot: u32) -> Result<u64, Fault> {
        let slot = self.turn.slot(slot)?;
        Ok(if self.array == Array::Due { slot.deadline() } else { slot.position() })
    }

    fn get(&self, place: u64) -> Result<u32, Fault> {
        Ok(self.turn.array_cell(self.array, place)?.get())
    }

    fn put(&self, place: u64, slot: u32) -> Result<(), Fault> {
        self.turn.array_cell(self.array, place)?.set(slot);
        if self.array == Array::Due {
            self.turn.slot(slot)?.set_due(place as u32);
        }
        Ok(())
    }

    /// The slot with the least key.
    pub(super) fn first(&self) -> Result<Option<u32>, Fault> {
        if self.len.get() == 0 { Ok(None) } else { self.get(0).map(Some) }
    }

    pub(super) fn push(&self, slot: u32) -> Result<(), Fault> {
        let len = self.len.get();
        self.put(len, slot)?;
        self.len.set(len + 1);
        self.rise(len, slot)
    }

    pub(super) fn pop(&self) -> Result<Option<u32>, Fault> {
        let Some(first) = self.first()? else { return Ok(None) };
        self.remove_at(0)?;
        Ok(Some(first))
    }

    /// Takes a slot out, wherever it stands.
    pub(super) fn remove(&self, slot: u32) -> Result<(), Fault> {
        let place = self.turn.slot(slot)?.due();
        if place == NONE {
            return Ok(());
        }
        let place = u64::from(place);
        if place >= self.len.get() || self.get(place)? != slot {
            return Err(Fault::Damaged);
        }
        self.remove_at(place)
    }

    fn remove_at(&self, place: u64) -> Result<(), Fault> {
        let gone = self.get(place)?;
        let last = self.len.get().checked_sub(1).ok_or(Fault::Damaged)?;
        let moved = self.get(last)?;
        self.len.set(last);
        if self.array == Array::Due {
            self.turn.slot(gone)?.set_due(NONE);
        }
        if place < last {
            self.put(place, moved)?;
            self.sink(place, moved)?;
            if self.get(place)? == moved {
                self.rise(place, moved)?;
            }
        }
        Ok(())
    }

    fn rise(&self, mut place: u64, slot: u32) -> Result<(), Fault> {
        let key = self.key(slot)?;
        while place > 0 {
            let parent = (place - 1) / 2;
            let above = self.get(parent)?;
            if self.key(above)? <= key {
                break;
            }
            self.put(place, above)?;
            place = parent;
        }
        self.put(place, slot)
    }

    fn sink(&self, mut place: u64, slot: u32) -> Result<(), Fault> {
        let key = self.key(slot)?;
        let len = self.len.get();
        loop {
            let mut child = 2 * place + 1;
            if child >= len {
                break;
            }
            let mut below = self.get(child)?;
            if child + 1 < len {
                let other = self.get(child + 1)?;
                if self.key(other)? < self.key(below)? {
                    (child, below) = (child + 1, other);
                }
            }
            if key <= self.key(below)? {
                break;
            }
            self.put(place, below)?;
            place = child;
        }
        self.put(place, slot)
    }
}

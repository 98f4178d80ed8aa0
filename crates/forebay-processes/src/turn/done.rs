//! An ack without a turn: the item's last step is the owner's alone, and its books are kept later.
//!
//! Who has leased an item is the only one who moves it on while it lives, unless leases run out. So it may store the
//! step, *done*, into the slot's word without the lock. From there on the item is finished, whatever dies. That the slot
//! is free, and what is counted, is *booked* in a turn: its owner's next one, or of whoever needs to know before. Each
//! participant has at most one item to be booked, named in its entry before the step.
//!
//! Who waits for what an ack gives free (joins; storage; the lease limit; the end, after a close) cannot know of one that
//! is not booked. So an ack looks for them after its step, and they look for it after they have stood in line. Between
//! step and look there is a fence on both sides, so one sees the other (Dekker).

use std::sync::atomic::{Ordering, fence};

use forebay_contract::Fault;

use super::admission::is_owner;
use super::tally::End;
use super::{Loan, Me, Turn};
use crate::attachment::Attachment;
use crate::participant::{Entry, Role};
use crate::slot::State;
use crate::waiter::Line;

/// How far an ack came without a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ack {
    /// The item is finished.
    Finished,
    /// It is, and somebody waits for that: it has to be booked now.
    Awaited,
    /// It needs a turn.
    Undone,
}

impl Loan {
    /// Finishes the item without a turn, if that can be done.
    #[inline]
    pub(crate) fn ack(&self, buffer: &Attachment) -> Result<Ack, Fault> {
        let control = buffer.control()?;
        // A lease that can run out is taken away by whoever sees it: in a turn.
        let is_alone = self.word.is(State::Leased) && buffer.settings.lease_time.is_none();
        if !is_alone || control.poisoned().get() != 0 {
            return Ok(Ack::Undone);
        }
        let entry = buffer.entry(self.holder.participant)?;
        let slot = buffer.slot(self.slot)?;
        let is_held = slot.position() == self.position && is_owner(slot.owner(), self.holder);
        if !is_held || !entry.done().exchange(0, u64::from(self.slot) + 1) {
            return Ok(Ack::Undone);
        }
        if !slot.exchange(self.word, self.word.with_state(State::Done)) {
            // What the entry names stays until the next turn finds it wrong.
            return Ok(Ack::Undone);
        }
        // Pairs with the fence in `settle_all`.
        fence(Ordering::SeqCst);
        let is_awaited = control.idle_count().get() > 0
            || control.closed().get() != 0
            || control.item_count().get() > 0
                && control.leased().get() >= buffer.settings.lease_limit()
            || control.room_count().get() > 0
                && (slot.has_blocks() || control.free_len().get() == 0);
        Ok(if is_awaited { Ack::Awaited } else { Ack::Finished })
    }
}

/// The slot that a participant has to be booked, if it is done.
pub(crate) fn is_done(buffer: &Attachment, participant: u32, entry: Entry<'_>) -> bool {
    let Some(index) = (entry.done().read() as u32).checked_sub(1) else { return false };
    let Ok(slot) = buffer.slot(index) else { return false };
    let Some(generation) = entry.generation() else { return false };
    slot.word().is(State::Done) && slot.owner() == (participant, generation)
}

impl Turn<'_> {
    /// Books what this turn's own participant has done.
    #[inline]
    pub(crate) fn book_own(&mut self) -> Result<(), Fault> {
        let entry = self.buffer.entry(self.me.participant)?;
        if entry.done().get() == 0 { Ok(()) } else { self.book(self.me.participant) }
    }

    /// Books what this participant has done.
    pub(super) fn book(&mut self, participant: u32) -> Result<(), Fault> {
        if self.settle(participant)? { self.after_an_end() } else { Ok(()) }
    }

    /// Books what anybody has done: for whoever has to know how much is unfinished.
    pub(crate) fn book_all(&mut self) -> Result<(), Fault> {
        if self.settle_all()? { self.after_an_end() } else { Ok(()) }
    }

    /// As one who has just stood in this line: books what it may wait for, unseen by those who did it.
    pub(super) fn book_for(&mut self, line: Line, blocks: u32) -> Result<(), Fault> {
        let is_needed = match line {
            Line::Idle => true,
            Line::Item => self.is_closed() || self.leases_left() == 0,
            Line::Room => self.lacks_storage(blocks),
        };
        if is_needed { self.book_all() } else { Ok(()) }
    }

    /// Books what anybody has done, and calls nobody. Says whether there was anything.
    pub(super) fn settle_all(&mut self) -> Result<bool, Fault> {
        // Pairs with the fence in `ack`: who does not see here what is done, is seen waiting there.
        fence(Ordering::SeqCst);
        let mut left = self.control.consumers().get();
        let mut any = false;
        for participant in 0..self.buffer.geometry.participants {
            if left == 0 {
                break;
            }
            let entry = self.buffer.entry(participant)?;
            if entry.generation().is_some() && entry.role() == Role::Consumer {
                left -= 1;
                any |= self.settle(participant)?;
            }
        }
        Ok(any)
    }

    fn settle(&mut self, participant: u32) -> Result<bool, Fault> {
        let entry = self.buffer.entry(participant)?;
        let named = entry.done().read();
        let (Some(index), Some(generation)) = ((named as u32).checked_sub(1), entry.generation())
        else {
            return Ok(false);
        };
        let holder = Me { participant, generation };
        let mut is_done = false;
        if let Ok(slot) = self.slot(index)
            && is_owner(slot.owner(), holder)
        {
            let word = slot.word();
            if word.is(State::Leased) {
                // On its way to be done, perhaps at this moment.
                return Ok(false);
            }
            is_done = word.is(State::Done);
            if is_done {
                let loan = Loan { slot: index, word, position: slot.position(), holder };
                self.free_content(index)?;
                self.end_item(index, slot, End::Finished)?;
                self.let_go(index, &loan)?;
            }
        }
        // From here on the participant can name another one.
        entry.done().commit(0);
        Ok(is_done)
    }
}

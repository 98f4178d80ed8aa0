//! How a lease ends: finished, given back, failed, rejected, or expired (C4).

use std::time::Duration;

use forebay_contract::{Fault, LeaseError};

use super::admission::is_owner;
use super::lending::Loan;
use super::tally::End;
use super::{Turn, content, dead};
use crate::geometry::{Geometry, NONE};
use crate::slot::{self, Death, Slot, State, Word as SlotWord};
use crate::waiter::Line;

pub(super) const FAILED: u8 = 1;
pub(super) const DELIVERED: u8 = 2;
pub(super) const REJECTED: u8 = 3;

type Answered = Result<Result<(), LeaseError>, Fault>;

impl<'a> Turn<'a> {
    /// The slot, if the loan is still what it was. Failing that, what became of it.
    fn held(&self, loan: &Loan) -> Result<Result<Slot<'a>, LeaseError>, Fault> {
        let slot = self.slot(loan.slot)?;
        let is_held = slot.word() == loan.word
            && slot.position() == loan.position
            && is_owner(slot.owner(), loan.holder);
        if is_held {
            return Ok(Ok(slot));
        }
        let can_expire = self.buffer.settings.lease_time.is_some();
        Ok(Err(if can_expire { LeaseError::Expired } else { LeaseError::NotHeld }))
    }

    /// The hold is over; the item is somewhere else already, or its slot still has its old word.
    pub(super) fn let_go(&mut self, index: u32, loan: &Loan) -> Result<(), Fault> {
        let entry = self.buffer.entry(loan.holder.participant)?;
        if loan.word.is(State::Taking) {
            self.control.taking().subtract(1);
            entry.held().subtract(1);
            return Ok(());
        }
        self.control.leased().subtract(1);
        entry.leased().subtract(1);
        if self.buffer.settings.lease_time.is_some() {
            self.due().remove(index)?;
        }
        Ok(())
    }

    /// After something that was unfinished is not, or waits again.
    pub(super) fn after_an_end(&mut self) -> Result<(), Fault> {
        self.call(Line::Item)?;
        self.call(Line::Room)?;
        self.call(Line::Idle)
    }

    /// The item is finished: an ack, or the end of a take.
    pub(crate) fn finish(&mut self, loan: &Loan) -> Answered {
        self.book_own()?;
        let slot = match self.held(loan)? {
            Ok(slot) => slot,
            Err(error) => return Ok(Err(error)),
        };
        self.free_content(loan.slot)?;
        self.end_item(loan.slot, slot, End::Finished)?;
        self.let_go(loan.slot, loan)?;
        self.after_an_end()?;
        Ok(Ok(()))
    }

    /// The item goes back to its position. A take that was begun and not ended was no delivery.
    pub(crate) fn nack(&mut self, loan: &Loan) -> Answered {
        self.answer(loan, loan.word)
    }

    /// As a nack, with one failure more; a dead letter at the limit.
    pub(crate) fn fail(&mut self, loan: &Loan, reason: &str) -> Answered {
        let word = loan.word.failed();
        let limit = self.buffer.settings.max_failures;
        if limit.is_some_and(|limit| word.failures() >= limit) {
            return self.bury_loan(loan, word, FAILED, reason);
        }
        self.answer(loan, word)
    }

    /// The item becomes a dead letter.
    pub(crate) fn reject(&mut self, loan: &Loan, reason: &str) -> Answered {
        self.bury_loan(loan, loan.word, REJECTED, reason)
    }

    fn answer(&mut self, loan: &Loan, word: SlotWord) -> Answered {
        match self.held(loan)? {
            Ok(slot) => {
                self.let_go(loan.slot, loan)?;
                self.give_back(loan.slot, slot, word)?;
                self.after_an_end()?;
                Ok(Ok(()))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    fn bury_loan(&mut self, loan: &Loan, word: SlotWord, kind: u8, reason: &str) -> Answered {
        match self.held(loan)? {
            Ok(slot) => {
                self.let_go(loan.slot, loan)?;
                self.bury(slot, word, kind, reason)?;
                self.after_an_end()?;
                Ok(Ok(()))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// Back to its own position, whether there is room or not; or a dead letter, if it was leased too often.
    pub(super) fn give_back(
        &mut self,
        index: u32,
        slot: Slot<'_>,
        word: SlotWord,
    ) -> Result<(), Fault> {
        let limit = self.buffer.settings.max_deliveries;
        if word.is(State::Leased) && limit.is_some_and(|limit| word.deliveries() >= limit) {
            return self.bury(slot, word, DELIVERED, "");
        }
        slot.set_since(self.wall);
        slot.commit(word.with_state(State::Ready));
        self.control.weight().add(slot.weight());
        self.push_returned(index)?;
        self.see_one_more();
        Ok(())
    }

    /// Sets an item aside as a dead letter.
    pub(super) fn bury(
        &mut self,
        slot: Slot<'_>,
        word: SlotWord,
        kind: u8,
        reason: &str,
    ) -> Result<(), Fault> {
        let mut death = Death { kind, len: 0, block: NONE };
        // The reason takes one block, if there is one.
        let reason = cut(reason, Geometry::BLOCK_BYTES as usize);
        if !reason.is_empty() && self.control.free_blocks().get() > 0 {
            death.block = self.claim_blocks(1)?;
            death.len = reason.len() as u16;
            let words = content::block_words(self.buffer, death.block)?;
            slot::write(&words[1..], reason.as_bytes());
            // It links to nothing, and has a checksum instead: slot and block reach a disk apart.
            words[0].set_halves(NONE, dead::checksum_of_reason(slot, reason.as_bytes()));
        }
        slot.set_death(death);
        let number = self.control.next_death().get();
        self.control.next_death().set(number.wrapping_add(1));
        slot.set_deadline(number);
        slot.set_since(self.wall);
        slot.commit(word.with_state(State::Dead));
        self.control.dead().add(1);
        Ok(())
    }

    /// Moves a lease's deadline to so long from now.
    pub(crate) fn extend(&mut self, loan: &Loan, time: Duration) -> Answered {
        let slot = match self.held(loan)? {
            Ok(slot) => slot,
            Err(error) => return Ok(Err(error)),
        };
        if self.buffer.settings.lease_time.is_some() && loan.word.is(State::Leased) {
            self.due().remove(loan.slot)?;
            slot.set_deadline(self.lease_deadline(Some(time)));
            self.due().push(loan.slot)?;
        }
        Ok(Ok(()))
    }

    /// Gives back what is past its deadline.
    pub(super) fn expire(&mut self) -> Result<(), Fault> {
        let mut any = false;
        while let Some(index) = self.due().first()? {
            let slot = self.slot(index)?;
            if slot.deadline() > Self::now() {
                break;
            }
            let word = slot.word();
            let (participant, generation) = slot.owner();
            if !word.is(State::Leased) {
                return Err(Fault::Damaged);
            }
            let holder = super::Me { participant, generation };
            let loan = Loan { slot: index, word, position: slot.position(), holder };
            self.let_go(index, &loan)?;
            self.give_back(index, slot, word)?;
            any = true;
        }
        if any {
            self.after_an_end()?;
        }
        Ok(())
    }
}

/// The front of a text, at most so many bytes, no character cut.
fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

//! Dead letters: looked through, put back, purged.

use forebay_contract::{DeadLetter, Death, Fault};

use super::Turn;
use super::answers::{DELIVERED, FAILED};
use forebay_contract::Bytes;

use super::content;
use super::tally::End;
use crate::attachment::Attachment;
use crate::geometry::Geometry;
use crate::slot::{self, Slot, State};
use crate::statistics;
use crate::waiter::Line;

/// A dead letter of a buffer in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Letter {
    /// The item's place in the order of puts, from 0: by this it is named.
    pub position: u64,
    /// The item and its death.
    pub letter: DeadLetter<Bytes>,
    /// Which of the dead letters it is, in the order of their deaths.
    pub(crate) number: u64,
    slot: u32,
}

impl Letter {
    /// Those there are, in the order of their deaths; read without a turn, so that one may have gone when it is
    /// asked for. No further than to the last that is counted, while nobody dies.
    pub(crate) fn all(buffer: &Attachment) -> Result<Vec<Self>, Fault> {
        buffer.check()?;
        let control = buffer.control()?;
        let counts = || (control.dead().get(), control.next_death().get());
        let ((count, next), turns) = statistics::at_rest(control, counts);
        let mut letters = Vec::new();
        let slots = buffer.geometry.slots;
        // The last slot is looked at in any case: whether the file was cut short shows there.
        let first = if turns.is_some() && count == 0 { slots.saturating_sub(1) } else { 0 };
        for index in first..slots {
            let slot = buffer.slot(index)?;
            if slot.word().is(State::Dead)
                && let Some(letter) = Self::read(buffer, index, slot)
            {
                letters.push(letter);
                // A death takes its number before its slot says so.
                let is_all = letters.len() as u64 >= count && control.next_death().get() == next;
                if turns.is_some() && is_all {
                    break;
                }
            }
        }
        letters.sort_by_key(|letter| letter.number);
        buffer.check()?;
        Ok(letters)
    }

    fn read(buffer: &Attachment, index: u32, slot: Slot<'_>) -> Option<Self> {
        let word = slot.word();
        let (position, number) = (slot.position(), slot.deadline());
        let item = content::read(buffer, slot).ok()?;
        let reason = reason_of(buffer, slot).unwrap_or_default();
        let reason = String::from_utf8_lossy(&reason).into_owned();
        let death = match slot.death().kind {
            FAILED => Death::Failures(reason),
            DELIVERED => Death::Deliveries,
            _ => Death::Rejected(reason),
        };
        // Nobody moved it meanwhile.
        (slot.word() == word && word.is(State::Dead)).then(|| {
            let (deliveries, failures) = (word.deliveries(), word.failures());
            let letter = DeadLetter { item, death, deliveries, failures };
            Self { position, letter, number, slot: index }
        })
    }
}

/// The reason of a death; none if there is none, or if its block does not have it.
pub(super) fn reason_of(buffer: &Attachment, slot: Slot<'_>) -> Option<Vec<u8>> {
    let death = slot.death();
    if death.len == 0 || u64::from(death.len) > Geometry::BLOCK_BYTES {
        return None;
    }
    let words = content::block_words(buffer, death.block).ok()?;
    let mut reason = Vec::new();
    slot::read(&words[1..], usize::from(death.len), |part| reason.extend_from_slice(part));
    (words[0].halves().1 == checksum_of_reason(slot, &reason)).then_some(reason)
}

/// It fits this reason of this item only.
pub(super) fn checksum_of_reason(slot: Slot<'_>, reason: &[u8]) -> u32 {
    content::checksum(content::digest(reason), slot.position(), reason.len() as u32, 0)
}

impl<'a> Turn<'a> {
    fn letter(&self, letter: &Letter) -> Result<Option<Slot<'a>>, Fault> {
        let slot = self.slot(letter.slot)?;
        let is_there = slot.word().is(State::Dead)
            && slot.position() == letter.position
            && slot.deadline() == letter.number;
        Ok(is_there.then_some(slot))
    }

    fn free_reason(&self, slot: Slot<'_>) -> Result<(), Fault> {
        if slot.death().len > 0 {
            self.free_chain(slot.death().block, 1)?;
        }
        Ok(())
    }

    /// Puts it back to its position, as if it had never been leased. Says whether it was there.
    pub(crate) fn retry(&mut self, letter: &Letter) -> Result<bool, Fault> {
        let Some(slot) = self.letter(letter)? else { return Ok(false) };
        slot.set_since(self.wall);
        slot.commit(slot.word().anew().with_state(State::Ready));
        // Only now: the link of a free block lies where a reason has its checksum.
        self.free_reason(slot)?;
        self.control.dead().subtract(1);
        self.control.weight().add(slot.weight());
        self.push_returned(letter.slot)?;
        self.see_one_more();
        self.call(Line::Item)?;
        Ok(true)
    }

    /// Drops it for good. Says whether it was there.
    pub(crate) fn purge(&mut self, letter: &Letter) -> Result<bool, Fault> {
        let Some(slot) = self.letter(letter)? else { return Ok(false) };
        self.free_content(letter.slot)?;
        self.end_item(letter.slot, slot, End::Dropped)?;
        self.free_reason(slot)?;
        self.control.dead().subtract(1);
        self.call(Line::Room)?;
        // A lease that was refused because the dead had filled their room can go on.
        self.call(Line::Item)?;
        Ok(true)
    }
}

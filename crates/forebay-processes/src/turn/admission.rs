//! Putting: who is admitted, and where its item goes (C1, C9).

use forebay_contract::{Fault, Outcome, Overflow, Refusal};

use super::content::{self, checksum};
use super::lines::Standing;
use super::tally::End;
use super::{Me, Turn};
use crate::attachment::Attachment;
use crate::geometry::{Geometry, INLINE, NONE};
use crate::slot::{MOST_POSITION, State, Word as SlotWord};
use crate::waiter::{Line, Wish};

/// Longer items are written outside of the turn.
const SHORT: usize = 1024;

/// An item to put, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content<'b> {
    pub(crate) bytes: &'b [u8],
    pub(crate) weight: u64,
    digest: u64,
    blocks: u32,
}

impl<'b> Content<'b> {
    /// Refused when the buffer could never hold it.
    pub(crate) fn new(buffer: &Attachment, bytes: &'b [u8], weight: u64) -> Result<Self, Refusal> {
        let settings = &buffer.settings;
        let weight = settings.capacity_bytes.map_or(0, |_| weight);
        let blocks = Geometry::blocks_for(bytes.len() as u64);
        let is_too_heavy = settings.capacity_bytes.is_some_and(|most| weight > most);
        if is_too_heavy || bytes.len() as u64 > longest(buffer) {
            // Where both hold, the end is what the producer has to know.
            let is_closed = buffer.control()?.closed().get() != 0;
            return Err(if is_closed { Refusal::Closed } else { Refusal::TooHeavy });
        }
        let digest = content::digest(bytes);
        Ok(Self { bytes, weight, digest, blocks: blocks as u32 })
    }

    pub(crate) fn is_short(&self) -> bool {
        self.bytes.len() <= SHORT
    }

    pub(crate) fn wish(&self) -> Wish {
        Wish { line: Line::Room, leases: false, weight: self.weight, blocks: self.blocks }
    }

    /// Writes the bytes to a place set aside for them; no turn is needed.
    pub(crate) fn write(&self, buffer: &Attachment, place: &Place) -> Result<(), Fault> {
        let slot = buffer.slot(place.slot)?;
        content::write(buffer, slot, slot.extent().1, self.bytes)
    }
}

/// The most bytes that an item may have: there is never room for more.
pub(crate) fn longest(buffer: &Attachment) -> u64 {
    let blocks = u64::from(buffer.geometry.blocks).saturating_sub(buffer.settings.dead_limit());
    (INLINE as u64 + blocks * Geometry::BLOCK_BYTES).min(u64::from(u32::MAX))
}

/// A slot set aside.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) slot: u32,
    pub(crate) weight: u64,
}

impl Turn<'_> {
    /// Places that are not free: items that wait, and places set aside.
    pub(super) fn taken_places(&self) -> u64 {
        self.control.waiting().get().saturating_add(self.control.reserved().get())
    }

    /// Blocks that items may have: one is kept for the reason of each dead letter that there may be.
    pub(super) fn spare_blocks(&self) -> u64 {
        let letters = self.buffer.settings.dead_limit().saturating_sub(self.control.dead().get());
        self.control.free_blocks().get().saturating_sub(letters)
    }

    /// Whether there are no slots, or fewer blocks than this.
    pub(super) fn lacks_storage(&self, blocks: u32) -> bool {
        self.control.free_len().get() == 0 || self.spare_blocks() < u64::from(blocks)
    }

    /// An ack did not see that the last slot was promised already to who stands in line.
    #[inline]
    fn call_for_storage(&mut self) -> Result<(), Fault> {
        let is_last = self.control.room_count().get() > 0 && self.control.free_len().get() == 0;
        if is_last { self.call(Line::Room) } else { Ok(()) }
    }

    fn has_room(&self, weight: u64, blocks: u32) -> bool {
        let settings = &self.buffer.settings;
        let heavy = |most: u64| self.control.weight().get().saturating_add(weight) > most;
        self.taken_places() < settings.capacity
            && !settings.capacity_bytes.is_some_and(heavy)
            // Items in the hands of takes that are not over have slots, too, and no limit.
            && !self.lacks_storage(blocks)
    }

    /// Whether the one who asks may have a place for this, now.
    fn admit(
        &mut self,
        weight: u64,
        blocks: u32,
        standing: Option<Standing>,
    ) -> Result<Result<(), Refusal>, Fault> {
        if self.is_closed() {
            return Ok(Err(Refusal::Closed));
        }
        if !self.may_go(Line::Room, standing)? {
            return Ok(Err(Refusal::Full));
        }
        if self.has_room(weight, blocks) {
            return Ok(Ok(()));
        }
        if self.lacks_storage(blocks) {
            self.book_all()?;
            if self.has_room(weight, blocks) {
                return Ok(Ok(()));
            }
        }
        if let Some(standing) = standing {
            self.stay(standing)?;
        }
        if self.lacks_storage(blocks)
            && self.unfinished() == 0
            && self.control.reserved().get() == 0
        {
            // Nothing that anybody finishes would make room.
            return Err(Fault::DeadRoom);
        }
        Ok(Err(Refusal::Full))
    }

    /// Puts a short item, if it is admitted.
    pub(crate) fn put(
        &mut self,
        content: &Content<'_>,
        overflow: Overflow,
        standing: Option<Standing>,
    ) -> Result<Result<Outcome, Refusal>, Fault> {
        let mut outcome = Outcome::Placed;
        match self.admit(content.weight, content.blocks, standing)? {
            Ok(()) => {}
            Err(Refusal::Full) if overflow == Overflow::DropThis => {
                self.control.dropped().commit(self.control.dropped().get().wrapping_add(1));
                return Ok(Ok(Outcome::DroppedThis));
            }
            Err(Refusal::Full) if overflow == Overflow::DropOldest => {
                let Some(dropped) = self.make_room(content)? else { return Ok(Err(Refusal::Full)) };
                outcome = Outcome::DroppedOldest(dropped);
            }
            Err(refusal) => return Ok(Err(refusal)),
        }
        let slot = self.pop_free()?;
        self.fill(slot, content)?;
        content::write(self.buffer, self.slot(slot)?, self.slot(slot)?.extent().1, content.bytes)?;
        self.publish(slot, content)?;
        self.control.weight().add(content.weight);
        self.went(Line::Room, standing)?;
        self.buffer.entry(self.me.participant)?.items().add(1);
        self.call(Line::Item)?;
        self.call_for_storage()?;
        Ok(Ok(outcome))
    }

    /// Drops the oldest items until this one fits (C9): unless others stand in line, or what is in its way does not
    /// wait. Returns how many.
    fn make_room(&mut self, content: &Content<'_>) -> Result<Option<u64>, Fault> {
        if self.control.room_count().get() > 0 {
            return Ok(None);
        }
        if !self.could_place(content)? {
            return Ok(None);
        }
        let mut dropped = 0;
        while !self.has_room(content.weight, content.blocks) {
            let Some(oldest) = self.pop_oldest()? else { return Ok(None) };
            let slot = self.slot(oldest)?;
            self.control.waiting().subtract(1);
            self.control.weight().subtract(slot.weight());
            self.free_content(oldest)?;
            self.end_item(oldest, slot, End::Dropped)?;
            dropped += 1;
        }
        Ok(Some(dropped))
    }

    /// Whether the item fits beside what does not wait, once everything that waits is dropped.
    fn could_place(&self, content: &Content<'_>) -> Result<bool, Fault> {
        let settings = &self.buffer.settings;
        let set_aside = self.control.reserved_weight().get().saturating_add(content.weight);
        if self.control.reserved().get() >= settings.capacity
            || settings.capacity_bytes.is_some_and(|most| set_aside > most)
        {
            return Ok(false);
        }
        let mut blocks = self.spare_blocks();
        // Rarely are there places, and no bytes.
        for index in 0..self.buffer.geometry.slots {
            if blocks >= u64::from(content.blocks) {
                return Ok(true);
            }
            let slot = self.slot(index)?;
            if slot.word().is(State::Ready) {
                blocks = blocks.saturating_add(Geometry::blocks_for(u64::from(slot.extent().0)));
            }
        }
        Ok(blocks >= u64::from(content.blocks))
    }

    /// Sets a place aside for this item, or for one of this weight that is not there yet.
    pub(crate) fn reserve(
        &mut self,
        content: Option<&Content<'_>>,
        weight: u64,
        overflow: Overflow,
        standing: Option<Standing>,
    ) -> Result<Result<(Place, Outcome), Refusal>, Fault> {
        let blocks = content.map_or(0, |content| content.blocks);
        let mut outcome = Outcome::Placed;
        match (self.admit(weight, blocks, standing)?, content) {
            (Ok(()), _) => {}
            (Err(Refusal::Full), Some(content)) if overflow == Overflow::DropOldest => {
                let Some(dropped) = self.make_room(content)? else { return Ok(Err(Refusal::Full)) };
                outcome = Outcome::DroppedOldest(dropped);
            }
            (Err(refusal), _) => return Ok(Err(refusal)),
        }
        let index = self.pop_free()?;
        let slot = self.slot(index)?;
        match content {
            Some(content) => self.fill(index, content)?,
            None => slot.set_extent(0, NONE),
        }
        slot.set_weight(weight);
        slot.set_owner(self.me.participant, self.me.generation);
        slot.set_since(self.wall);
        slot.commit(SlotWord::fresh(State::Reserved, 0));
        self.control.reserved().add(1);
        self.control.weight().add(weight);
        self.control.reserved_weight().add(weight);
        self.buffer.entry(self.me.participant)?.held().add(1);
        self.end_rest();
        self.went(Line::Room, standing)?;
        self.call_for_storage()?;
        Ok(Ok((Place { slot: index, weight }, outcome)))
    }

    /// Puts the item for which the place was set aside and [written](Content::write). Refused after the close.
    pub(crate) fn put_reserved(
        &mut self,
        place: &Place,
        content: &Content<'_>,
    ) -> Result<Result<(), Refusal>, Fault> {
        if !self.owns(place)? {
            return Err(Fault::Damaged);
        }
        if self.is_closed() {
            self.release(place)?;
            return Ok(Err(Refusal::Closed));
        }
        self.control.reserved().subtract(1);
        self.control.reserved_weight().subtract(content.weight);
        self.publish(place.slot, content)?;
        let entry = self.buffer.entry(self.me.participant)?;
        entry.held().subtract(1);
        entry.items().add(1);
        self.call(Line::Item)?;
        Ok(Ok(()))
    }

    /// Puts an item into a place that was set aside before anybody knew it. Its weight is at most that of the place.
    pub(crate) fn put_permitted(
        &mut self,
        place: &Place,
        content: &Content<'_>,
    ) -> Result<Result<(), Refusal>, Fault> {
        if self.lacks_storage(content.blocks) {
            self.book_all()?;
        }
        let refusal = if !self.owns(place)? {
            return Err(Fault::Damaged);
        } else if self.is_closed() {
            Some(Refusal::Closed)
        } else if content.weight > place.weight {
            Some(Refusal::TooHeavy)
        } else if self.spare_blocks() < u64::from(content.blocks) {
            Some(Refusal::Full)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            self.release(place)?;
            return Ok(Err(refusal));
        }
        self.control.weight().subtract(place.weight - content.weight);
        self.control.reserved_weight().subtract(place.weight - content.weight);
        self.fill(place.slot, content)?;
        let slot = self.slot(place.slot)?;
        content::write(self.buffer, slot, slot.extent().1, content.bytes)?;
        let put = self.put_reserved(place, content);
        self.call(Line::Room)?;
        put
    }

    /// Gives a place back that was set aside.
    pub(crate) fn release(&mut self, place: &Place) -> Result<(), Fault> {
        if self.owns(place)? {
            self.unreserve(place.slot)?;
            self.buffer.entry(self.me.participant)?.held().subtract(1);
            self.call(Line::Room)?;
        }
        Ok(())
    }

    fn owns(&self, place: &Place) -> Result<bool, Fault> {
        let slot = self.slot(place.slot)?;
        Ok(slot.word().is(State::Reserved) && is_owner(slot.owner(), self.me))
    }

    /// A reserved slot is free again.
    pub(super) fn unreserve(&mut self, index: u32) -> Result<(), Fault> {
        let slot = self.slot(index)?;
        self.control.reserved().subtract(1);
        self.control.weight().subtract(slot.weight());
        self.control.reserved_weight().subtract(slot.weight());
        self.free_content(index)?;
        slot.commit(SlotWord::FREE);
        self.push_free(index)
    }

    /// What a slot says of its item, and blocks for its bytes.
    fn fill(&self, index: u32, content: &Content<'_>) -> Result<(), Fault> {
        let slot = self.slot(index)?;
        let first = self.claim_blocks(content.blocks)?;
        slot.set_extent(content.bytes.len() as u32, first);
        slot.set_weight(content.weight);
        Ok(())
    }

    /// From here on the item waits: it has a position.
    fn publish(&mut self, index: u32, content: &Content<'_>) -> Result<(), Fault> {
        let control = self.control;
        let slot = self.slot(index)?;
        let position = control.next_position().get();
        if position >= MOST_POSITION {
            return Err(Fault::Damaged);
        }
        control.next_position().set(position + 1);
        slot.set_position(position);
        slot.set_checksum(checksum(
            content.digest,
            position,
            content.bytes.len() as u32,
            content.weight,
        ));
        slot.set_since(self.wall);
        slot.commit(SlotWord::fresh(State::Ready, position));
        self.push_fresh(index)?;
        self.see_one_more();
        Ok(())
    }

    /// One more waits.
    pub(super) fn see_one_more(&self) {
        let depth = self.control.waiting().get().saturating_add(1);
        self.control.waiting().set(depth);
        if depth > self.control.high_water().get() {
            self.control.high_water().set(depth);
        }
    }

    /// Frees the blocks of an item that leaves.
    pub(super) fn free_content(&self, index: u32) -> Result<(), Fault> {
        let (len, first) = self.slot(index)?.extent();
        let blocks = Geometry::blocks_for(u64::from(len));
        if blocks > u64::from(self.buffer.geometry.blocks) {
            return Err(Fault::Damaged);
        }
        self.free_chain(first, blocks as u32)
    }
}

pub(super) fn is_owner(owner: (u32, u32), me: Me) -> bool {
    owner == (me.participant, me.generation)
}

//! An ack without a turn: the item's last step is the owner's alone, and its books are kept later.
//!
//! Who has leased an item is the only one who moves it on while it lives, unless leases run out. So it may store the
//! step, *done*, into the slot's word without the lock. From there on the item is finished, whatever dies. That the slot
//! is free, and what is counted, is *booked* in a turn: its owner's next one, or of whoever needs to know before. Each
//! participant has at most one item to be booked, named in its entry before the step.
//!
//! Who waits for what an ack gives free (joins; storage; the lease limit; the end, after a close) cannot know of one that
//! is not booked. So an ack looks for them after its step, and they look for it after they have stood in line: `unbooked.rs`.

use forebay_contract::Fault;

use super::admission::is_owner;
use super::tally::End;
use super::{Loan, Me, Turn};
use crate::attachment::Attachment;
use crate::participant::{Entry, Role};
use crate::slot::State;
use crate::unbooked::{self, Found, Step};
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
        if !is_held {
            return Ok(Ack::Undone);
        }
        let finish = || slot.exchange(self.word, self.word.with_state(State::Done));
        let is_awaited = || {
            control.idle_count().get() > 0
                || control.closed().get() != 0
                || control.item_count().get() > 0
                    && control.leased().get() >= buffer.settings.lease_limit()
                || control.room_count().get() > 0
                    && (slot.has_blocks() || control.free_len().get() == 0)
        };
        // Where it is named and not done, the next turn finds it wrong.
        let step = unbooked::step(entry.done(), u64::from(self.slot) + 1, finish, is_awaited);
        Ok(match step {
            Step::Taken => Ack::Finished,
            Step::Awaited => Ack::Awaited,
            Step::Untaken => Ack::Undone,
        })
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
        unbooked::seek(|| {
            let mut left = self.control.consumers().get();
            let mut any = false;
            for participant in Role::Consumer.entries(&self.buffer.geometry) {
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
        })
    }

    fn settle(&mut self, participant: u32) -> Result<bool, Fault> {
        let entry = self.buffer.entry(participant)?;
        let Some(generation) = entry.generation() else { return Ok(false) };
        let holder = Me { participant, generation };
        unbooked::book(entry.done(), |name| {
            let Some(index) = (name as u32).checked_sub(1) else { return Ok(Found::Nothing) };
            let Ok(slot) = self.slot(index) else { return Ok(Found::Nothing) };
            let word = slot.word();
            if !is_owner(slot.owner(), holder) {
                return Ok(Found::Nothing);
            }
            if word.is(State::Leased) {
                return Ok(Found::Underway);
            }
            if !word.is(State::Done) {
                return Ok(Found::Nothing);
            }
            let loan = Loan { slot: index, word, position: slot.position(), holder };
            self.free_content(index)?;
            self.end_item(index, slot, End::Finished)?;
            self.let_go(index, &loan)?;
            Ok(Found::Booked)
        })
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::lock::Limit;
    use crate::turn::scene::{
        A_LEASE, Failure, Of, THE_END, is_called, put, scene, sleeper, stand,
    };
    use crate::turn::{Content, Standing};
    use crate::{Buffer, Bytes, Lease, Raw, Settings};

    /// A buffer of two leases, of which one is out, and one who waits for a lease at two places in line.
    struct Short {
        buffer: Buffer,
        consumer: Of,
        first: Lease,
        sleeper: Of,
        one: Standing,
        two: Standing,
    }

    fn short() -> Result<(TempDir, Short), Failure> {
        let (folder, buffer) = scene(&Settings::new(4).max_leased(2))?;
        let consumer = buffer.consumer(Raw)?;
        put(&buffer, 1)?;
        let first = consumer.try_lease()?;
        let (sleeper, one) = sleeper(&buffer)?;
        let two = stand(&sleeper, A_LEASE)?;
        Ok((folder, Short { buffer, consumer, first, sleeper, one, two }))
    }

    fn names(consumer: &Of) -> Result<u64, Fault> {
        Ok(consumer.party.buffer.entry(consumer.party.me.participant)?.done().get())
    }

    #[test]
    fn one_is_left_to_book_and_is_counted_all_the_same() -> Result<(), Failure> {
        let (_folder, buffer) = scene(&Settings::new(4))?;
        let consumer = buffer.consumer::<Bytes, _>(Raw)?;
        for _ in 0..3 {
            put(&buffer, 1)?;
        }
        let leases: Vec<Lease> = (0..3).map(|_| consumer.try_lease()).collect::<Result<_, _>>()?;
        for (already, lease) in (0..).zip(leases) {
            lease.ack()?;
            let told = buffer.statistics();
            assert_eq!((told.finished, told.leased), (already + 1, 2 - already));
            assert_eq!(told.produced, 3);
        }
        assert_ne!(names(&consumer)?, 0);
        assert!(buffer.verify()?.is_sound());
        assert!(consumer.try_lease().is_err());
        assert_eq!(names(&consumer)?, 0);
        assert_eq!(buffer.statistics().finished, 3);
        assert!(buffer.verify()?.is_sound());
        Ok(())
    }

    /// In the books there is no lease left; in truth there is.
    #[test]
    fn one_who_waits_for_a_lease_is_called_in_spite_of_the_books() -> Result<(), Failure> {
        let (_folder, Short { buffer, consumer, first, sleeper, one, two }) = short()?;
        first.ack()?;
        assert_ne!(names(&consumer)?, 0);
        put(&buffer, 1)?;
        assert!(is_called(&sleeper, one)?);
        let mut turn = sleeper.party.turn(Limit::Forever)?;
        let _held = turn.lend(false, Some(one))?.map_err(|_| "an item")?;
        drop(turn);
        put(&buffer, 1)?;
        assert!(is_called(&sleeper, two)?);
        Ok(())
    }

    /// In the books the bytes of the item are still there.
    #[test]
    fn one_who_waits_for_storage_is_called_in_spite_of_the_books() -> Result<(), Failure> {
        let long = crate::geometry::INLINE + 1;
        let (_folder, buffer) = scene(&Settings::new(1))?;
        let consumer = buffer.consumer::<Bytes, _>(Raw)?;
        let party = &consumer.party;
        put(&buffer, long)?;
        let lease = consumer.try_lease()?;
        put(&buffer, 1)?;
        lease.ack()?;
        assert_ne!(names(&consumer)?, 0);
        // One waits for a place only, and then somebody else has all the storage that there was.
        let bytes = vec![7; long];
        let content = Content::new(&party.buffer, &bytes, 0).map_err(|_| "it can be held")?;
        let other = buffer.consumer::<Bytes, _>(Raw)?;
        let standing = stand(&other, content.wish())?;
        let mut turn = other.party.turn(Limit::Forever)?;
        let blocks = turn.spare_blocks() as u32;
        let _taken = turn.claim_blocks(blocks)?;
        let _lent = turn.lend(true, None)?.map_err(|_| "an item")?;
        drop(turn);
        assert!(is_called(&other, standing)?);
        assert_eq!(names(&consumer)?, 0);
        Ok(())
    }

    #[test]
    fn one_who_is_awaited_is_booked_at_once() -> Result<(), Failure> {
        let (_folder, buffer) = scene(&Settings::new(4))?;
        let consumer = buffer.consumer::<Bytes, _>(Raw)?;
        put(&buffer, 1)?;
        let lease = consumer.try_lease()?;
        let standing = stand(&consumer, THE_END)?;
        lease.ack()?;
        assert!(is_called(&consumer, standing)?);
        // And one who comes later finds what was done before.
        put(&buffer, 1)?;
        let other = buffer.consumer::<Bytes, _>(Raw)?;
        let mut turn = consumer.party.turn(Limit::Forever)?;
        turn.leave(Line::Idle, standing)?;
        drop(turn);
        other.try_lease()?.ack()?;
        assert_ne!(names(&other)?, 0);
        let standing = stand(&consumer, THE_END)?;
        assert!(is_called(&consumer, standing)?);
        Ok(())
    }

    /// While the lines are formed anew, an ack finds nobody in them.
    #[test]
    fn one_who_waits_through_a_recovery_is_told() -> Result<(), Failure> {
        let (_folder, buffer) = scene(&Settings::new(4))?;
        let consumer = buffer.consumer::<Bytes, _>(Raw)?;
        put(&buffer, 1)?;
        let lease = consumer.try_lease()?;
        let standing = stand(&consumer, THE_END)?;
        let other = buffer.producer::<Bytes, _>(Raw)?;
        let mut turn = other.party.turn(Limit::Forever)?;
        turn.control.idle_count().set(0);
        lease.ack()?;
        turn.rebuild_lines(|_| true)?;
        drop(turn);
        assert!(is_called(&consumer, standing)?);
        Ok(())
    }

    /// The last lease is promised to who was called, and an ack does not see it.
    #[test]
    fn one_behind_who_was_called_is_not_forgotten() -> Result<(), Failure> {
        let (_folder, Short { buffer, consumer, first, sleeper, one, two }) = short()?;
        put(&buffer, 1)?;
        put(&buffer, 1)?;
        assert!(is_called(&sleeper, one)? && !is_called(&sleeper, two)?);
        first.ack()?;
        assert_ne!(names(&consumer)?, 0);
        let _held = sleeper.party.turn(Limit::Forever)?.lend(false, Some(one))?;
        assert!(is_called(&sleeper, two)?);
        Ok(())
    }

    #[test]
    fn a_permit_finds_the_storage_of_what_is_done() -> Result<(), Failure> {
        let (_folder, buffer) = scene(&Settings::new(2))?;
        let long = Bytes::from(vec![7; crate::geometry::INLINE + 1].as_slice());
        let consumer = buffer.consumer::<Bytes, _>(Raw)?;
        let producer = buffer.producer::<Bytes, _>(Raw)?;
        producer.try_put(long.clone())?;
        let permit = producer.try_reserve()?;
        let turn = producer.party.turn(Limit::Forever)?;
        let _taken = turn.claim_blocks(turn.spare_blocks() as u32)?;
        drop(turn);
        consumer.try_lease()?.ack()?;
        assert_ne!(names(&consumer)?, 0);
        permit.put(long)?;
        Ok(())
    }
}

//! Leasing and taking: the oldest item goes to one consumer (C2, C4).

use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use forebay_contract::{Fault, TakeError};

use forebay_contract::Bytes;

use super::content;
use super::lines::Standing;
use super::{Me, Turn};
use crate::attachment::Attachment;
use crate::slot::{State, Word as SlotWord};
use crate::waiter::Line;

/// An item that one consumer holds: its slot, and the word by which the hold is told from every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Loan {
    pub(crate) slot: u32,
    pub(crate) word: SlotWord,
    pub(crate) position: u64,
    pub(crate) holder: Me,
}

impl Loan {
    /// Copies the item out; no turn is needed. `None` when its bytes are not those that were put, and when the loan is
    /// over: one who was stopped may find another item in the slot.
    pub(crate) fn read(&self, buffer: &Attachment) -> Result<Option<Bytes>, Fault> {
        let slot = buffer.slot(self.slot)?;
        let bytes = match content::read(buffer, slot) {
            Ok(bytes) => bytes,
            Err(Fault::Damaged) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let is_intact = content::is_intact(slot, &bytes);
        // What was read before is not newer than the word that is read now.
        fence(Ordering::Acquire);
        let is_own = slot.word() == self.word && slot.position() == self.position;
        Ok((is_intact && is_own).then_some(bytes))
    }
}

/// Why nothing comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nothing {
    /// There is nothing, or not for the one who asks.
    Now(TakeError),
    /// Nothing can come any more.
    Closed,
    /// Whether anything can is known when a take that has begun is over.
    InFlight,
}

impl Turn<'_> {
    pub(super) fn leases_left(&self) -> u64 {
        let control = self.control;
        self.buffer.settings.lease_limit().saturating_sub(control.leased().get())
    }

    /// Whether nothing can come any more for a consumer who holds this many leases itself (C6).
    fn is_drained(&self, own: u64) -> bool {
        self.is_closed() && self.unfinished() <= own
    }

    /// Leases the oldest item, or begins to take it for good.
    pub(crate) fn lend(
        &mut self,
        for_good: bool,
        standing: Option<Standing>,
    ) -> Result<Result<Loan, Nothing>, Fault> {
        self.book_own()?;
        let control = self.control;
        let entry = self.buffer.entry(self.me.participant)?;
        if control.waiting().get() == 0 {
            if self.is_closed() {
                self.book_all()?;
            }
            if self.is_drained(entry.leased().get()) {
                return Ok(Err(Nothing::Closed));
            }
            if let Some(standing) = standing {
                self.may_go(Line::Item, Some(standing))?;
                self.stay(standing)?;
            }
            let is_open = !self.is_closed() || control.leased().get() > entry.leased().get();
            return Ok(Err(if is_open {
                Nothing::Now(TakeError::Empty)
            } else {
                Nothing::InFlight
            }));
        }
        if !for_good {
            if control.dead().get() >= self.buffer.settings.dead_limit() {
                return Err(Fault::DeadRoom);
            }
            if self.leases_left() == 0 {
                self.book_all()?;
            }
            if self.leases_left() == 0 {
                if let Some(standing) = standing {
                    self.stay(standing)?;
                }
                return Ok(Err(Nothing::Now(TakeError::LeaseLimit)));
            }
        }
        if !self.may_go(Line::Item, standing)? {
            return Ok(Err(Nothing::Now(TakeError::Empty)));
        }
        let index = self.pop_oldest()?.ok_or(Fault::Damaged)?;
        let slot = self.slot(index)?;
        let word = slot.word();
        if !word.is(State::Ready) {
            return Err(Fault::Damaged);
        }
        slot.set_owner(self.me.participant, self.me.generation);
        let lent = if for_good {
            word.with_state(State::Taking)
        } else {
            slot.set_since(self.wall);
            slot.set_deadline(self.lease_deadline(None));
            word.delivered().with_state(State::Leased)
        };
        slot.commit(lent);
        control.waiting().subtract(1);
        control.weight().subtract(slot.weight());
        entry.items().add(1);
        if for_good {
            control.taking().add(1);
            entry.held().add(1);
        } else {
            control.leased().add(1);
            entry.leased().add(1);
            if self.buffer.settings.lease_time.is_some() {
                self.due().push(index)?;
            }
        }
        self.end_rest();
        self.went(Line::Item, standing)?;
        if control.item_count().get() > 0 && self.leases_left() == 0 {
            // An ack did not see that the last lease was promised already.
            self.call(Line::Item)?;
        }
        self.call(Line::Room)?;
        Ok(Ok(Loan { slot: index, word: lent, position: slot.position(), holder: self.me }))
    }

    /// When a lease of now ends: 0 is never.
    pub(super) fn lease_deadline(&self, time: Option<Duration>) -> u64 {
        let Some(lease_time) = self.buffer.settings.lease_time else { return 0 };
        let time = time.unwrap_or(lease_time).as_nanos();
        u64::try_from(time).map_or(u64::MAX, |time| Self::now().saturating_add(time)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::Limit;
    use crate::turn::scene::{Failure, scene};
    use crate::{Raw, Settings};

    /// As of one who was stopped between its lease and its read.
    #[test]
    fn a_loan_that_is_over_reads_no_other_item() -> Result<(), Failure> {
        let settings = Settings::new(1).max_leased(1).dead_room(1);
        let (_folder, buffer) = scene(&settings.lease_time(Duration::from_hours(1)))?;
        let producer = buffer.producer::<Bytes, _>(Raw)?;
        let consumer = buffer.consumer::<Bytes, _>(Raw)?;
        let party = &consumer.party;
        let lend = || party.turn(Limit::Forever)?.lend(false, None);
        producer.put(b"mine".as_slice().into())?;
        let Ok(loan) = lend()? else { panic!("an item waits") };
        assert_eq!(loan.read(&party.buffer)?.as_deref(), Some(b"mine".as_slice()));
        party.turn(Limit::Forever)?.extend(&loan, Duration::ZERO)??;
        loop {
            let Ok(next) = lend()? else { panic!("an item waits") };
            if next.slot == loan.slot && next.position != loan.position {
                assert_eq!(next.read(&party.buffer)?.as_deref(), Some(b"another's".as_slice()));
                break;
            }
            party.turn(Limit::Forever)?.finish(&next)??;
            producer.put(b"another's".as_slice().into())?;
        }
        assert_eq!(loan.read(&party.buffer)?, None);
        Ok(())
    }
}

//! Leases: how items leave the store with a duty, and come back to it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use forebay_contract::{DeadLetter, Death, LeaseError, Patience, TakeError};

use super::Buffer;
use crate::atomics::Arc;
use crate::blocking;
use crate::call::Lend;
use crate::calls::Calls;
use crate::desk::Desk;
use crate::share::ShareOf;
use crate::store::{Entry, Progress, Store};
use crate::waiter::{Sleeper, Turn};

/// The places that one waiting lease may hold.
#[derive(Debug, Default)]
pub(crate) struct LeaseTurn {
    item: Turn,
    room: Turn,
}

impl LeaseTurn {
    /// Whether it has taken a place anywhere.
    pub(crate) fn waits(&self) -> bool {
        self.item.waits() || self.room.waits()
    }
}

/// How a lease ends.
#[derive(Debug)]
pub(crate) enum Answer<'a> {
    Ack,
    Nack,
    Fail(&'a str),
    Reject(&'a str),
}

impl<T> Buffer<T> {
    pub(crate) fn lease_within(
        &self,
        share: &ShareOf,
        patience: Patience,
    ) -> Result<Entry<T>, TakeError> {
        match self.try_lease(share) {
            Err(TakeError::Empty | TakeError::LeaseLimit) if patience != Patience::Try => {}
            outcome => return outcome,
        }
        let ready = || !self.store.looks_empty();
        let waiting = share.waits.begin();
        if share.mood.yield_now(ready)
            && let Ok(entry) = self.try_lease(share)
        {
            return Ok(entry);
        }
        blocking::sleep(patience, &mut Lend::new(self, share, Some(waiting)), &share.mood)
            .unwrap_or(Err(TakeError::TimedOut))
    }

    fn try_lease(&self, share: &ShareOf) -> Result<Entry<T>, TakeError> {
        let mut calls = Calls::default();
        let mut desk = self.desk.lock();
        if !self.admits_lease(&desk, &Turn::default()) {
            return Err(if self.is_drained_for(&desk, share) {
                TakeError::Closed
            } else {
                TakeError::LeaseLimit
            });
        }
        if let Some(taken) = self.store.try_take(&share.items, &mut calls) {
            let entry = Self::lend(&mut desk, taken.entry, share);
            drop(desk);
            return Ok(self.call_holding(entry, share, calls));
        }
        // Under the desk's lock nothing is given back, so this look is the last word.
        if !self.is_drained_for(&desk, share) {
            return Err(TakeError::Empty);
        }
        match self.store.try_take(&share.items, &mut calls) {
            Some(taken) => {
                let entry = Self::lend(&mut desk, taken.entry, share);
                drop(desk);
                Ok(self.call_holding(entry, share, calls))
            }
            None => Err(TakeError::Closed),
        }
    }

    pub(crate) fn poll_lease(
        &self,
        share: &ShareOf,
        turn: &mut LeaseTurn,
        sleeper: &mut Sleeper<'_>,
    ) -> Progress<Result<Entry<T>, TakeError>> {
        sleeper.prepare();
        let mut calls = Calls::default();
        let mut desk = self.desk.lock();
        let admitted = self.admits_lease(&desk, &turn.room);
        let progress = if admitted {
            self.store.poll_take(&mut turn.item, sleeper, &share.items, &mut calls)
        } else {
            // An item we may have been called for meanwhile is for others to take.
            self.store.cancel_take(&mut turn.item, &mut calls);
            self.room.lock().wait(&mut turn.room, sleeper, desk.leases, &mut calls);
            Progress::Asleep
        };
        match progress {
            Progress::Done(taken) => {
                let entry = Self::lend(&mut desk, taken.entry, share);
                self.leave_room(&desk, turn, &mut calls);
                drop(desk);
                Progress::Done(Ok(self.call_holding(entry, share, calls)))
            }
            Progress::Asleep if self.is_drained_for(&desk, share) => {
                self.leave_room(&desk, turn, &mut calls);
                self.store.cancel_take(&mut turn.item, &mut calls);
                Progress::Done(Err(TakeError::Closed))
            }
            Progress::Asleep => {
                if admitted {
                    // It is an item we wait for now, not the limit.
                    self.leave_room(&desk, turn, &mut calls);
                }
                Progress::Asleep
            }
        }
    }

    pub(crate) fn cancel_lease(&self, turn: &mut LeaseTurn) {
        let mut calls = Calls::default();
        self.leave_room(&self.desk.lock(), turn, &mut calls);
        self.store.cancel_take(&mut turn.item, &mut calls);
    }

    fn admits_lease(&self, desk: &Desk<T>, turn: &Turn) -> bool {
        desk.leased < self.settings.max_leased && self.room.admits(turn, desk.leases)
    }

    /// Leaves the line for the lease limit, and passes the wake on if there is room for more.
    fn leave_room(&self, desk: &Desk<T>, turn: &mut LeaseTurn, calls: &mut Calls) {
        self.room.leave(&mut turn.room, calls, || desk.leased < self.settings.max_leased);
    }

    fn lend(desk: &mut Desk<T>, mut entry: Entry<T>, share: &ShareOf) -> Entry<T> {
        entry.deliveries += 1;
        desk.leased += 1;
        desk.leases += 1;
        share.lease_begins();
        entry
    }

    /// Makes the calls while a fresh lease is in hand: if one of them panics, a hook's say, the item
    /// goes back.
    fn call_holding(&self, entry: Entry<T>, share: &ShareOf, calls: Calls) -> Entry<T> {
        match catch_unwind(AssertUnwindSafe(|| drop(calls))) {
            Ok(()) => entry,
            Err(panic) => {
                // A lease without a deadline is never refused its answer.
                let _ = self.answer(entry, None, share, &Answer::Nack);
                resume_unwind(panic)
            }
        }
    }

    /// Gives a fresh lease its deadline, if leases have one here; returns its number.
    pub(crate) fn set_deadline(
        self: &Arc<Self>,
        entry: &Entry<T>,
        share: &Arc<ShareOf>,
    ) -> Option<u64> {
        let lease_time = self.settings.lease_time.as_ref()?;
        let copy = Entry { item: (lease_time.copy)(&entry.item), ..*entry };
        let deadline = after(Instant::now(), lease_time.duration);
        let mut desk = self.desk.lock();
        if desk.expirer.is_none() {
            desk.expirer = Some((lease_time.start_expirer)(self));
        }
        let (number, first) = desk.set_deadline(copy, Arc::clone(share), deadline);
        Self::tell_expirer(&desk, first);
        Some(number)
    }

    pub(crate) fn extend(&self, number: u64, duration: Duration) -> Result<(), LeaseError> {
        let now = Instant::now();
        let deadline = after(now, duration);
        let mut desk = self.desk.lock();
        let first = desk.move_deadline(number, now, deadline).ok_or(LeaseError::Expired)?;
        Self::tell_expirer(&desk, first);
        Ok(())
    }

    fn tell_expirer(desk: &Desk<T>, first: bool) {
        if first && let Some(expirer) = &desk.expirer {
            expirer.unpark();
        }
    }

    /// Ends a lease; an acked item is the caller's.
    pub(crate) fn answer(
        &self,
        mut entry: Entry<T>,
        timed: Option<u64>,
        share: &ShareOf,
        answer: &Answer<'_>,
    ) -> Result<Option<T>, LeaseError> {
        let mut calls = Calls::default();
        let mut desk = self.desk.lock();
        // Dropped after the lock: an item's `drop` is not ours to run under it.
        let _copy = match timed.map(|number| desk.strike(number, Instant::now())) {
            Some(None) => {
                drop(desk);
                return Err(LeaseError::Expired);
            }
            Some(copy) => copy,
            None => None,
        };
        let mut unwanted = None;
        let mut acked = None;
        match answer {
            Answer::Ack => {
                desk.acked += 1;
                acked = Some(entry.item);
            }
            Answer::Nack => unwanted = self.take_back(&mut desk, entry, None, &mut calls),
            Answer::Fail(reason) => {
                entry.failures += 1;
                unwanted = self.take_back(&mut desk, entry, Some(reason), &mut calls);
            }
            Answer::Reject(reason) => desk.bury(entry, Death::Rejected((*reason).to_owned())),
        }
        self.lease_ended(&mut desk, share, &mut calls);
        drop(desk);
        drop(unwanted);
        Ok(acked)
    }

    /// Puts an unfinished item where it belongs: its position, the dead letters, or, with nobody
    /// left to take it, nowhere; then it is returned, to be dropped.
    fn take_back(
        &self,
        desk: &mut Desk<T>,
        entry: Entry<T>,
        failed: Option<&str>,
        calls: &mut Calls,
    ) -> Option<T> {
        let reached = |limit: Option<u32>, count| limit.is_some_and(|limit| count >= limit);
        if let Some(reason) = failed
            && reached(self.settings.max_failures, entry.failures)
        {
            desk.bury(entry, Death::Failures(reason.to_owned()));
        } else if reached(self.settings.max_deliveries, entry.deliveries) {
            desk.bury(entry, Death::Deliveries);
        } else if self.is_abandoned() {
            desk.dropped += 1;
            return Some(entry.item);
        } else {
            self.store.give_back(entry, calls);
        }
        None
    }

    fn lease_ended(&self, desk: &mut Desk<T>, share: &ShareOf, calls: &mut Calls) {
        desk.leased -= 1;
        share.lease_ends();
        self.settle(desk, calls);
        self.room.call(calls);
    }

    #[cfg(not(any(loom, shuttle)))]
    /// Ends the leases whose deadline has passed; returns the next deadline.
    pub(crate) fn expire(&self, now: Instant) -> Option<Instant> {
        loop {
            let mut calls = Calls::default();
            let mut desk = self.desk.lock();
            let Some(timed) = desk.strike_due(now) else { return desk.next_deadline() };
            let unwanted = self.take_back(&mut desk, timed.copy, None, &mut calls);
            self.lease_ended(&mut desk, &timed.share, &mut calls);
            drop(desk);
            drop(unwanted);
        }
    }

    pub(crate) fn take_dead(&self) -> Option<DeadLetter<T>> {
        let mut desk = self.desk.lock();
        let dead = desk.dead.pop_front()?;
        desk.dropped += 1;
        Some(dead)
    }
}

/// A deadline; one too far for the clock is a year off, which is for ever here.
fn after(now: Instant, duration: Duration) -> Instant {
    now.checked_add(duration).unwrap_or(now + Duration::from_hours(24 * 365))
}

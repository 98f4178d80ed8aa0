//! The buffer that both sides share: a store, and over it leases, close, join and the statistics.
//!
//! A lease leaves the store under the desk's lock, and comes back under it. So whoever holds that
//! lock sees each unfinished item in one place, and "nothing is unfinished" is one look: no lease is
//! out, and the store is empty (C7).

use std::collections::BTreeMap;
use std::task::Waker;
use std::time::{Duration, Instant};

use forebay_contract::{
    Death, LeaseError, Patience, PutError, Refusal, Share, Statistics, TakeError, TimedOut,
};

use crate::atomics::counters::{AtomicUsize, Ordering};
use crate::atomics::{Arc, Mutex, Parker};
use crate::blocking;
use crate::call::{Join, Lend, Put, Take};
use crate::desk::Desk;
use crate::pause;
use crate::share::ShareOf;
use crate::store::{self, AnyStore, Entry, Progress, Store};
use crate::waiter::{Admission, Calls, Turn, WaitList};
use crate::waits::Waits;

#[derive(Debug)]
pub(crate) struct Buffer<T> {
    pub(crate) store: AnyStore<T>,
    desk: Mutex<Desk<T>>,
    /// Who waits for the lease limit.
    room: WaitList,
    joiners: WaitList,
    settings: Settings<T>,
    /// Handles alive.
    pub(crate) producers: AtomicUsize,
    pub(crate) consumers: AtomicUsize,
    shares: Mutex<Shares>,
    producer_waits: Waits,
    epoch: Instant,
}

#[derive(Debug, Default)]
struct Shares {
    alive: BTreeMap<u64, Arc<ShareOf>>,
    next: u64,
    /// What handles took and waited that are gone.
    departed: u64,
    departed_wait: Duration,
}

/// What the builder was told.
#[derive(Debug)]
pub(crate) struct Settings<T> {
    pub(crate) name: Option<String>,
    pub(crate) capacity: Option<usize>,
    pub(crate) max_leased: u64,
    pub(crate) max_failures: Option<u32>,
    pub(crate) max_deliveries: Option<u32>,
    pub(crate) lease_time: Option<LeaseTime<T>>,
}

/// How long leases last, and what ending them takes. The functions keep their bounds on `T` away
/// from buffers whose leases have no deadline.
#[derive(Debug)]
pub(crate) struct LeaseTime<T> {
    pub(crate) duration: Duration,
    pub(crate) copy: fn(&T) -> T,
    pub(crate) start_expirer: fn(&Arc<Buffer<T>>) -> Parker,
}

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
    pub(crate) fn new(store: AnyStore<T>, settings: Settings<T>) -> Self {
        let epoch = Instant::now();
        let room = usize::try_from(settings.max_leased).unwrap_or(usize::MAX);
        Self {
            store,
            desk: Mutex::new(Desk::new()),
            room: WaitList::new(room),
            joiners: WaitList::new(0),
            settings,
            producers: AtomicUsize::new(1),
            consumers: AtomicUsize::new(0),
            shares: Mutex::new(Shares::default()),
            producer_waits: Waits::new(epoch),
            epoch,
        }
    }

    // Puts.

    #[inline]
    pub(crate) fn put_within(&self, item: T, patience: Patience) -> Result<(), PutError<T>> {
        match self.store.try_put(item, &mut Calls::default()) {
            Ok(()) => Ok(()),
            Err(refused) if refused.refusal == Refusal::Full && patience != Patience::Try => {
                self.put_waiting(refused.item, patience)
            }
            Err(refused) => Err(self.name_refusal(refused)),
        }
    }

    #[cold]
    fn put_waiting(&self, mut item: T, patience: Patience) -> Result<(), PutError<T>> {
        // A put that is refused for another reason than a full buffer is over, too.
        let attempt = |item| match self.store.try_put(item, &mut Calls::default()) {
            Err(refused) if refused.refusal == Refusal::Full => Err(refused.item),
            over => Ok(over.map_err(|refused| self.name_refusal(refused))),
        };
        for () in pause::spins(self.settings.capacity) {
            match attempt(item) {
                Ok(over) => return over,
                Err(back) => item = back,
            }
        }
        let waiting = self.begin_put_wait();
        for () in pause::yields() {
            match attempt(item) {
                Ok(over) => return over,
                Err(back) => item = back,
            }
        }
        let mut put = Put::new(self, item, Some(waiting));
        blocking::wait(patience, &mut put).unwrap_or_else(|| {
            let item = put.into_item().expect("what was not placed is still here");
            Err(PutError { item, refusal: Refusal::TimedOut })
        })
    }

    pub(crate) fn begin_put_wait(&self) -> crate::waits::Waiting<'_> {
        self.producer_waits.begin()
    }

    /// Says "abandoned" rather than "closed" when that is why.
    pub(crate) fn name_refusal(&self, mut refused: PutError<T>) -> PutError<T> {
        if refused.refusal == Refusal::Closed && self.is_abandoned() {
            refused.refusal = Refusal::Abandoned;
        }
        refused
    }

    // Takes.

    #[inline]
    pub(crate) fn take_within(&self, share: &ShareOf, patience: Patience) -> Result<T, TakeError> {
        match self.try_take(share) {
            Some(item) => Ok(item),
            None => self.take_waiting(share, patience),
        }
    }

    #[inline]
    fn try_take(&self, share: &ShareOf) -> Option<T> {
        let mut calls = Calls::default();
        let taken = self.store.try_take(&mut calls)?;
        share.count_item();
        if taken.watched {
            self.settle(&self.desk.lock(), &mut calls);
        }
        Some(taken.entry.item)
    }

    #[cold]
    fn take_waiting(&self, share: &ShareOf, patience: Patience) -> Result<T, TakeError> {
        if patience == Patience::Try {
            if !self.is_drained(share) {
                return Err(TakeError::Empty);
            }
            // Something may have come between the two looks, and the close after it.
            return self.try_take(share).ok_or(TakeError::Closed);
        }
        for () in pause::spins(self.settings.capacity) {
            if let Some(item) = self.try_take(share) {
                return Ok(item);
            }
        }
        let waiting = share.waits.begin();
        for () in pause::yields() {
            if let Some(item) = self.try_take(share) {
                return Ok(item);
            }
        }
        blocking::wait(patience, &mut Take::new(self, share, Some(waiting)))
            .unwrap_or(Err(TakeError::TimedOut))
    }

    pub(crate) fn poll_take(
        &self,
        share: &ShareOf,
        turn: &mut Turn,
        waker: &Waker,
    ) -> Progress<Result<T, TakeError>> {
        let mut calls = Calls::default();
        match self.store.poll_take(turn, waker, &mut calls) {
            Progress::Done(taken) => {
                share.count_item();
                if taken.watched {
                    self.settle(&self.desk.lock(), &mut calls);
                }
                Progress::Done(Ok(taken.entry.item))
            }
            Progress::InFlight => Progress::InFlight,
            Progress::Asleep if self.is_drained(share) => {
                self.store.cancel_take(turn, &mut calls);
                Progress::Done(Err(TakeError::Closed))
            }
            Progress::Asleep => Progress::Asleep,
        }
    }

    // Leases.

    pub(crate) fn lease_within(
        &self,
        share: &ShareOf,
        patience: Patience,
    ) -> Result<Entry<T>, TakeError> {
        match self.try_lease(share) {
            Err(TakeError::Empty | TakeError::LeaseLimit) if patience != Patience::Try => {}
            outcome => return outcome,
        }
        let waiting = share.waits.begin();
        for () in pause::yields() {
            if let Ok(entry) = self.try_lease(share) {
                return Ok(entry);
            }
        }
        blocking::wait(patience, &mut Lend::new(self, share, Some(waiting)))
            .unwrap_or(Err(TakeError::TimedOut))
    }

    fn try_lease(&self, share: &ShareOf) -> Result<Entry<T>, TakeError> {
        let mut calls = Calls::default();
        let mut desk = self.desk.lock();
        let admission = self.admits_lease(&desk, &Turn::default());
        if admission == Admission::Refused {
            return Err(if self.is_drained_for(&desk, share) {
                TakeError::Closed
            } else {
                TakeError::LeaseLimit
            });
        }
        if let Some(taken) = self.store.try_take(&mut calls) {
            return Ok(Self::lend(&mut desk, taken.entry, share));
        }
        if admission == Admission::Pass {
            self.room.excuse();
        }
        // Under the desk's lock nothing is given back, so this look is the last word.
        if !self.is_drained_for(&desk, share) {
            return Err(TakeError::Empty);
        }
        match self.store.try_take(&mut calls) {
            Some(taken) => Ok(Self::lend(&mut desk, taken.entry, share)),
            None => Err(TakeError::Closed),
        }
    }

    pub(crate) fn poll_lease(
        &self,
        share: &ShareOf,
        turn: &mut LeaseTurn,
        waker: &Waker,
    ) -> Progress<Result<Entry<T>, TakeError>> {
        let mut calls = Calls::default();
        let mut desk = self.desk.lock();
        let admission = self.admits_lease(&desk, &turn.room);
        let progress = if admission == Admission::Refused {
            // An item we may have been called for meanwhile is for others to take.
            self.store.cancel_take(&mut turn.item, &mut calls);
            self.room.lock().wait(&mut turn.room, waker, &mut calls);
            Progress::Asleep
        } else {
            self.store.poll_take(&mut turn.item, waker, &mut calls)
        };
        match progress {
            Progress::Done(taken) => {
                let entry = Self::lend(&mut desk, taken.entry, share);
                self.leave_room(&desk, turn, &mut calls);
                Progress::Done(Ok(entry))
            }
            Progress::Asleep if self.is_drained_for(&desk, share) => {
                self.leave_room(&desk, turn, &mut calls);
                self.store.cancel_take(&mut turn.item, &mut calls);
                Progress::Done(Err(TakeError::Closed))
            }
            waits => {
                if admission != Admission::Refused {
                    // It is an item we wait for now, not the limit.
                    if admission == Admission::Pass {
                        self.room.excuse();
                    }
                    self.leave_room(&desk, turn, &mut calls);
                }
                if matches!(waits, Progress::Asleep) {
                    Progress::Asleep
                } else {
                    Progress::InFlight
                }
            }
        }
    }

    pub(crate) fn cancel_lease(&self, turn: &mut LeaseTurn) {
        let mut calls = Calls::default();
        self.leave_room(&self.desk.lock(), turn, &mut calls);
        self.store.cancel_take(&mut turn.item, &mut calls);
    }

    fn admits_lease(&self, desk: &Desk<T>, turn: &Turn) -> Admission {
        if desk.leased < self.settings.max_leased {
            self.room.admits(turn)
        } else {
            Admission::Refused
        }
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
        share.count_item();
        entry
    }

    /// Gives a fresh lease its deadline, if leases have one here; returns its number.
    pub(crate) fn set_deadline(
        self: &Arc<Self>,
        entry: &Entry<T>,
        share: &Arc<ShareOf>,
    ) -> Option<u64> {
        let lease_time = self.settings.lease_time.as_ref()?;
        let copy = Entry { item: (lease_time.copy)(&entry.item), ..*entry };
        let mut desk = self.desk.lock();
        if desk.expirer.is_none() {
            desk.expirer = Some((lease_time.start_expirer)(self));
        }
        let deadline = Instant::now() + lease_time.duration;
        let (number, first) = desk.set_deadline(copy, Arc::clone(share), deadline);
        Self::tell_expirer(&desk, first);
        Some(number)
    }

    pub(crate) fn extend(&self, number: u64, duration: Duration) -> Result<(), LeaseError> {
        let now = Instant::now();
        // One too long for the clock is a year, which is for ever here.
        let deadline = now.checked_add(duration).unwrap_or(now + Duration::from_hours(24 * 365));
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

    #[cfg(not(loom))]
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

    pub(crate) fn take_dead(&self) -> Option<forebay_contract::DeadLetter<T>> {
        let mut desk = self.desk.lock();
        let dead = desk.dead.pop_front()?;
        desk.dropped += 1;
        Some(dead)
    }

    // The end.

    /// Refuses puts from now on (C6).
    pub(crate) fn close(&self) {
        let mut calls = Calls::default();
        self.store.close(&mut calls);
        // From here on every take looks whether it took the last; `settle` looks at those before.
        self.store.watch(true);
        self.settle(&self.desk.lock(), &mut calls);
    }

    fn is_abandoned(&self) -> bool {
        self.consumers.load(Ordering::Acquire) == 0
    }

    /// Nobody is left to take: refuses puts and drops what waits (C6).
    pub(crate) fn abandon(&self) {
        self.close();
        let panic = store::empty_out(&self.store, || {
            let mut desk = self.desk.lock();
            desk.discarded += 1;
            desk.dropped += 1;
        });
        self.settle(&self.desk.lock(), &mut Calls::default());
        panic.resume();
    }

    fn is_drained(&self, share: &ShareOf) -> bool {
        self.store.is_closed() && self.is_drained_for(&self.desk.lock(), share)
    }

    /// Whether nothing can come any more for this consumer: closed, nothing waits, and no lease of
    /// another's could bring an item back.
    fn is_drained_for(&self, desk: &Desk<T>, share: &ShareOf) -> bool {
        self.store.is_closed() && desk.leased == share.leased() && self.store.is_empty()
    }

    /// After something finished: lets joiners go if that was the last, and consumers see the end.
    fn settle(&self, desk: &Desk<T>, calls: &mut Calls) {
        if !self.store.is_empty() {
            return;
        }
        if desk.leased == 0 {
            let mut line = self.joiners.lock();
            while line.call(calls) {}
        }
        if self.store.is_closed() {
            self.store.rouse_consumers(calls);
        }
    }

    // Join.

    pub(crate) fn join_within(&self, patience: Patience) -> Result<(), TimedOut> {
        blocking::wait(patience, &mut Join::new(self)).ok_or(TimedOut)
    }

    pub(crate) fn poll_join(&self, turn: &mut Turn, waker: &Waker) -> Progress<()> {
        let mut calls = Calls::default();
        let desk = self.desk.lock();
        let mut line = self.joiners.lock();
        // Called: nothing was unfinished at that moment, whatever has been put since.
        let mut over = line.called(turn) || (desk.leased == 0 && self.store.is_empty());
        if !over {
            self.store.watch(true);
            over = desk.leased == 0 && self.store.is_empty();
        }
        if over {
            line.leave(turn, &mut calls);
            self.unwatch(&line);
            return Progress::Done(());
        }
        line.wait(turn, waker, &mut calls);
        Progress::Asleep
    }

    pub(crate) fn cancel_join(&self, turn: &mut Turn) {
        let mut calls = Calls::default();
        let _desk = self.desk.lock();
        let mut line = self.joiners.lock();
        line.leave(turn, &mut calls);
        self.unwatch(&line);
    }

    /// Stops watching once nobody joins, under the locks of the desk and the line. A closed store
    /// stays watched.
    fn unwatch(&self, line: &crate::waiter::Line<'_>) {
        if line.is_empty() && !self.store.is_closed() {
            self.store.watch(false);
            if self.store.is_closed() {
                self.store.watch(true);
            }
        }
    }

    // Handles and statistics.

    pub(crate) fn label(&self) -> &str {
        self.settings.name.as_deref().unwrap_or("unnamed")
    }

    pub(crate) fn new_share(&self) -> Arc<ShareOf> {
        self.consumers.fetch_add(1, Ordering::Relaxed);
        let mut shares = self.shares.lock();
        let share = Arc::new(ShareOf::new(shares.next, self.epoch));
        shares.next += 1;
        shares.alive.insert(share.consumer, Arc::clone(&share));
        share
    }

    pub(crate) fn end_share(&self, share: &ShareOf) {
        let mut shares = self.shares.lock();
        shares.alive.remove(&share.consumer);
        let Share { items, waited, .. } = share.report();
        shares.departed += items;
        shares.departed_wait += waited;
        drop(shares);
        if self.consumers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.abandon();
        }
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let shares = self.shares.lock();
        let reports: Vec<Share> = shares.alive.values().map(|share| share.report()).collect();
        let (departed, departed_wait) = (shares.departed, shares.departed_wait);
        drop(shares);
        let desk = self.desk.lock();
        let counts = self.store.counts();
        let (producers_waiting, consumers_waiting) = self.store.waiters();
        let mut statistics = Statistics::default();
        statistics.name.clone_from(&self.settings.name);
        statistics.capacity = self.settings.capacity;
        statistics.produced = counts.produced;
        statistics.finished =
            (counts.removed + desk.acked).saturating_sub(desk.leases + desk.discarded);
        statistics.waiting = counts.waiting;
        statistics.leased = desk.leased;
        statistics.dead = desk.dead.len() as u64;
        statistics.dropped = desk.dropped;
        statistics.high_water = counts.high_water;
        statistics.closed = self.store.is_closed();
        statistics.producers = self.producers.load(Ordering::Acquire);
        statistics.consumers = self.consumers.load(Ordering::Acquire);
        statistics.producers_waiting = producers_waiting;
        statistics.consumers_waiting = consumers_waiting + self.room.asleep();
        statistics.producer_wait = self.producer_waits.total();
        statistics.consumer_wait =
            departed_wait + reports.iter().map(|share| share.waited).sum::<Duration>();
        statistics.shares = reports;
        statistics.departed = departed;
        statistics
    }
}

impl<T> Drop for Buffer<T> {
    fn drop(&mut self) {
        // The expirer sees that the buffer is gone, and ends.
        if let Some(expirer) = self.desk.lock().expirer.take() {
            expirer.unpark();
        }
    }
}

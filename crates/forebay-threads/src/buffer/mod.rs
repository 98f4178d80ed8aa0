//! The buffer that both sides share: a store, and over it leases, close, join and the statistics.
//!
//! A lease leaves the store under the desk's lock, and comes back under it. So whoever holds that
//! lock sees each unfinished item in one place, and "nothing is unfinished" is one look: no lease is
//! out, and the store is empty (C7).
//!
//! Here: puts, takes, handles and statistics. [`lending`]: leases. [`ending`]: close and join.

mod ending;
mod lending;

use std::collections::BTreeMap;
use std::task::Waker;
use std::time::{Duration, Instant};

use forebay_contract::{Patience, PutError, Refusal, Share, Statistics, TakeError};

pub(crate) use self::lending::{Answer, LeaseTurn};

use crate::atomics::counters::{AtomicUsize, Ordering};
use crate::atomics::{Arc, Mutex, Parker};
use crate::blocking;
use crate::call::{Put, Take};
use crate::desk::Desk;
use crate::pause;
use crate::share::ShareOf;
use crate::store::{AnyStore, Progress, Store};
use crate::waiter::{Calls, Turn, WaitList};
use crate::waits::{Waiting, Waits};

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
        for () in pause::yields(self.settings.capacity) {
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

    pub(crate) fn begin_put_wait(&self) -> Waiting<'_> {
        self.producer_waits.begin()
    }

    /// Says "abandoned" rather than "closed" when that is why.
    pub(crate) fn name_refusal(&self, mut refused: PutError<T>) -> PutError<T> {
        if refused.refusal == Refusal::Closed && self.is_abandoned() {
            refused.refusal = Refusal::Abandoned;
        }
        refused
    }

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
        for () in pause::yields(self.settings.capacity) {
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
        waker: &mut Option<Waker>,
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

//! The buffer that both sides share: a store, and over it leases, close, join and the statistics.
//!
//! A lease leaves the store under the desk's lock, and comes back under it. So whoever holds that
//! lock sees each unfinished item in one place, and "nothing is unfinished" is one look: no lease is
//! out, and the store is empty (C7).
//!
//! Here: handles and statistics. [`putting`] and [`taking`]: the two verbs. [`lending`]: leases.
//! [`ending`]: close and join.

mod ending;
mod lending;
mod putting;
mod taking;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use forebay_contract::{Share, Statistics};

pub(crate) use self::lending::{Answer, LeaseTurn};

use crate::atomics::counters::{AtomicUsize, Ordering};
use crate::atomics::{Arc, Mutex, Parker};
use crate::desk::Desk;
use crate::share::ShareOf;
use crate::store::{AnyStore, Store};
use crate::waiter::WaitList;
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
    pub(crate) producer_waits: Waits,
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
    pub(crate) scale: Option<Scale<T>>,
}

/// How long leases last, and what ending them takes. The functions keep their bounds on `T` away
/// from buffers whose leases have no deadline.
#[derive(Debug)]
pub(crate) struct LeaseTime<T> {
    pub(crate) duration: Duration,
    pub(crate) copy: fn(&T) -> T,
    pub(crate) start_expirer: fn(&Arc<Buffer<T>>) -> Parker,
}

/// How items are weighed, and how much of them may wait.
pub(crate) struct Scale<T> {
    pub(crate) capacity: u64,
    pub(crate) weigh: Box<dyn Fn(&T) -> u64 + Send + Sync>,
}

impl<T> fmt::Debug for Scale<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scale").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl<T> Buffer<T> {
    pub(crate) fn new(store: AnyStore<T>, settings: Settings<T>) -> Self {
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
            producer_waits: Waits::default(),
        }
    }

    pub(crate) fn label(&self) -> &str {
        self.settings.name.as_deref().unwrap_or("unnamed")
    }

    pub(crate) fn new_share(&self) -> Arc<ShareOf> {
        self.consumers.fetch_add(1, Ordering::Relaxed);
        let mut shares = self.shares.lock();
        let share = Arc::new(ShareOf::new(shares.next));
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
        statistics.weight_capacity = self.settings.scale.as_ref().map(|scale| scale.capacity);
        statistics.weight = counts.weight;
        statistics.reserved = counts.reserved;
        statistics.produced = counts.produced + desk.dropped_these;
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

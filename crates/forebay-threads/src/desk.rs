//! The books of what is neither waiting nor finished: leases out, and dead letters.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use forebay_contract::{DeadLetter, Death};

use crate::atomics::{Arc, Parker};
use crate::share::ShareOf;
use crate::store::Entry;

/// Everything about leases that must change together. Guarded by the buffer's one desk lock, which
/// comes before any lock of the store's.
#[derive(Debug)]
pub(crate) struct Desk<T> {
    /// Leases out now.
    pub(crate) leased: u64,
    /// Leases ever made.
    pub(crate) leases: u64,
    /// Leases acked.
    pub(crate) acked: u64,
    /// Items dropped by their own producer, which never were in the store.
    pub(crate) dropped_these: u64,
    /// Items dropped: those, the oldest for newer ones, purged dead letters, and what nobody was left to take.
    pub(crate) dropped: u64,
    /// Of those, the ones that were taken out of the store to be dropped.
    pub(crate) discarded: u64,
    pub(crate) dead: VecDeque<DeadLetter<T>>,
    /// Leases out that have a deadline, by number.
    timed: BTreeMap<u64, Timed<T>>,
    /// The same by deadline.
    due: BTreeSet<(Instant, u64)>,
    next_timed: u64,
    /// The thread that ends leases at their deadline, once there is one.
    pub(crate) expirer: Option<Parker>,
}

/// A lease with a deadline, and what goes back to the buffer when it passes.
#[derive(Debug)]
pub(crate) struct Timed<T> {
    deadline: Instant,
    pub(crate) copy: Entry<T>,
    pub(crate) share: Arc<ShareOf>,
}

impl<T> Desk<T> {
    pub(crate) fn new() -> Self {
        Self {
            leased: 0,
            leases: 0,
            acked: 0,
            dropped_these: 0,
            dropped: 0,
            discarded: 0,
            dead: VecDeque::new(),
            timed: BTreeMap::new(),
            due: BTreeSet::new(),
            next_timed: 0,
            expirer: None,
        }
    }

    /// Notes a lease's deadline. True if it is the first to come.
    pub(crate) fn set_deadline(
        &mut self,
        copy: Entry<T>,
        share: Arc<ShareOf>,
        deadline: Instant,
    ) -> (u64, bool) {
        let number = self.next_timed;
        self.next_timed += 1;
        self.timed.insert(number, Timed { deadline, copy, share });
        self.due.insert((deadline, number));
        (number, self.is_first(number))
    }

    /// Moves a deadline; `None` if the lease has expired. True if it is now the first to come.
    pub(crate) fn move_deadline(
        &mut self,
        number: u64,
        now: Instant,
        deadline: Instant,
    ) -> Option<bool> {
        let timed = self.timed.get_mut(&number).filter(|timed| now < timed.deadline)?;
        self.due.remove(&(timed.deadline, number));
        timed.deadline = deadline;
        self.due.insert((deadline, number));
        Some(self.is_first(number))
    }

    /// Strikes a lease with a deadline; `None` if it has expired, whether the expirer has got to it
    /// or not.
    pub(crate) fn strike(&mut self, number: u64, now: Instant) -> Option<Timed<T>> {
        let deadline = self.timed.get(&number)?.deadline;
        if deadline <= now {
            return None;
        }
        self.due.remove(&(deadline, number));
        self.timed.remove(&number)
    }

    #[cfg(not(any(loom, shuttle)))]
    /// Strikes the lease whose deadline has passed longest ago.
    pub(crate) fn strike_due(&mut self, now: Instant) -> Option<Timed<T>> {
        let &(deadline, number) = self.due.first()?;
        if deadline > now {
            return None;
        }
        self.due.pop_first();
        self.timed.remove(&number)
    }

    #[cfg(not(any(loom, shuttle)))]
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.due.first().map(|&(deadline, _)| deadline)
    }

    pub(crate) fn bury(&mut self, entry: Entry<T>, death: Death) {
        let Entry { item, deliveries, failures, .. } = entry;
        self.dead.push_back(DeadLetter { item, death, deliveries, failures });
    }

    fn is_first(&self, number: u64) -> bool {
        self.due.first().is_some_and(|&(_, first)| first == number)
    }
}

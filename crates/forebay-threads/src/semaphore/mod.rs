//! The counting semaphore, for buffers and for users.
//!
//! Here: what users see. [`count`]: P and V, which the discipline `semaphores` is built of.
//! [`acquire`]: the call that waits. [`units`]: what is held.

mod acquire;
mod count;
mod units;

use std::fmt;
use std::time::{Duration, Instant};

use forebay_contract::Patience;

use self::acquire::Acquire;
use self::count::Count;
pub use self::units::Units;
use crate::atomics::{Arc, Mutex};
use crate::blocking;
use crate::call::Task;
use crate::calls::Calls;
use crate::waiter::WaitList;

/// A counting semaphore: so many units, which threads and tasks acquire, wait for, and give back.
///
/// E. W. Dijkstra, *Cooperating Sequential Processes* (1965), where to acquire is P and to release is
/// V. The discipline [`Semaphores`](crate::Discipline::Semaphores) is two of these and a lock; on its
/// own, one bounds how many do something at a time:
///
/// ```
/// use std::thread;
///
/// let licences = forebay_threads::Semaphore::new(2);
/// thread::scope(|scope| {
///     for _ in 0..5 {
///         scope.spawn(|| {
///             let _held = licences.acquire(); // given back when it is dropped
///             // at most two are here at a time
///         });
///     }
/// });
/// assert_eq!(licences.available(), 2);
/// ```
///
/// Each form of acquiring comes for one unit, for many at once, and for many with a guard that owns its
/// [`Arc`]; blocking, timed and async callers stand in the same line.
///
/// # Order
///
/// Those who wait are served first come, first served: somebody who wants many units is not starved by
/// others who want few, since they stand behind. A newcomer that finds its units free may pass those who
/// wait, which spares a context switch; but a waiter is passed at most 2 × (units + waiters) times,
/// where the units are those that the semaphore began with, and then the next ones are its own (as C10
/// has it for buffers). One that was woken and does not come for 100 ms, because its future is no longer
/// polled, is passed freely, and the next is woken in its stead.
///
/// # Leaks
///
/// Units that are [forgotten](Units::forget), or leaked with [`mem::forget`](std::mem::forget), are gone
/// until [released](Self::release) anew. A leaked future of [`acquire_async`](Self::acquire_async) keeps
/// its place in the line, and holds nobody up for longer than that.
pub struct Semaphore {
    count: Mutex<Count>,
    line: WaitList,
}

impl Semaphore {
    /// The most units that may be free at a time.
    pub const MAX_UNITS: usize = usize::MAX >> 3;

    /// With so many units, all free. With 0, all wait for the first [release](Self::release).
    ///
    /// # Panics
    ///
    /// If that is more than [`MAX_UNITS`](Self::MAX_UNITS).
    pub fn new(units: usize) -> Self {
        assert!(units <= Self::MAX_UNITS, "{}", TooMany { free: 0, more: units });
        Self::of_buffer(units, units)
    }

    /// With waiters that let newcomers pass as those of a buffer so large.
    pub(crate) fn of_buffer(units: usize, capacity: usize) -> Self {
        Self { count: Mutex::new(Count::of(units)), line: WaitList::new(capacity) }
    }

    /// Acquires a unit, waiting while there is none (C5).
    pub fn acquire(&self) -> Units<&Self> {
        self.acquire_many(1)
    }

    /// Acquires a unit if one is free now, and nobody who waits is due for it.
    pub fn try_acquire(&self) -> Option<Units<&Self>> {
        self.try_acquire_many(1)
    }

    /// Acquires a unit, waiting at most so long.
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<Units<&Self>> {
        self.acquire_within(Patience::lasting(timeout))
    }

    /// Acquires a unit, waiting until `deadline`.
    pub fn acquire_deadline(&self, deadline: Instant) -> Option<Units<&Self>> {
        self.acquire_within(Patience::Until(deadline))
    }

    /// Acquires a unit, waiting as long as `patience` says; `None` when that is over.
    pub fn acquire_within(&self, patience: Patience) -> Option<Units<&Self>> {
        self.acquire_many_within(1, patience)
    }

    /// Acquires a unit, waiting as a task. Dropping the future loses nothing.
    pub fn acquire_async(&self) -> impl Future<Output = Units<&Self>> {
        self.acquire_many_async(1)
    }

    /// Acquires so many units in one go, waiting until all are free at once: none is held meanwhile, so
    /// two who want many do not deadlock. More than there are in all waits until others are released;
    /// 0 are had at once.
    pub fn acquire_many(&self, units: usize) -> Units<&Self> {
        self.wait_for(units, Patience::Forever);
        Units::new(self, units)
    }

    /// As [`acquire_many`](Self::acquire_many), if they are free now, and nobody who waits is due for
    /// them.
    pub fn try_acquire_many(&self, units: usize) -> Option<Units<&Self>> {
        self.acquire_many_within(units, Patience::Try)
    }

    /// As [`acquire_many`](Self::acquire_many), waiting as long as `patience` says.
    pub fn acquire_many_within(&self, units: usize, patience: Patience) -> Option<Units<&Self>> {
        self.wait_for(units, patience).then(|| Units::new(self, units))
    }

    /// As [`acquire_many`](Self::acquire_many), waiting as a task. Dropping the future loses nothing.
    pub async fn acquire_many_async(&self, units: usize) -> Units<&Self> {
        self.wait_for_async(units).await;
        Units::new(self, units)
    }

    /// As [`acquire_many`](Self::acquire_many), for a thread or task that outlives the borrow.
    pub fn acquire_owned(self: Arc<Self>, units: usize) -> Units<Arc<Self>> {
        self.wait_for(units, Patience::Forever);
        Units::new(self, units)
    }

    /// As [`acquire_owned`](Self::acquire_owned), waiting as long as `patience` says.
    pub fn acquire_owned_within(
        self: Arc<Self>,
        units: usize,
        patience: Patience,
    ) -> Option<Units<Arc<Self>>> {
        self.wait_for(units, patience).then(|| Units::new(self, units))
    }

    /// As [`acquire_owned`](Self::acquire_owned), waiting as a task. Dropping the future loses nothing.
    pub async fn acquire_owned_async(self: Arc<Self>, units: usize) -> Units<Arc<Self>> {
        self.wait_for_async(units).await;
        Units::new(self, units)
    }

    /// Adds so many units, and wakes who waits for them.
    ///
    /// # Panics
    ///
    /// If more than [`MAX_UNITS`](Self::MAX_UNITS) were free then; nothing is added.
    pub fn release(&self, units: usize) {
        let free = self.available();
        assert!(units <= Self::MAX_UNITS.saturating_sub(free), "{}", TooMany { free, more: units });
        self.give_back(units);
    }

    /// How many units are free at this moment.
    pub fn available(&self) -> usize {
        usize::try_from(self.count.lock().free).unwrap_or(0)
    }

    fn give_back(&self, units: usize) {
        self.v_in_turn(units, &mut Calls::default());
    }

    fn wait_for(&self, units: usize, patience: Patience) -> bool {
        self.try_p(units)
            || (patience != Patience::Try
                && blocking::wait(patience, &mut Acquire::new(self, units)).is_some())
    }

    async fn wait_for_async(&self, units: usize) {
        if !self.try_p(units) {
            Task(Acquire::new(self, units)).await;
        }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available", &self.available())
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}

/// Why units cannot be added (C11).
struct TooMany {
    free: usize,
    more: usize,
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { free, more } = self;
        let most = Semaphore::MAX_UNITS;
        write!(f, "{more} more units where {free} are free: a semaphore holds at most {most}")
    }
}

//! How long one side has waited, its waits under way included.

use std::time::{Duration, Instant};

use crate::atomics::{AtomicI64, Ordering};

/// Two sums from which the total follows at any moment, without a list of who waits.
#[derive(Debug)]
pub(crate) struct Waits {
    epoch: Instant,
    /// Ends minus starts, in ns since `epoch`. Written by whoever begins or ends a wait.
    balance: AtomicI64,
    /// Waits under way.
    open: AtomicI64,
}

impl Waits {
    pub(crate) fn new(epoch: Instant) -> Self {
        Self { epoch, balance: AtomicI64::new(0), open: AtomicI64::new(0) }
    }

    fn now(&self) -> i64 {
        i64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(i64::MAX)
    }

    /// Begins a wait.
    pub(crate) fn begin<'a>(&'a self, also: Option<&'a Self>) -> Waiting<'a> {
        let now = self.now();
        for waits in [Some(self), also].into_iter().flatten() {
            waits.open.fetch_add(1, Ordering::Relaxed);
            waits.balance.fetch_sub(now, Ordering::Relaxed);
        }
        Waiting { waits: self, also }
    }

    /// The sum over all waits, to this moment.
    pub(crate) fn total(&self) -> Duration {
        let open = self.open.load(Ordering::Relaxed);
        let balance = self.balance.load(Ordering::Relaxed);
        let nanos = balance.saturating_add(open.saturating_mul(self.now()));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
    }
}

/// A wait under way; it ends when dropped.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    waits: &'a Waits,
    also: Option<&'a Waits>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let now = self.waits.now();
        for waits in [Some(self.waits), self.also].into_iter().flatten() {
            waits.balance.fetch_add(now, Ordering::Relaxed);
            waits.open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

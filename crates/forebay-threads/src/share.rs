//! Each consumer handle's part of the load.

use std::time::Instant;

use forebay_contract::Share;

use crate::atomics::counters::{AtomicU64, Ordering};
use crate::waits::Waits;

/// The counts of one consumer handle.
#[derive(Debug)]
pub(crate) struct ShareOf {
    pub(crate) consumer: u64,
    items: AtomicU64,
    /// Leases this handle has out. Changed under the desk's lock.
    leased: AtomicU64,
    pub(crate) waits: Waits,
}

impl ShareOf {
    pub(crate) fn new(consumer: u64, epoch: Instant) -> Self {
        Self {
            consumer,
            items: AtomicU64::new(0),
            leased: AtomicU64::new(0),
            waits: Waits::new(epoch),
        }
    }

    #[inline]
    pub(crate) fn count_item(&self) {
        self.items.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn lease_begins(&self) {
        self.leased.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn lease_ends(&self) {
        self.leased.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn leased(&self) -> u64 {
        self.leased.load(Ordering::Relaxed)
    }

    pub(crate) fn report(&self) -> Share {
        let mut share = Share::default();
        share.consumer = self.consumer;
        share.items = self.items.load(Ordering::Relaxed);
        share.waited = self.waits.total();
        share
    }
}

//! Each consumer handle's part of the load.

use forebay_contract::Share;

use crate::atomics::counters::{AtomicU64, Ordering};
use crate::pause::Mood;
use crate::waits::Waits;

/// A count of takes. Added to under the lock that takes of one buffer hold, so that it costs no more
/// than a plain number; read at any time.
#[derive(Debug, Default)]
pub(crate) struct Tally(AtomicU64);

impl Tally {
    #[inline]
    pub(crate) fn add(&self, count: u64) {
        self.0.store(self.read() + count, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counts of one consumer handle.
#[derive(Debug)]
pub(crate) struct ShareOf {
    pub(crate) consumer: u64,
    pub(crate) items: Tally,
    /// How waits of this handle have ended lately.
    pub(crate) mood: Mood,
    /// Leases this handle has out. Changed under the desk's lock.
    leased: AtomicU64,
    pub(crate) waits: Waits,
}

impl ShareOf {
    pub(crate) fn new(consumer: u64) -> Self {
        Self {
            consumer,
            items: Tally::default(),
            mood: Mood::default(),
            leased: AtomicU64::new(0),
            waits: Waits::default(),
        }
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
        share.items = self.items.read();
        share.waited = self.waits.total();
        share
    }
}

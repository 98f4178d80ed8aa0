//! How long one side has waited, its waits under way included.

use std::time::{Duration, Instant};

use crate::atomics::counters::Mutex;

/// The total follows from two sums at any moment, without a list of who waits. Touched on the slow
/// path only, where a lock is small beside the sleep that comes next.
#[derive(Debug)]
pub(crate) struct Waits {
    epoch: Instant,
    sums: Mutex<Sums>,
}

#[derive(Debug, Default)]
struct Sums {
    /// Waits under way.
    open: u32,
    /// Time since the epoch at which waits began.
    begun: Duration,
    /// Time since the epoch at which waits ended.
    ended: Duration,
}

impl Waits {
    pub(crate) fn new(epoch: Instant) -> Self {
        Self { epoch, sums: Mutex::new(Sums::default()) }
    }

    /// Begins a wait.
    pub(crate) fn begin(&self) -> Waiting<'_> {
        self.open();
        Waiting(self)
    }

    /// Begins a wait that its owner must [end](Self::end).
    pub(crate) fn open(&self) {
        let mut sums = self.sums.lock();
        sums.open += 1;
        sums.begun += self.epoch.elapsed();
    }

    pub(crate) fn end(&self) {
        let mut sums = self.sums.lock();
        sums.open -= 1;
        sums.ended += self.epoch.elapsed();
    }

    /// The sum over all waits, to this moment. It never goes back.
    pub(crate) fn total(&self) -> Duration {
        let sums = self.sums.lock();
        let open = self.epoch.elapsed() * sums.open;
        (open + sums.ended).saturating_sub(sums.begun)
    }
}

/// A wait under way; it ends when dropped.
#[derive(Debug)]
pub(crate) struct Waiting<'a>(&'a Waits);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

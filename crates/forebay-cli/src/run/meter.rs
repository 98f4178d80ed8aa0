//! How long something went on, several at once counted each, those under way included.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The total follows from two sums at any moment, without a list of what goes on.
#[derive(Debug)]
pub(crate) struct Meter {
    zero: Instant,
    sums: Mutex<Sums>,
}

#[derive(Debug, Default)]
struct Sums {
    /// How many go on.
    open: u32,
    /// The moments at which they began, all that ever did.
    begun: Duration,
    /// The moments at which they ended.
    ended: Duration,
}

impl Default for Meter {
    fn default() -> Self {
        Self { zero: Instant::now(), sums: Mutex::default() }
    }
}

impl Meter {
    /// One more goes on, until what is returned is dropped.
    pub(crate) fn begin(&self) -> Going<'_> {
        let mut sums = self.lock();
        sums.open += 1;
        sums.begun += self.zero.elapsed();
        Going(self)
    }

    /// The time of all together, to this moment. It never goes back.
    pub(crate) fn total(&self) -> Duration {
        let sums = self.lock();
        (self.zero.elapsed() * sums.open + sums.ended).saturating_sub(sums.begun)
    }

    fn lock(&self) -> MutexGuard<'_, Sums> {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something that goes on.
#[derive(Debug)]
pub(crate) struct Going<'a>(&'a Meter);

impl Drop for Going<'_> {
    fn drop(&mut self) {
        let mut sums = self.0.lock();
        sums.open -= 1;
        sums.ended += self.0.zero.elapsed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn what_goes_on_counts_already() {
        let meter = Meter::default();
        let pause = Duration::from_millis(20);
        let (first, second) = (meter.begin(), meter.begin());
        thread::sleep(pause);
        assert!(meter.total() >= 2 * pause);
        drop(first);
        let before = meter.total();
        thread::sleep(pause);
        let after = meter.total();
        assert!(after >= before + pause, "{before:?} {after:?}");
        drop(second);
        let ended = meter.total();
        thread::sleep(pause);
        assert_eq!(meter.total(), ended);
    }
}

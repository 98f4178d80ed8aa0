//! How long one side has waited, its waits under way included.

use std::time::Duration;

use crate::clock::Clock;
use crate::short_lock::ShortLock;

/// The total follows from two sums at any moment, without a list of who waits. Touched on the slow
/// path only. One pair of sums for each clock, so that the total never goes back.
#[derive(Debug)]
pub(crate) struct Waits {
    precise: ShortLock<Sums>,
    coarse: ShortLock<Sums>,
}

#[derive(Debug, Default)]
struct Sums {
    /// Waits under way.
    open: u32,
    /// Moments at which waits began, in ns.
    begun: u128,
    /// Moments at which waits ended, in ns.
    ended: u128,
}

impl Default for Waits {
    fn default() -> Self {
        let sums = || ShortLock::new(Sums::default(), 1);
        Self { precise: sums(), coarse: sums() }
    }
}

impl Waits {
    /// Begins a thread's wait. To read a precise clock is nothing beside the sleep that comes next.
    pub(crate) fn begin(&self) -> Waiting<'_> {
        self.begin_by(Clock::Precise)
    }

    /// Begins a task's wait, which may well be shorter than two looks at a precise clock.
    pub(crate) fn begin_task(&self) -> Waiting<'_> {
        self.begin_by(Clock::Coarse)
    }

    fn begin_by(&self, clock: Clock) -> Waiting<'_> {
        self.open(clock);
        Waiting(self, clock)
    }

    /// Begins a wait that its owner must [end](Self::end).
    pub(crate) fn open(&self, clock: Clock) {
        let now = clock.now();
        let mut sums = self.sums(clock).lock_by(clock == Clock::Coarse);
        sums.open += 1;
        sums.begun += u128::from(now);
    }

    pub(crate) fn end(&self, clock: Clock) {
        let now = clock.now();
        let mut sums = self.sums(clock).lock_by(clock == Clock::Coarse);
        sums.open -= 1;
        sums.ended += u128::from(now);
    }

    fn sums(&self, clock: Clock) -> &ShortLock<Sums> {
        match clock {
            Clock::Precise => &self.precise,
            Clock::Coarse => &self.coarse,
        }
    }

    /// The sum over all waits, to this moment. It never goes back.
    pub(crate) fn total(&self) -> Duration {
        let total = |clock: Clock| {
            let sums = self.sums(clock).lock();
            let open = u128::from(clock.now()) * u128::from(sums.open);
            (open + sums.ended).saturating_sub(sums.begun)
        };
        let nanos = total(Clock::Precise) + total(Clock::Coarse);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// A wait under way; it ends when dropped.
#[derive(Debug)]
pub(crate) struct Waiting<'a>(&'a Waits, Clock);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.end(self.1);
    }
}

//! How fast commands are started: `--rate` and `--delay`.
//!
//! Each is a token bucket. A consumer that has an item waits for its token, and one at a time: the
//! others stand behind it, so that a token wakes one of them and not all. A wait lasts a little longer than was
//! asked for, each time; the bucket of `--rate` has room for [`SLIP`] worth of tokens beside the one
//! that the next start takes, with which that is made up, and the bucket of `--delay` has none: there the time
//! between two starts is what counts.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ratelimit::{Ratelimiter, TryWaitError};

use super::meter::Meter;

/// So much lateness is made up: half a percent of ten seconds.
const SLIP: Duration = Duration::from_millis(50);

/// A start costs so many tokens, so that less than a start can be made up, too.
const COST: u64 = 1_000;

/// The limits on starts, and what they cost.
#[derive(Debug)]
pub(crate) struct Pace {
    name: &'static str,
    buckets: Vec<Ratelimiter>,
    line: Mutex<Line>,
    changed: Condvar,
    waiting: Meter,
    held: Meter,
}

#[derive(Debug, Default)]
struct Line {
    /// Somebody waits for a token now.
    is_taken: bool,
    ended: bool,
}

/// The time that waiting for a start took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Held {
    /// All consumers together.
    pub(crate) consumers: Duration,
    /// At least one of them.
    pub(crate) any: Duration,
}

impl Pace {
    /// Starts are at least `delay` apart, and on average `interval`. Neither may be zero.
    pub(crate) fn new(interval: Option<Duration>, delay: Option<Duration>) -> Self {
        let bucket = |interval: Duration, slip: Duration| {
            let room = slip.as_nanos() * u128::from(COST) / interval.as_nanos();
            Ratelimiter::builder(COST)
                .period(interval)
                .max_tokens(COST + u64::try_from(room).unwrap_or(0))
                .initial_available(COST)
                .build()
                .expect("a period that is not zero, and room for one start")
        };
        let by_rate = interval.map(|interval| bucket(interval, SLIP));
        let by_delay = delay.map(|delay| bucket(delay, Duration::ZERO));
        Self {
            name: if delay > interval { "delay" } else { "rate" },
            buckets: by_rate.into_iter().chain(by_delay).collect(),
            line: Mutex::default(),
            changed: Condvar::new(),
            waiting: Meter::default(),
            held: Meter::default(),
        }
    }

    /// Whether starts are held back at all.
    pub(crate) fn is_set(&self) -> bool {
        !self.buckets.is_empty()
    }

    /// Waits until the next command may be started. False: the run stops, and nothing is started
    /// any more.
    pub(crate) fn pass(&self) -> bool {
        if !self.is_set() {
            return true;
        }
        let mut line = self.lock();
        let mut waiting = None;
        while line.is_taken && !line.ended {
            waiting.get_or_insert_with(|| self.waiting.begin());
            line = self.changed.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
        line.is_taken = true;
        for bucket in &self.buckets {
            let mut held = None;
            while !line.ended
                && let Err(TryWaitError::Insufficient(time)) = bucket.try_wait_n(COST)
            {
                waiting.get_or_insert_with(|| self.waiting.begin());
                held.get_or_insert_with(|| self.held.begin());
                let waited = self.changed.wait_timeout(line, time);
                line = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        line.is_taken = false;
        self.changed.notify_one();
        !line.ended
    }

    /// Lets nobody pass any more, nor wait.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Which of the two holds more back: `rate` or `delay`.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// What was waited so far.
    pub(crate) fn held(&self) -> Held {
        Held { consumers: self.waiting.total(), any: self.held.total() }
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;
    use std::time::Instant;

    #[test]
    fn no_limit_is_no_wait() {
        let pace = Pace::new(None, None);
        assert!((0..1_000).all(|_| pace.pass()));
        assert_eq!(pace.held().consumers, Duration::ZERO);
    }

    #[test]
    fn starts_are_never_closer_than_the_rate_allows() {
        // Four at a time take turns: 1 at once, then one each 2 ms.
        let pace = Arc::new(Pace::new(Some(Duration::from_millis(2)), None));
        let began = Instant::now();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let pace = Arc::clone(&pace);
                thread::spawn(move || assert!((0..25).all(|_| pace.pass())))
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(2) * 99, "{took:?}");
        let held = pace.held();
        assert!(held.consumers > held.any && held.any <= took, "{held:?} {took:?}");
    }

    #[test]
    fn lateness_is_made_up_by_the_rate_and_not_by_the_delay() {
        let ms = Duration::from_millis;
        let rate = Pace::new(Some(ms(5)), None);
        assert!(rate.pass());
        thread::sleep(ms(60));
        // Ten were due at least by now, and none had to wait.
        assert!((0..10).all(|_| rate.pass()));
        assert_eq!(rate.held().any, Duration::ZERO);
        let delay = Pace::new(None, Some(ms(5)));
        assert!(delay.pass());
        thread::sleep(ms(40));
        assert!(delay.pass());
        let began = Instant::now();
        assert!((0..4).all(|_| delay.pass()));
        assert!(began.elapsed() >= ms(19), "{:?}", began.elapsed());
    }

    #[test]
    fn who_waits_can_be_stopped() {
        let pace = Arc::new(Pace::new(Some(Duration::from_hours(1)), None));
        assert!(pace.pass());
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let pace = Arc::clone(&pace);
                thread::spawn(move || pace.pass())
            })
            .collect();
        pace.end();
        assert!(threads.into_iter().all(|thread| !thread.join().unwrap()));
        assert!(!pace.pass());
    }
}

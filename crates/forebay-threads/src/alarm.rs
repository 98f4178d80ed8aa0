//! The clock for tasks: wakes them at a moment.
//!
//! Threads park with a deadline; a task has no such thing, and no executor is assumed here. So there is
//! one thread for the whole process, started by the first task that needs it: those that put with
//! [`Overflow::WaitFor`](forebay_contract::Overflow::WaitFor), and those that wait behind a task that
//! does not come.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
struct Clock {
    due: Mutex<BinaryHeap<Reverse<Alarm>>>,
    sooner: Condvar,
}

#[derive(Debug)]
struct Alarm {
    at: Instant,
    waker: Waker,
}

/// Wakes the task after that time, or soon after.
pub(crate) fn wake_after(time: Duration, waker: &Waker) {
    wake_at(Instant::now() + time, waker);
}

/// Loom and shuttle have no clock, and no deadline but one that passes at once.
#[cfg(any(loom, shuttle))]
pub(crate) fn wake_at(_: Instant, _: &Waker) {}

/// Wakes the task at that moment, or soon after. It cannot be taken back: a task that has ended is
/// woken in vain.
#[cfg(not(any(loom, shuttle)))]
pub(crate) fn wake_at(at: Instant, waker: &Waker) {
    static CLOCK: OnceLock<&'static Clock> = OnceLock::new();
    let clock = CLOCK.get_or_init(|| {
        let clock: &'static Clock = Box::leak(Box::default());
        thread::Builder::new()
            .name("forebay-alarm".to_owned())
            .spawn(|| clock.run())
            .expect("the system has room for one more thread");
        clock
    });
    let alarm = Alarm { at, waker: waker.clone() };
    let mut due = clock.due.lock().unwrap_or_else(PoisonError::into_inner);
    let first = due.peek().is_none_or(|Reverse(first)| at < first.at);
    due.push(Reverse(alarm));
    drop(due);
    if first {
        clock.sooner.notify_one();
    }
}

impl Clock {
    fn run(&self) {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let now = Instant::now();
            let rest = due.peek().map(|Reverse(first)| first.at.saturating_duration_since(now));
            due = match rest {
                Some(rest) if rest.is_zero() => {
                    let Reverse(alarm) = due.pop().expect("it was just seen");
                    drop(due);
                    // A waker is an executor's code; if it panics, the other tasks still have a clock.
                    let _ = std::panic::catch_unwind(|| alarm.waker.wake());
                    self.due.lock().unwrap_or_else(PoisonError::into_inner)
                }
                Some(rest) => {
                    let woken = self.sooner.wait_timeout(due, rest);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.sooner.wait(due).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Alarm {}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> Ordering {
        self.at.cmp(&other.at)
    }
}

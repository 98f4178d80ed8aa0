//! The clock for those who cannot look at one: tasks with a deadline, and lines whose oldest waiter was
//! called and may never come.
//!
//! Threads park with a deadline; a task has no such thing, and no executor is assumed here. So there is
//! one thread for the whole process, started by the first that needs it.

#![cfg_attr(
    any(loom, shuttle),
    allow(dead_code, unused_imports, reason = "there is no clock there")
)]

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::Waker;
use std::thread;
use std::time::Instant;

use crate::waiter::GRACE;

/// A line that wants to look, after [`GRACE`], whether those have come that were called.
pub(crate) trait Line: fmt::Debug + Send + Sync {
    fn ring(self: Arc<Self>);
}

#[derive(Debug, Default)]
struct Clock {
    due: Mutex<BinaryHeap<Reverse<Alarm>>>,
    sooner: Condvar,
}

#[derive(Debug)]
struct Alarm {
    at: Instant,
    rings: Rings,
}

#[derive(Debug)]
enum Rings {
    Task(Waker),
    Line(Weak<dyn Line>),
}

/// Wakes the task at that moment, or soon after. It cannot be taken back: a task that has ended is
/// woken in vain.
pub(crate) fn wake_at(at: Instant, waker: &Waker) {
    set(Alarm { at, rings: Rings::Task(waker.clone()) });
}

/// Rings for the line after [`GRACE`].
pub(crate) fn look_after(line: Weak<dyn Line>) {
    set(Alarm { at: Instant::now() + GRACE, rings: Rings::Line(line) });
}

/// Loom and shuttle have no clock, and no deadline but one that passes at once.
#[cfg(any(loom, shuttle))]
fn set(_: Alarm) {}

#[cfg(not(any(loom, shuttle)))]
fn set(alarm: Alarm) {
    static CLOCK: OnceLock<&'static Clock> = OnceLock::new();
    let clock = CLOCK.get_or_init(|| {
        let clock: &'static Clock = Box::leak(Box::default());
        thread::Builder::new()
            .name("forebay-alarm".to_owned())
            .spawn(|| clock.run())
            .expect("the system has room for one more thread");
        clock
    });
    let mut due = clock.lock();
    let first = due.peek().is_none_or(|Reverse(first)| alarm.at < first.at);
    due.push(Reverse(alarm));
    drop(due);
    if first {
        clock.sooner.notify_one();
    }
}

impl Clock {
    fn lock(&self) -> MutexGuard<'_, BinaryHeap<Reverse<Alarm>>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut due = self.lock();
        loop {
            let now = Instant::now();
            let rest = due.peek().map(|Reverse(first)| first.at.saturating_duration_since(now));
            due = match rest {
                Some(rest) if rest.is_zero() => {
                    let Reverse(alarm) = due.pop().expect("it was just seen");
                    drop(due);
                    alarm.ring();
                    self.lock()
                }
                Some(rest) => {
                    let waited = self.sooner.wait_timeout(due, rest);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.sooner.wait(due).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl Alarm {
    fn ring(self) {
        // A waker is an executor's code; if it panics, the others still have a clock.
        let _ = catch_unwind(AssertUnwindSafe(|| match self.rings {
            Rings::Task(waker) => waker.wake(),
            Rings::Line(line) => {
                if let Some(line) = line.upgrade() {
                    line.ring();
                }
            }
        }));
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

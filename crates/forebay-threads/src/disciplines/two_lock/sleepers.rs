//! The consumers' line: who waits for an item, first come first served.
//!
//! It has a lock of its own, and knows nothing of items, so that the [`alarm`](crate::alarm) can reach it.

use std::collections::VecDeque;
use std::mem;
use std::task::Waker;

use crate::alarm;
use crate::atomics::{Arc, AtomicBool, Ordering};
use crate::short_lock::{Guard, ShortLock};
use crate::waiter::{Calls, Sleeper};

#[derive(Debug)]
pub(super) struct Sleepers {
    /// An alarm has been set and has not rung. Changed by whoever holds the head's lock, and by the alarm.
    alarmed: AtomicBool,
    line: ShortLock<Line>,
}

#[derive(Debug)]
pub(super) struct Line {
    /// In the order of arrival.
    places: VecDeque<Place>,
    next: u64,
    /// The alarm has rung, and nobody has looked since.
    rung: bool,
}

#[derive(Debug)]
struct Place {
    number: u64,
    /// `None` once woken.
    waker: Option<Waker>,
}

impl Sleepers {
    pub(super) fn new() -> Arc<Self> {
        let line = Line { places: VecDeque::new(), next: 0, rung: false };
        Arc::new(Self { alarmed: AtomicBool::new(false), line: ShortLock::new(line, 1) })
    }

    /// Whether an alarm is set.
    #[inline]
    pub(super) fn is_alarmed(&self) -> bool {
        self.alarmed.load(Ordering::Relaxed)
    }

    pub(super) fn lock(&self) -> Guard<'_, Line> {
        self.line.lock()
    }

    /// Has the alarm ring after a while, unless it is set already.
    pub(super) fn set_alarm(self: &Arc<Self>, calls: &mut Calls) {
        if !self.alarmed.swap(true, Ordering::Relaxed) {
            let sleepers: Arc<dyn alarm::Line> = Arc::<Self>::clone(self);
            calls.set_alarm(Arc::downgrade(&sleepers));
        }
    }
}

impl alarm::Line for Sleepers {
    /// Wakes the first in line, which then looks who did not come.
    fn ring(self: Arc<Self>) {
        let mut calls = Calls::default();
        let mut line = self.lock();
        line.rung = true;
        // Whoever finds it unset takes the line's lock next, and sees that it has rung.
        self.alarmed.store(false, Ordering::Relaxed);
        if let Some(waker) = line.places.front_mut().and_then(|place| place.waker.take()) {
            calls.wake(waker);
        }
    }
}

impl Line {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Takes a place at the end.
    pub(super) fn join(&mut self, waker: Waker) -> u64 {
        let number = self.next;
        self.next += 1;
        self.places.push_back(Place { number, waker: Some(waker) });
        number
    }

    /// Takes a place again that was lost meanwhile, before all who came later.
    pub(super) fn join_again(&mut self, number: u64, waker: Waker) {
        let at = self.places.partition_point(|place| place.number < number);
        self.places.insert(at, Place { number, waker: Some(waker) });
    }

    fn find(&self, number: u64) -> Option<usize> {
        self.places.binary_search_by_key(&number, |place| place.number).ok()
    }

    /// Leaves the line; false if not in it.
    pub(super) fn leave(&mut self, number: u64, calls: &mut Calls) -> bool {
        let place = self.find(number).and_then(|at| self.places.remove(at));
        let stood = place.is_some();
        if let Some(waker) = place.and_then(|place| place.waker) {
            calls.discard(waker);
        }
        stood
    }

    /// Sleeps on in its place, if it still has it. Asks for a copy of the waker if it needs one.
    pub(super) fn sleep_on(
        &mut self,
        number: u64,
        sleeper: &mut Sleeper<'_>,
        calls: &mut Calls,
    ) -> SleepOn {
        let Some(at) = self.find(number) else { return SleepOn::Lost };
        let known = &mut self.places[at].waker;
        if known.as_ref().is_some_and(|known| sleeper.is(known)) {
            return SleepOn::Asleep;
        }
        let Some(waker) = sleeper.copy() else { return SleepOn::NeedsCopy };
        if let Some(old) = known.replace(waker) {
            calls.discard(old);
        }
        SleepOn::Asleep
    }

    /// Calls the first in line out of it, to be handed an item.
    pub(super) fn call_out(&mut self, calls: &mut Calls) -> Option<u64> {
        let Place { number, waker } = self.places.pop_front()?;
        if let Some(waker) = waker {
            calls.wake(waker);
        }
        Some(number)
    }

    /// Has everyone look again, in place.
    pub(super) fn rouse(&mut self, calls: &mut Calls) {
        for place in &mut self.places {
            if let Some(waker) = place.waker.take() {
                calls.wake(waker);
            }
        }
    }

    /// Whether the alarm has rung since this was asked last.
    pub(super) fn has_rung(&mut self) -> bool {
        mem::take(&mut self.rung)
    }
}

/// What came of sleeping on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SleepOn {
    Asleep,
    /// The line needs a copy of the waker, which is not made under its lock.
    NeedsCopy,
    /// It stands in the line no more.
    Lost,
}

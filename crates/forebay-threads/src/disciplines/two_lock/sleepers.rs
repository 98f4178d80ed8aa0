//! The consumers' line: who waits for an item, first come first served.
//!
//! A task is *handed* the item. A thread is *called*, which takes it some µs to hear: meanwhile others may
//! take what it was called for, so that nobody waits for a processor to wake up. It keeps its place, and once
//! it has been passed so often as it allows, it is handed its item, too (C10).
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
    /// Tasks, and threads that have not been called.
    unserved: u64,
    /// The alarm has rung, and nobody has looked since.
    rung: bool,
}

#[derive(Debug)]
struct Place {
    number: u64,
    /// `None` once woken.
    waker: Option<Waker>,
    /// A thread, which comes when it is called.
    thread: bool,
    /// The count of turns from which on nobody passes it.
    limit: u64,
}

impl Place {
    fn is_unserved(&self) -> bool {
        !self.thread || self.waker.is_some()
    }
}

impl Sleepers {
    pub(super) fn new() -> Arc<Self> {
        let line = Line { places: VecDeque::new(), next: 0, unserved: 0, rung: false };
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
        if let Some(Place { waker: Some(waker), thread, .. }) = line.places.front() {
            // A copy of a thread's is no code of a user's; a task's is not needed, since it sleeps on.
            if *thread {
                calls.wake(waker.clone());
            } else if let Some(waker) = line.places.front_mut().and_then(|first| first.waker.take())
            {
                calls.wake(waker);
            }
        }
    }
}

/// Who is next.
#[derive(Debug)]
pub(super) enum Next {
    /// Is to be handed an item: it has left the line.
    Hand(u64),
    /// Has been called, and keeps its place.
    Called,
    /// Nobody: enough are on their way.
    Nobody,
}

impl Line {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn unserved(&self) -> u64 {
        self.unserved
    }

    /// The count of turns from which on nobody passes the first.
    pub(super) fn limit(&self) -> u64 {
        self.places.front().map_or(u64::MAX, |first| first.limit)
    }

    /// Takes a place at the end; from `limit` turns on nobody passes it, beside those for whoever stands
    /// in line already.
    pub(super) fn join(&mut self, waker: Waker, thread: bool, limit: u64) -> u64 {
        let number = self.next;
        self.next += 1;
        let limit = limit.saturating_add(2 * self.places.len() as u64);
        self.places.push_back(Place { number, waker: Some(waker), thread, limit });
        self.unserved += 1;
        number
    }

    /// Takes a place again that was lost meanwhile, before all who came later.
    pub(super) fn join_again(&mut self, number: u64, waker: Waker, thread: bool, limit: u64) {
        let at = self.places.partition_point(|place| place.number < number);
        self.places.insert(at, Place { number, waker: Some(waker), thread, limit });
        self.unserved += 1;
    }

    fn find(&self, number: u64) -> Option<usize> {
        self.places.binary_search_by_key(&number, |place| place.number).ok()
    }

    fn remove(&mut self, at: usize) -> Option<Place> {
        let place = self.places.remove(at)?;
        self.unserved -= u64::from(place.is_unserved());
        Some(place)
    }

    /// Leaves the line; false if not in it.
    pub(super) fn leave(&mut self, number: u64, calls: &mut Calls) -> bool {
        let place = self.find(number).and_then(|at| self.remove(at));
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
        let place = &mut self.places[at];
        if place.waker.as_ref().is_some_and(|known| sleeper.is(known)) {
            return SleepOn::Asleep;
        }
        let Some(waker) = sleeper.copy() else { return SleepOn::NeedsCopy };
        self.unserved += u64::from(!place.is_unserved());
        if let Some(old) = place.waker.replace(waker) {
            calls.discard(old);
        }
        SleepOn::Asleep
    }

    /// Calls or names the next, for whom one of so many items is, after so many turns in all.
    pub(super) fn next(&mut self, items: u64, turns: u64, calls: &mut Calls) -> Next {
        let at = if self.limit() <= turns {
            Some(0)
        } else if self.places.len() as u64 - self.unserved >= items {
            None
        } else {
            self.places.iter().position(Place::is_unserved)
        };
        let Some(at) = at else { return Next::Nobody };
        if self.places[at].thread && self.places[at].limit > turns {
            self.unserved -= 1;
            if let Some(waker) = self.places[at].waker.take() {
                calls.wake(waker);
            }
            return Next::Called;
        }
        let Some(Place { number, waker, .. }) = self.remove(at) else { return Next::Nobody };
        if let Some(waker) = waker {
            calls.wake(waker);
        }
        Next::Hand(number)
    }

    /// Has everyone look again, in place.
    pub(super) fn rouse(&mut self, calls: &mut Calls) {
        for place in &mut self.places {
            if let Some(waker) = place.waker.take() {
                calls.wake(waker);
                self.unserved -= u64::from(place.thread);
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

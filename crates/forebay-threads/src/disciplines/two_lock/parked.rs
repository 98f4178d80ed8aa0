//! Producers that wait for room, and what they want it for.
//!
//! What is wanted stands in the line itself, at the head: the take that makes room puts it into the
//! buffer in the same step, and wakes its producer to tell it so. So a producer in line is passed by
//! nobody, its item moves though its thread is not yet awake, and one that never wakes holds nothing up
//! (after W. N. Scherer, D. Lea and M. L. Scott, *Scalable Synchronous Queues*, 2006, whose waiting
//! producers leave their items in the queue itself).

use std::collections::VecDeque;
use std::task::Waker;

use crate::calls::Calls;
use crate::store::Want;
use crate::waiter::Sleeper;

/// The line, in the order of arrival.
#[derive(Debug)]
pub(super) struct Line<T> {
    waiting: VecDeque<Parked<T>>,
    next: u64,
}

#[derive(Debug)]
struct Parked<T> {
    number: u64,
    want: Want<T>,
    weight: u64,
    /// `None` once woken for the close.
    waker: Option<Waker>,
}

impl<T> Line<T> {
    pub(super) fn new() -> Self {
        Self { waiting: VecDeque::new(), next: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Takes a place at the end.
    pub(super) fn join(&mut self, want: Want<T>, weight: u64, waker: Waker) -> u64 {
        let number = self.next;
        self.next += 1;
        self.waiting.push_back(Parked { number, want, weight, waker: Some(waker) });
        number
    }

    /// All before this number have been served, or have left.
    pub(super) fn served(&self) -> u64 {
        self.waiting.front().map_or(self.next, |first| first.number)
    }

    /// Where this number stands; `None` if it has been served.
    fn find(&self, number: u64) -> Option<usize> {
        self.waiting.binary_search_by_key(&number, |parked| parked.number).ok()
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.find(number).is_some()
    }

    /// The weight of what the first in line wants.
    pub(super) fn first_weight(&self) -> Option<u64> {
        self.waiting.front().map(|parked| parked.weight)
    }

    /// Calls the first in line, which is to be served.
    pub(super) fn call_out(&mut self, calls: &mut Calls) -> Option<(Want<T>, u64)> {
        let Parked { want, weight, waker, .. } = self.waiting.pop_front()?;
        if let Some(waker) = waker {
            calls.wake(waker);
        }
        Some((want, weight))
    }

    /// Leaves the line: what was wanted, unless it has been served.
    pub(super) fn leave(&mut self, number: u64, calls: &mut Calls) -> Option<Want<T>> {
        let at = self.find(number)?;
        let parked = self.waiting.remove(at)?;
        if let Some(waker) = parked.waker {
            calls.discard(waker);
        }
        Some(parked.want)
    }

    /// Sleeps on in its place; false if a copy of the waker is needed for that.
    pub(super) fn sleep_on(
        &mut self,
        number: u64,
        sleeper: &mut Sleeper<'_>,
        calls: &mut Calls,
    ) -> bool {
        let Some(at) = self.find(number) else { return true };
        let known = &mut self.waiting[at].waker;
        if known.as_ref().is_some_and(|known| sleeper.is(known)) {
            return true;
        }
        let Some(waker) = sleeper.copy() else { return false };
        if let Some(old) = known.replace(waker) {
            calls.discard(old);
        }
        true
    }

    /// Wakes everyone; they keep their places.
    pub(super) fn rouse(&mut self, calls: &mut Calls) {
        for parked in &mut self.waiting {
            if let Some(waker) = parked.waker.take() {
                calls.wake(waker);
            }
        }
    }
}

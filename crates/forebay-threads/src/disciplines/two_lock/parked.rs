//! Producers that wait for room, and what they want it for.
//!
//! What is wanted stands in the line itself, at the head: the take that makes room puts it into the
//! buffer in the same step, and wakes its producer to tell it so. So a producer in line is passed by
//! nobody, its item moves though its thread is not yet awake, and one that never wakes holds nothing up
//! (after W. N. Scherer, D. Lea and M. L. Scott, *Scalable Synchronous Queues*, 2006, whose waiting
//! producers leave their items in the queue itself).

use std::collections::VecDeque;
use std::mem;
use std::task::Waker;

use super::ends::Places;
use super::{Head, Tail, TwoLock};
use crate::store::{Closed, Progress, Want};
use crate::waiter::{Calls, Turn};

/// The line, in the order of arrival. Guarded by the head's lock; changed under both, so that either end
/// knows whether anybody stands in it.
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
    fn join(&mut self, want: Want<T>, weight: u64, waker: Option<Waker>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.waiting.push_back(Parked { number, want, weight, waker });
        number
    }

    /// Where this number stands; `None` if it has been served.
    fn find(&self, number: u64) -> Option<usize> {
        self.waiting.binary_search_by_key(&number, |parked| parked.number).ok()
    }

    /// Leaves the line: what was wanted, unless it has been served.
    fn leave(&mut self, number: u64, calls: &mut Calls) -> Option<Want<T>> {
        let at = self.find(number)?;
        let parked = self.waiting.remove(at)?;
        if let Some(waker) = parked.waker {
            calls.discard(waker);
        }
        Some(parked.want)
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

impl<P: Places> TwoLock<P> {
    /// Places or sets aside what is wanted, or stands in line for it. Or, in line already, sees how it
    /// stands.
    pub(super) fn poll_in_line(
        &self,
        want: &mut Want<P::Item>,
        weight: u64,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) -> Progress<Result<(), Closed>> {
        match turn.number() {
            Some(number) => self.poll_again(number, want, turn, waker, calls),
            None => self.join_line(want, weight, turn, waker, calls),
        }
    }

    fn join_line(
        &self,
        want: &mut Want<P::Item>,
        weight: u64,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) -> Progress<Result<(), Closed>> {
        let (mut head, mut tail) = self.lock_head_then_tail();
        if tail.closed {
            return Progress::Done(Err(Closed));
        }
        let wanted = mem::replace(want, Want::Nothing);
        if head.parked.is_empty() && self.has_room(&tail, weight) {
            self.admit_one(&mut tail, wanted, weight, calls);
            let call = tail.call;
            drop((head, tail));
            if call {
                self.call_consumers(1, calls);
            }
            return Progress::Done(Ok(()));
        }
        turn.set_number(head.parked.join(wanted, weight, waker.take()));
        tail.queued = true;
        head.end.stop();
        tail.end.stop();
        Progress::Asleep
    }

    fn poll_again(
        &self,
        number: u64,
        want: &mut Want<P::Item>,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) -> Progress<Result<(), Closed>> {
        let mut head = self.head.lock();
        let Some(at) = head.parked.find(number) else {
            turn.clear();
            return Progress::Done(Ok(()));
        };
        if head.closed {
            drop(head);
            self.leave_line(want, turn, calls);
            return Progress::Done(Err(Closed));
        }
        let known = &mut head.parked.waiting[at].waker;
        if !known.as_ref().zip(waker.as_ref()).is_some_and(|(old, new)| old.will_wake(new))
            && let Some(old) = mem::replace(known, waker.take())
        {
            calls.discard(old);
        }
        Progress::Asleep
    }

    /// Leaves the line, if in it. What was wanted comes back, unless it has been served.
    pub(super) fn leave_line(&self, want: &mut Want<P::Item>, turn: &mut Turn, calls: &mut Calls) {
        let Some(number) = turn.number() else { return };
        turn.clear();
        let (mut head, mut tail) = self.lock_head_then_tail();
        if let Some(wanted) = head.parked.leave(number, calls) {
            *want = wanted;
            // The next may be lighter.
            let call = self.serve(&mut head, &mut tail, calls);
            drop((head, tail));
            self.call_consumers(call, calls);
        }
    }

    /// Serves those in line, the oldest first, as far as there is room; then both ends know how the line
    /// stands. How many consumers are to be called for what was put.
    pub(super) fn serve(&self, head: &mut Head<P>, tail: &mut Tail<P>, calls: &mut Calls) -> u64 {
        let mut put = 0;
        while !tail.closed
            && let Some(oldest) = head.parked.waiting.front()
            && self.has_room(tail, oldest.weight)
            && let Some(Parked { want, weight, waker, .. }) = head.parked.waiting.pop_front()
        {
            put += u64::from(matches!(want, Want::Item(_)));
            self.admit_one(tail, want, weight, calls);
            if let Some(waker) = waker {
                calls.wake(waker);
            }
        }
        tail.queued = !head.parked.is_empty();
        self.plan_takes(head);
        self.plan_puts(tail);
        if tail.call { put } else { 0 }
    }
}

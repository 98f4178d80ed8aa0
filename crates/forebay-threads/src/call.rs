//! A call that waits: one struct for each of room, take, lease and join.
//!
//! Each is polled until done, by a parked thread ([`crate::blocking`]) or by a task ([`Task`]), and
//! leaves its line when it is dropped, done or not. That is all there is to cancellation: what has
//! not been handed out yet stays in the buffer, and a wake that came meanwhile goes on to the next.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use forebay_contract::{Refusal, TakeError};

use crate::alarm;
use crate::buffer::{Buffer, LeaseTurn};
use crate::calls::Calls;
use crate::share::ShareOf;
use crate::store::{Closed, Entry, Progress, Store, Want};
use crate::waiter::{Sleeper, Turn};
use crate::waits::Waiting;

pub(crate) trait Call: Unpin {
    type Output;

    fn poll(&mut self, sleeper: &mut Sleeper<'_>) -> Progress<Self::Output>;
}

/// Waiting for room, for an item or for a permit.
pub(crate) struct Room<'a, T> {
    buffer: &'a Buffer<T>,
    want: Want<T>,
    /// It is a permit that is wanted.
    permit: bool,
    weight: u64,
    turn: Turn,
    waiting: Option<Waiting<'a>>,
}

// Nothing in here is ever pinned: the item is moved out when it is placed.
impl<T> Unpin for Room<'_, T> {}

impl<'a, T> Room<'a, T> {
    /// `waiting`: the wait, if it has begun already.
    pub(crate) fn new(
        buffer: &'a Buffer<T>,
        want: Want<T>,
        weight: u64,
        waiting: Option<Waiting<'a>>,
    ) -> Self {
        let permit = matches!(want, Want::Permit);
        Self { buffer, want, permit, weight, turn: Turn::default(), waiting }
    }

    /// Gives up: refused for `why`, unless what was wanted has come at the last moment.
    pub(crate) fn give_up(&mut self, why: Refusal) -> Result<(), (Want<T>, Refusal)> {
        self.leave_line();
        match mem::replace(&mut self.want, Want::Nothing) {
            Want::Nothing => Ok(()),
            want => Err((want, why)),
        }
    }

    fn leave_line(&mut self) {
        let mut calls = Calls::default();
        self.buffer.store.cancel_put(&mut self.want, &mut self.turn, &mut calls);
    }
}

impl<T> Call for Room<'_, T> {
    /// Refused, it hands back what was wanted.
    type Output = Result<(), (Want<T>, Refusal)>;

    fn poll(&mut self, sleeper: &mut Sleeper<'_>) -> Progress<Self::Output> {
        let mut calls = Calls::default();
        let (store, weight) = (&self.buffer.store, self.weight);
        match store.poll_room(&mut self.want, weight, &mut self.turn, sleeper, &mut calls) {
            Progress::Done(Ok(())) => Progress::Done(Ok(())),
            Progress::Done(Err(Closed)) => {
                let want = mem::replace(&mut self.want, Want::Nothing);
                Progress::Done(Err((want, self.buffer.why_closed())))
            }
            Progress::Asleep => {
                self.waiting.get_or_insert_with(|| self.buffer.producer_waits.begin_task());
                Progress::Asleep
            }
        }
    }
}

impl<T> Drop for Room<'_, T> {
    fn drop(&mut self) {
        if self.turn.waits() {
            self.leave_line();
            if self.permit && matches!(self.want, Want::Nothing) {
                // Set aside at the last moment, for nobody.
                self.buffer.release(self.weight);
            }
        }
    }
}

pub(crate) struct Take<'a, T> {
    buffer: &'a Buffer<T>,
    share: &'a ShareOf,
    turn: Turn,
    waiting: Option<Waiting<'a>>,
}

impl<'a, T> Take<'a, T> {
    /// `waiting`: the wait, if it has begun already.
    pub(crate) fn new(
        buffer: &'a Buffer<T>,
        share: &'a ShareOf,
        waiting: Option<Waiting<'a>>,
    ) -> Self {
        Self { buffer, share, turn: Turn::default(), waiting }
    }
}

impl<T> Call for Take<'_, T> {
    type Output = Result<T, TakeError>;

    fn poll(&mut self, sleeper: &mut Sleeper<'_>) -> Progress<Self::Output> {
        let progress = self.buffer.poll_take(self.share, &mut self.turn, sleeper);
        if matches!(progress, Progress::Asleep) {
            self.waiting.get_or_insert_with(|| self.share.waits.begin_task());
        }
        progress
    }
}

impl<T> Drop for Take<'_, T> {
    fn drop(&mut self) {
        if self.turn.waits() {
            self.buffer.store.cancel_take(&mut self.turn, &mut Calls::default());
        }
    }
}

pub(crate) struct Lend<'a, T> {
    buffer: &'a Buffer<T>,
    share: &'a ShareOf,
    turn: LeaseTurn,
    waiting: Option<Waiting<'a>>,
}

impl<'a, T> Lend<'a, T> {
    /// `waiting`: the wait, if it has begun already.
    pub(crate) fn new(
        buffer: &'a Buffer<T>,
        share: &'a ShareOf,
        waiting: Option<Waiting<'a>>,
    ) -> Self {
        Self { buffer, share, turn: LeaseTurn::default(), waiting }
    }
}

impl<T> Call for Lend<'_, T> {
    type Output = Result<Entry<T>, TakeError>;

    fn poll(&mut self, sleeper: &mut Sleeper<'_>) -> Progress<Self::Output> {
        let progress = self.buffer.poll_lease(self.share, &mut self.turn, sleeper);
        if matches!(progress, Progress::Asleep) {
            self.waiting.get_or_insert_with(|| self.share.waits.begin_task());
        }
        progress
    }
}

impl<T> Drop for Lend<'_, T> {
    fn drop(&mut self) {
        if self.turn.waits() {
            self.buffer.cancel_lease(&mut self.turn);
        }
    }
}

pub(crate) struct Join<'a, T> {
    buffer: &'a Buffer<T>,
    turn: Turn,
}

impl<'a, T> Join<'a, T> {
    pub(crate) fn new(buffer: &'a Buffer<T>) -> Self {
        Self { buffer, turn: Turn::default() }
    }
}

impl<T> Call for Join<'_, T> {
    type Output = ();

    fn poll(&mut self, sleeper: &mut Sleeper<'_>) -> Progress<()> {
        self.buffer.poll_join(&mut self.turn, sleeper)
    }
}

impl<T> Drop for Join<'_, T> {
    fn drop(&mut self) {
        if self.turn.waits() {
            self.buffer.cancel_join(&mut self.turn);
        }
    }
}

/// A call as a future.
pub(crate) struct Task<C>(pub(crate) C);

impl<C> Task<C> {
    /// Room, waited for until the deadline, if there is one.
    pub(crate) fn until(room: C, deadline: Option<Instant>) -> UntilDeadline<C> {
        UntilDeadline { call: room, deadline }
    }
}

/// Polls a call for a task, which is woken when it is worth another poll.
fn poll_for_task<C: Call>(call: &mut C, cx: &mut Context<'_>) -> Poll<C::Output> {
    match call.poll(&mut Sleeper::task(cx.waker())) {
        Progress::Done(output) => Poll::Ready(output),
        Progress::Asleep => Poll::Pending,
    }
}

impl<C: Call> Future for Task<C> {
    type Output = C::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        poll_for_task(&mut self.0, cx)
    }
}

/// Waiting for room as a future that ends at a deadline.
pub(crate) struct UntilDeadline<C> {
    call: C,
    deadline: Option<Instant>,
}

impl<T> Future for UntilDeadline<Room<'_, T>> {
    type Output = Result<(), (Want<T>, Refusal)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = poll_for_task(&mut self.call, cx);
        if let (Poll::Pending, Some(deadline)) = (&polled, self.deadline) {
            if Instant::now() >= deadline {
                return Poll::Ready(self.call.give_up(Refusal::TimedOut));
            }
            alarm::wake_at(deadline, cx.waker());
        }
        polled
    }
}

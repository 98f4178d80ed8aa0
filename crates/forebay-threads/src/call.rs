//! A call that waits: one struct for each of put, take, lease and join.
//!
//! Each is polled until done, by a parked thread ([`crate::blocking`]) or by a task ([`Task`]), and
//! leaves its line when it is dropped, done or not. That is all there is to cancellation: what has
//! not been handed out yet stays in the buffer, and a wake that came meanwhile goes on to the next.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use forebay_contract::{PutError, Refusal, TakeError};

use crate::atomics::thread;
use crate::buffer::{Buffer, LeaseTurn};
use crate::share::ShareOf;
use crate::store::{Closed, Entry, Progress, Store};
use crate::waiter::{Calls, Turn};
use crate::waits::Waiting;

pub(crate) trait Call: Unpin {
    type Output;

    /// A call that goes to sleep takes the waker.
    fn poll(&mut self, waker: &mut Option<Waker>) -> Progress<Self::Output>;
}

pub(crate) struct Put<'a, T> {
    buffer: &'a Buffer<T>,
    item: Option<T>,
    turn: Turn,
    waiting: Option<Waiting<'a>>,
}

// Nothing in here is ever pinned: the item is moved out when it is placed.
impl<T> Unpin for Put<'_, T> {}

impl<'a, T> Put<'a, T> {
    /// `waiting`: the wait, if it has begun already.
    pub(crate) fn new(buffer: &'a Buffer<T>, item: T, waiting: Option<Waiting<'a>>) -> Self {
        Self { buffer, item: Some(item), turn: Turn::default(), waiting }
    }

    /// The item, unless it has been placed.
    pub(crate) fn into_item(mut self) -> Option<T> {
        self.item.take()
    }
}

impl<T> Call for Put<'_, T> {
    type Output = Result<(), PutError<T>>;

    fn poll(&mut self, waker: &mut Option<Waker>) -> Progress<Self::Output> {
        let mut calls = Calls::default();
        let store = &self.buffer.store;
        match store.poll_put(&mut self.item, &mut self.turn, waker, &mut calls) {
            Progress::Done(Ok(())) => Progress::Done(Ok(())),
            Progress::Done(Err(Closed)) => {
                let item = self.item.take().expect("a refused item is handed back");
                let refused = PutError { item, refusal: Refusal::Closed };
                Progress::Done(Err(self.buffer.name_refusal(refused)))
            }
            Progress::Asleep => {
                self.waiting.get_or_insert_with(|| self.buffer.begin_put_wait());
                Progress::Asleep
            }
            Progress::InFlight => Progress::InFlight,
        }
    }
}

impl<T> Drop for Put<'_, T> {
    fn drop(&mut self) {
        if self.turn.waits() {
            self.buffer.store.cancel_put(&mut self.turn, &mut Calls::default());
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

    fn poll(&mut self, waker: &mut Option<Waker>) -> Progress<Self::Output> {
        let progress = self.buffer.poll_take(self.share, &mut self.turn, waker);
        if matches!(progress, Progress::Asleep) {
            self.waiting.get_or_insert_with(|| self.share.waits.begin());
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

    fn poll(&mut self, waker: &mut Option<Waker>) -> Progress<Self::Output> {
        let progress = self.buffer.poll_lease(self.share, &mut self.turn, waker);
        if matches!(progress, Progress::Asleep) {
            self.waiting.get_or_insert_with(|| self.share.waits.begin());
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

    fn poll(&mut self, waker: &mut Option<Waker>) -> Progress<()> {
        self.buffer.poll_join(&mut self.turn, waker)
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

impl<C: Call> Future for Task<C> {
    type Output = C::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        match self.0.poll(&mut Some(cx.waker().clone())) {
            Progress::Done(output) => Poll::Ready(output),
            Progress::Asleep => Poll::Pending,
            Progress::InFlight => {
                // Another thread is halfway through an operation: let it run, and the executor go
                // round.
                thread::yield_now();
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

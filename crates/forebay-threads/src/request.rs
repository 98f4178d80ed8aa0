//! What is asked of a buffer through a handle, now or in line: an item, a lease, or a permit.
//!
//! The handle is borrowed or owned, so that a request may stand in line for longer than any borrow: a
//! stream's does.

use std::borrow::Borrow;
use std::marker::PhantomData;

use forebay_contract::{Patience, Refusal, TakeError};

use crate::buffer::LeaseTurn;
use crate::call::Call;
use crate::calls::Calls;
use crate::clock::Clock;
use crate::consumer::Consumer;
use crate::lease::Lease;
use crate::permit::Permit;
use crate::producer::Producer;
use crate::store::{Closed, Progress, Store, Want};
use crate::waiter::{Sleeper, Turn};
use crate::waits::Waits;

/// How a request may end.
pub(crate) type Ending<R> = Result<<R as Request>::Granted, <R as Request>::Refused>;

pub(crate) trait Request {
    type Granted;
    /// Why it can never be granted.
    type Refused;
    /// Its place in line, or none yet.
    type Turn: Default;

    /// How it ends, if that can be told now.
    fn look(&self) -> Option<Ending<Self>>;

    fn poll(&self, turn: &mut Self::Turn, sleeper: &mut Sleeper<'_>) -> Progress<Ending<Self>>;

    /// Leaves the line, and passes on a wake that came meanwhile.
    fn cancel(&self, turn: &mut Self::Turn);

    /// Where the time is counted that it waits.
    fn waits(&self) -> &Waits;
}

/// For the oldest item, for good.
pub(crate) struct Take<C, T> {
    consumer: C,
    item: PhantomData<fn() -> T>,
}

impl<C: Borrow<Consumer<T>>, T> Take<C, T> {
    pub(crate) fn new(consumer: C) -> Self {
        Self { consumer, item: PhantomData }
    }
}

impl<C: Borrow<Consumer<T>>, T> Request for Take<C, T> {
    type Granted = T;
    type Refused = TakeError;
    type Turn = Turn;

    fn look(&self) -> Option<Result<T, TakeError>> {
        ended(self.consumer.borrow().try_take())
    }

    fn poll(&self, turn: &mut Turn, sleeper: &mut Sleeper<'_>) -> Progress<Result<T, TakeError>> {
        let consumer = self.consumer.borrow();
        consumer.buffer.poll_take(&consumer.share, turn, sleeper)
    }

    fn cancel(&self, turn: &mut Turn) {
        if turn.waits() {
            self.consumer.borrow().buffer.store.cancel_take(turn, &mut Calls::default());
        }
    }

    fn waits(&self) -> &Waits {
        &self.consumer.borrow().share.waits
    }
}

/// For the oldest item, on lease.
pub(crate) struct Borrowing<C, T> {
    consumer: C,
    item: PhantomData<fn() -> T>,
}

impl<C: Borrow<Consumer<T>>, T> Borrowing<C, T> {
    pub(crate) fn new(consumer: C) -> Self {
        Self { consumer, item: PhantomData }
    }
}

impl<C: Borrow<Consumer<T>>, T> Request for Borrowing<C, T> {
    type Granted = Lease<T>;
    type Refused = TakeError;
    type Turn = LeaseTurn;

    fn look(&self) -> Option<Result<Lease<T>, TakeError>> {
        ended(self.consumer.borrow().try_lease())
    }

    fn poll(
        &self,
        turn: &mut LeaseTurn,
        sleeper: &mut Sleeper<'_>,
    ) -> Progress<Result<Lease<T>, TakeError>> {
        let Consumer { buffer, share } = self.consumer.borrow();
        match buffer.poll_lease(share, turn, sleeper) {
            Progress::Done(lent) => {
                Progress::Done(lent.map(|entry| Lease::new(buffer, share, entry)))
            }
            Progress::Asleep => Progress::Asleep,
        }
    }

    fn cancel(&self, turn: &mut LeaseTurn) {
        if turn.waits() {
            self.consumer.borrow().buffer.cancel_lease(turn);
        }
    }

    fn waits(&self) -> &Waits {
        &self.consumer.borrow().share.waits
    }
}

/// For a place set aside.
pub(crate) struct Reserve<P, T> {
    producer: P,
    weight: u64,
    item: PhantomData<fn(T)>,
}

impl<P: Borrow<Producer<T>>, T> Reserve<P, T> {
    pub(crate) fn new(producer: P, weight: u64) -> Self {
        let weight = producer.borrow().buffer.weight_to_reserve(weight);
        Self { producer, weight, item: PhantomData }
    }

    pub(crate) fn producer(&self) -> &Producer<T> {
        self.producer.borrow()
    }
}

/// A permit's place in line, and the permit itself once it has been set aside there.
pub(crate) struct PermitTurn<T> {
    turn: Turn,
    want: Want<T>,
}

impl<T> Default for PermitTurn<T> {
    fn default() -> Self {
        Self { turn: Turn::default(), want: Want::Permit }
    }
}

impl<P: Borrow<Producer<T>>, T> Request for Reserve<P, T> {
    type Granted = Permit<T>;
    type Refused = Refusal;
    type Turn = PermitTurn<T>;

    fn look(&self) -> Option<Result<Permit<T>, Refusal>> {
        match self.producer().reserve_weight(self.weight, Patience::Try) {
            Err(Refusal::Full) => None,
            over => Some(over),
        }
    }

    fn poll(
        &self,
        PermitTurn { turn, want }: &mut PermitTurn<T>,
        sleeper: &mut Sleeper<'_>,
    ) -> Progress<Result<Permit<T>, Refusal>> {
        let buffer = &self.producer().buffer;
        if !turn.waits() {
            *want = Want::Permit;
        }
        let mut calls = Calls::default();
        match buffer.store.poll_room(want, self.weight, turn, sleeper, &mut calls) {
            Progress::Done(Ok(())) => Progress::Done(Ok(Permit::new(buffer, self.weight))),
            Progress::Done(Err(Closed)) => Progress::Done(Err(buffer.why_closed())),
            Progress::Asleep => Progress::Asleep,
        }
    }

    fn cancel(&self, PermitTurn { turn, want }: &mut PermitTurn<T>) {
        if turn.waits() {
            let buffer = &self.producer().buffer;
            buffer.store.cancel_put(want, turn, &mut Calls::default());
            if matches!(want, Want::Nothing) {
                // Set aside at the last moment, for nobody.
                buffer.release(self.weight);
            }
        }
    }

    fn waits(&self) -> &Waits {
        &self.producer().buffer.producer_waits
    }
}

fn ended<G>(tried: Result<G, TakeError>) -> Option<Result<G, TakeError>> {
    match tried {
        Err(TakeError::Empty | TakeError::LeaseLimit) => None,
        over => Some(over),
    }
}

/// A request as a call. Done, it may be polled for the next; dropped, it leaves its line.
pub(crate) struct Standing<R: Request> {
    request: R,
    turn: R::Turn,
    /// Its wait is being counted.
    waiting: bool,
}

// Nothing in here is ever pinned.
impl<R: Request> Unpin for Standing<R> {}

impl<R: Request> Standing<R> {
    pub(crate) fn new(request: R) -> Self {
        Self { request, turn: R::Turn::default(), waiting: false }
    }

    pub(crate) fn request(&self) -> &R {
        &self.request
    }

    /// Whether it has been polled, and has not been done since.
    #[cfg(feature = "futures")]
    pub(crate) fn waits(&self) -> bool {
        self.waiting
    }

    /// Leaves the line, if in one.
    pub(crate) fn cancel(&mut self) {
        self.request.cancel(&mut self.turn);
        self.end_wait();
    }

    fn end_wait(&mut self) {
        if self.waiting {
            self.waiting = false;
            self.request.waits().end(Clock::Coarse);
        }
    }
}

impl<R: Request> Call for Standing<R> {
    type Output = Ending<R>;

    fn poll(&mut self, sleeper: &mut Sleeper<'_>) -> Progress<Ending<R>> {
        let progress = self.request.poll(&mut self.turn, sleeper);
        if matches!(progress, Progress::Done(_)) {
            self.end_wait();
        } else if !self.waiting {
            self.waiting = true;
            self.request.waits().open(Clock::Coarse);
        }
        progress
    }
}

impl<R: Request> Drop for Standing<R> {
    fn drop(&mut self) {
        self.cancel();
    }
}

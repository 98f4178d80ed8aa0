//! The two sides of a buffer and the lease between them, as traits.
//!
//! A buffer of any distance gives handles that keep these traits; the conformance suite and code
//! that does not care for the distance are written against them. The few required methods take a
//! [`Patience`]; the familiar forms (`put`, `try_put`, `put_timeout`, …) are provided.

use std::future::Future;
use std::iter;
use std::ops::Deref;
use std::time::{Duration, Instant};

use crate::{
    Batch, DeadLetter, JoinError, LeaseError, Outcome, Overflow, Patience, PutError, PutManyError,
    Refusal, Statistics, TakeError,
};

/// The producing side. A clone is another producer of the same buffer, with the same policy.
pub trait Produce<T: Send + 'static>: Clone + Send + Sync + 'static {
    /// A place set aside; see [`Permitted`].
    type Permit: Permitted<T>;

    /// This handle's choice for when the buffer is full (C9).
    fn overflow(&self) -> Overflow;

    /// The same producer with another choice for when the buffer is full (C9).
    #[must_use]
    fn with_overflow(self, overflow: Overflow) -> Self;

    /// Places the item, waiting for room as long as `patience` says (C1, C5), unless this handle
    /// [drops](Overflow::drops) on full, and then without waiting (C9).
    fn put_within(&self, item: T, patience: Patience) -> Result<Outcome, PutError<T>>;

    /// Places the item, waiting for room as a task as this handle's policy says (C9). Dropping the
    /// future before it is ready cancels the put: its item was then placed whole, or not at all and
    /// goes with the future (C5).
    fn put_async(&self, item: T) -> impl Future<Output = Result<Outcome, PutError<T>>> + Send;

    /// Places the items in their order, as if put one after the other (C2). Stops at the first that
    /// is refused, and hands back the rest.
    fn put_many_within(&self, items: Vec<T>, patience: Patience) -> Result<Batch, PutManyError<T>> {
        let mut items = items.into_iter();
        let mut done = Batch::default();
        while let Some(item) = items.next() {
            match self.put_within(item, patience) {
                Ok(outcome) => done.add(outcome),
                Err(PutError { item, refusal }) => {
                    let rest = iter::once(item).chain(items).collect();
                    return Err(PutManyError { rest, refusal, done });
                }
            }
        }
        Ok(done)
    }

    /// Places the items in their order, waiting for room as a task. Dropping the future before it is
    /// ready leaves a part of them placed, from the front; the rest goes with the future.
    fn put_many_async(
        &self,
        items: Vec<T>,
    ) -> impl Future<Output = Result<Batch, PutManyError<T>>> + Send {
        async move {
            let mut items = items.into_iter();
            let mut done = Batch::default();
            while let Some(item) = items.next() {
                match self.put_async(item).await {
                    Ok(outcome) => done.add(outcome),
                    Err(PutError { item, refusal }) => {
                        let rest = iter::once(item).chain(items).collect();
                        return Err(PutManyError { rest, refusal, done });
                    }
                }
            }
            Ok(done)
        }
    }

    /// Sets a place aside, waiting for room as long as `patience` says (C5). Nothing is dropped for a
    /// permit, whatever the policy. Where items are weighed, it is a place for a weight of 1.
    fn reserve_within(&self, patience: Patience) -> Result<Self::Permit, Refusal>;

    /// Sets a place aside, waiting for room as a task. Dropping the future loses nothing.
    fn reserve_async(&self) -> impl Future<Output = Result<Self::Permit, Refusal>> + Send;

    /// Refuses all further puts and lets consumers drain what is left (C6). Closing twice is closing
    /// once.
    fn close(&self);

    /// Waits until nothing is unfinished (C7).
    fn join_within(&self, patience: Patience) -> Result<(), JoinError>;

    /// Waits, as a task, until nothing is unfinished (C7).
    fn join_async(&self) -> impl Future<Output = Result<(), JoinError>> + Send;

    /// The counts and waits of this moment (C8).
    fn statistics(&self) -> Statistics;

    /// Places the item, or does with it what this handle's policy says on full (C9): to wait, unless
    /// told otherwise.
    fn put(&self, item: T) -> Result<Outcome, PutError<T>> {
        self.put_within(item, self.overflow().patience())
    }

    /// Places the items in their order, each as [`put`](Produce::put) would.
    fn put_many(&self, items: Vec<T>) -> Result<Batch, PutManyError<T>> {
        self.put_many_within(items, self.overflow().patience())
    }

    /// Sets a place aside, waiting for room as this handle's policy says.
    fn reserve(&self) -> Result<Self::Permit, Refusal> {
        self.reserve_within(self.overflow().patience())
    }

    /// Sets a place aside if there is room now.
    fn try_reserve(&self) -> Result<Self::Permit, Refusal> {
        self.reserve_within(Patience::Try)
    }

    /// Places the item if there is room now.
    fn try_put(&self, item: T) -> Result<Outcome, PutError<T>> {
        self.put_within(item, Patience::Try)
    }

    /// Places the item, waiting for room at most so long.
    fn put_timeout(&self, item: T, timeout: Duration) -> Result<Outcome, PutError<T>> {
        self.put_within(item, Patience::lasting(timeout))
    }

    /// Places the item, waiting for room until `deadline`.
    fn put_deadline(&self, item: T, deadline: Instant) -> Result<Outcome, PutError<T>> {
        self.put_within(item, Patience::Until(deadline))
    }

    /// Waits until nothing is unfinished (C7).
    fn join(&self) -> Result<(), JoinError> {
        self.join_within(Patience::Forever)
    }
}

/// The consuming side. A clone is another consumer of the same buffer.
pub trait Consume<T: Send + 'static>: Clone + Send + Sync + 'static {
    /// A leased item; see [`Leased`].
    type Lease: Leased<T>;

    /// Takes the oldest item for good, waiting for one as long as `patience` says (C2, C5).
    fn take_within(&self, patience: Patience) -> Result<T, TakeError>;

    /// Takes the oldest item for good, waiting as a task. Dropping the future loses nothing (C3).
    fn take_async(&self) -> impl Future<Output = Result<T, TakeError>> + Send;

    /// Takes the oldest items for good, at least one and at most `max`, waiting for the first as long
    /// as `patience` says. What there is when it comes is taken in one go, in order (C2). With `max` 0
    /// nothing is asked for, and nothing comes, at once.
    fn take_many_within(&self, max: usize, patience: Patience) -> Result<Vec<T>, TakeError> {
        let mut items = Vec::new();
        if max > 0 {
            items.push(self.take_within(patience)?);
            while items.len() < max
                && let Ok(item) = self.try_take()
            {
                items.push(item);
            }
        }
        Ok(items)
    }

    /// Takes the oldest items for good, at least one and at most `max`, waiting for the first as a
    /// task. Dropping the future loses nothing (C3).
    fn take_many_async(
        &self,
        max: usize,
    ) -> impl Future<Output = Result<Vec<T>, TakeError>> + Send {
        async move {
            let mut items = Vec::new();
            if max > 0 {
                items.push(self.take_async().await?);
                while items.len() < max
                    && let Ok(item) = self.try_take()
                {
                    items.push(item);
                }
            }
            Ok(items)
        }
    }

    /// Leases the oldest item, waiting for one, and for the lease limit, as long as `patience` says
    /// (C1, C2, C5).
    fn lease_within(&self, patience: Patience) -> Result<Self::Lease, TakeError>;

    /// Leases the oldest item, waiting as a task. Dropping the future loses nothing (C3).
    fn lease_async(&self) -> impl Future<Output = Result<Self::Lease, TakeError>> + Send;

    /// Removes the oldest dead letter, which then counts as dropped (C8).
    fn take_dead(&self) -> Option<DeadLetter<T>>;

    /// Refuses all further puts; what is left can still be taken (C6).
    fn close(&self);

    /// Waits until nothing is unfinished (C7).
    fn join_within(&self, patience: Patience) -> Result<(), JoinError>;

    /// Waits, as a task, until nothing is unfinished (C7).
    fn join_async(&self) -> impl Future<Output = Result<(), JoinError>> + Send;

    /// The counts and waits of this moment (C8).
    fn statistics(&self) -> Statistics;

    /// Takes the oldest item for good, waiting while there is none.
    fn take(&self) -> Result<T, TakeError> {
        self.take_within(Patience::Forever)
    }

    /// Takes the oldest item for good if there is one now.
    fn try_take(&self) -> Result<T, TakeError> {
        self.take_within(Patience::Try)
    }

    /// Takes the oldest items for good, at least one and at most `max`, waiting for the first.
    fn take_many(&self, max: usize) -> Result<Vec<T>, TakeError> {
        self.take_many_within(max, Patience::Forever)
    }

    /// Takes the oldest item for good, waiting at most so long.
    fn take_timeout(&self, timeout: Duration) -> Result<T, TakeError> {
        self.take_within(Patience::lasting(timeout))
    }

    /// Takes the oldest item for good, waiting until `deadline`.
    fn take_deadline(&self, deadline: Instant) -> Result<T, TakeError> {
        self.take_within(Patience::Until(deadline))
    }

    /// Leases the oldest item, waiting while there is none.
    fn lease(&self) -> Result<Self::Lease, TakeError> {
        self.lease_within(Patience::Forever)
    }

    /// Leases the oldest item if there is one now.
    fn try_lease(&self) -> Result<Self::Lease, TakeError> {
        self.lease_within(Patience::Try)
    }

    /// Leases the oldest item, waiting at most so long.
    fn lease_timeout(&self, timeout: Duration) -> Result<Self::Lease, TakeError> {
        self.lease_within(Patience::lasting(timeout))
    }

    /// Leases the oldest item, waiting until `deadline`.
    fn lease_deadline(&self, deadline: Instant) -> Result<Self::Lease, TakeError> {
        self.lease_within(Patience::Until(deadline))
    }

    /// Waits until nothing is unfinished (C7).
    fn join(&self) -> Result<(), JoinError> {
        self.join_within(Patience::Forever)
    }
}

/// A place set aside in the buffer: an item can be put into it without waiting, even when the buffer
/// has filled since. It counts against the capacity until it is used or dropped (C1).
///
/// The item's position is that of its put, not of the permit. Leaked, a permit keeps its place for as
/// long as the buffer lives, and nothing else: takes, other puts and the close go on.
pub trait Permitted<T>: Send + 'static {
    /// Places the item. Refused, with the item, only after the buffer was closed (C6) or, where
    /// items are weighed, when the item is heavier than what was set aside (C1).
    fn put(self, item: T) -> Result<(), PutError<T>>;
}

/// An item held with the duty to finish it. Dropped without an answer, it is a nack.
///
/// An answer to a lease whose deadline has passed is refused with [`LeaseError::Expired`] and
/// changes nothing (C4).
pub trait Leased<T>: Deref<Target = T> + Send + 'static {
    /// Finishes the item, and hands it over for good.
    fn ack(self) -> Result<T, LeaseError>;

    /// Gives the item back now, to its own position, saying nothing against it.
    fn nack(self) -> Result<(), LeaseError>;

    /// Gives the item back as failed: one failure more, and a dead letter when that reaches the
    /// buffer's limit.
    fn fail(self, reason: &str) -> Result<(), LeaseError>;

    /// Sets the item aside for good, as a dead letter.
    fn reject(self, reason: &str) -> Result<(), LeaseError>;

    /// Moves the lease's deadline to `duration` from now. A lease without a deadline stays without.
    fn extend(&mut self, duration: Duration) -> Result<(), LeaseError>;

    /// How often the item was leased, this lease included: 1 at first.
    fn deliveries(&self) -> u32;

    /// How many of its leases ended by [`fail`](Leased::fail).
    fn failures(&self) -> u32;
}

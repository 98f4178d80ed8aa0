//! The two sides of a buffer and the lease between them, as traits.
//!
//! A buffer of any distance gives handles that keep these traits; the conformance suite and code
//! that does not care for the distance are written against them. The few required methods take a
//! [`Patience`]; the familiar forms (`put`, `try_put`, `put_timeout`, …) are provided.

use std::future::Future;
use std::ops::Deref;
use std::time::{Duration, Instant};

use crate::{DeadLetter, LeaseError, Patience, PutError, Statistics, TakeError, TimedOut};

/// The producing side. A clone is another producer of the same buffer.
pub trait Produce<T: Send + 'static>: Clone + Send + Sync + 'static {
    /// Places the item, waiting for room as long as `patience` says (C1, C5).
    fn put_within(&self, item: T, patience: Patience) -> Result<(), PutError<T>>;

    /// Places the item, waiting for room as a task. Dropping the future before it is ready cancels
    /// the put: its item was then not placed, and goes with the future (C5).
    fn put_async(&self, item: T) -> impl Future<Output = Result<(), PutError<T>>> + Send;

    /// Refuses all further puts and lets consumers drain what is left (C6). Closing twice is closing
    /// once.
    fn close(&self);

    /// Waits until nothing is unfinished (C7).
    fn join_within(&self, patience: Patience) -> Result<(), TimedOut>;

    /// Waits, as a task, until nothing is unfinished (C7).
    fn join_async(&self) -> impl Future<Output = ()> + Send;

    /// The counts and waits of this moment (C8).
    fn statistics(&self) -> Statistics;

    /// Places the item, waiting while the buffer is full.
    fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_within(item, Patience::Forever)
    }

    /// Places the item if there is room now.
    fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_within(item, Patience::Try)
    }

    /// Places the item, waiting for room at most so long.
    fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        self.put_within(item, Patience::lasting(timeout))
    }

    /// Places the item, waiting for room until `deadline`.
    fn put_deadline(&self, item: T, deadline: Instant) -> Result<(), PutError<T>> {
        self.put_within(item, Patience::Until(deadline))
    }

    /// Waits until nothing is unfinished.
    fn join(&self) {
        self.join_within(Patience::Forever).expect("a join without a deadline cannot time out");
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
    fn join_within(&self, patience: Patience) -> Result<(), TimedOut>;

    /// Waits, as a task, until nothing is unfinished (C7).
    fn join_async(&self) -> impl Future<Output = ()> + Send;

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

    /// Waits until nothing is unfinished.
    fn join(&self) {
        self.join_within(Patience::Forever).expect("a join without a deadline cannot time out");
    }
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

//! The producing side.

use std::fmt;
use std::time::{Duration, Instant};

use forebay_contract::{Patience, Produce, PutError, Statistics, TimedOut};

use crate::atomics::Arc;
use crate::atomics::counters::Ordering;
use crate::buffer::Buffer;
use crate::call::{Join, Put, Task};

/// A producer of a buffer between threads and tasks.
///
/// A clone is another producer. When the last one is dropped, the buffer closes (C6). A producer may
/// be shared by reference, too, and its blocking and async forms mixed.
pub struct Producer<T> {
    buffer: Arc<Buffer<T>>,
}

impl<T> Producer<T> {
    pub(crate) fn new(buffer: Arc<Buffer<T>>) -> Self {
        Self { buffer }
    }

    /// Places the item, waiting while the buffer is full. Refused with
    /// [`Closed`](forebay_contract::Refusal::Closed) or
    /// [`Abandoned`](forebay_contract::Refusal::Abandoned) only (C5, C6).
    #[inline]
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_within(item, Patience::Forever)
    }

    /// Places the item if there is room now.
    #[inline]
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_within(item, Patience::Try)
    }

    /// Places the item, waiting for room at most so long.
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        self.put_within(item, Patience::lasting(timeout))
    }

    /// Places the item, waiting for room until `deadline`.
    pub fn put_deadline(&self, item: T, deadline: Instant) -> Result<(), PutError<T>> {
        self.put_within(item, Patience::Until(deadline))
    }

    /// Places the item, waiting for room as long as `patience` says.
    #[inline]
    pub fn put_within(&self, item: T, patience: Patience) -> Result<(), PutError<T>> {
        self.buffer.put_within(item, patience)
    }

    /// Places the item, waiting for room as a task. Dropping the future before it is ready cancels
    /// the put: the item was then not placed, and goes with the future (C5).
    pub fn put_async(&self, item: T) -> impl Future<Output = Result<(), PutError<T>>> {
        Task(Put::new(&self.buffer, item, None))
    }

    /// Refuses all further puts; consumers drain what is left (C6).
    pub fn close(&self) {
        self.buffer.close();
    }

    /// Waits until nothing is unfinished: every item put was taken, acked, or set aside (C7).
    pub fn join(&self) {
        let joined = self.join_within(Patience::Forever);
        debug_assert!(joined.is_ok(), "a join without a deadline ends only when it is done");
    }

    /// As [`join`](Self::join), at most so long.
    pub fn join_timeout(&self, timeout: Duration) -> Result<(), TimedOut> {
        self.join_within(Patience::lasting(timeout))
    }

    /// As [`join`](Self::join), as long as `patience` says.
    pub fn join_within(&self, patience: Patience) -> Result<(), TimedOut> {
        self.buffer.join_within(patience)
    }

    /// As [`join`](Self::join), waiting as a task.
    pub fn join_async(&self) -> impl Future<Output = ()> {
        Task(Join::new(&self.buffer))
    }

    /// The counts and waits of this moment (C8).
    pub fn statistics(&self) -> Statistics {
        self.buffer.statistics()
    }
}

impl<T> Clone for Producer<T> {
    fn clone(&self) -> Self {
        self.buffer.producers.fetch_add(1, Ordering::AcqRel);
        Self { buffer: Arc::clone(&self.buffer) }
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        if self.buffer.producers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.buffer.close();
        }
    }
}

impl<T> fmt::Debug for Producer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").field("buffer", &self.buffer.label()).finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Produce<T> for Producer<T> {
    fn put_within(&self, item: T, patience: Patience) -> Result<(), PutError<T>> {
        Producer::put_within(self, item, patience)
    }

    fn put_async(&self, item: T) -> impl Future<Output = Result<(), PutError<T>>> + Send {
        Producer::put_async(self, item)
    }

    fn close(&self) {
        Producer::close(self);
    }

    fn join_within(&self, patience: Patience) -> Result<(), TimedOut> {
        Producer::join_within(self, patience)
    }

    fn join_async(&self) -> impl Future<Output = ()> + Send {
        Producer::join_async(self)
    }

    fn statistics(&self) -> Statistics {
        Producer::statistics(self)
    }
}

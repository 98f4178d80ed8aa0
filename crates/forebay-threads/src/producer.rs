//! The producing side.

use std::fmt;
use std::iter;
use std::time::{Duration, Instant};

use forebay_contract::{
    Batch, JoinError, Outcome, Overflow, Patience, Produce, PutError, PutManyError, Refusal,
    Statistics,
};

use crate::atomics::Arc;
use crate::atomics::counters::Ordering;
use crate::buffer::Buffer;
use crate::call::{Join, Room, Task};
use crate::pause::Mood;
use crate::permit::Permit;
use crate::store::{Store, Want};

/// A producer of a buffer between threads and tasks.
///
/// A clone is another producer, with the same policy for a full buffer. When the last one is dropped,
/// the buffer closes (C6). A producer may be shared by reference, too, and its blocking and async
/// forms mixed.
pub struct Producer<T> {
    pub(crate) buffer: Arc<Buffer<T>>,
    overflow: Overflow,
    mood: Mood,
}

impl<T> Producer<T> {
    pub(crate) fn new(buffer: Arc<Buffer<T>>) -> Self {
        Self { buffer, overflow: Overflow::default(), mood: Mood::default() }
    }

    /// This handle's choice for when the buffer is full (C9): to wait, unless it was told otherwise.
    pub fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// The same producer with another choice for when the buffer is full (C9).
    #[must_use]
    pub fn with_overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Places the item, or does with it what this handle's policy says on full: waits, unless told
    /// otherwise. Then it is refused only with [`Closed`](Refusal::Closed),
    /// [`Abandoned`](Refusal::Abandoned), or, where items are weighed, [`TooHeavy`](Refusal::TooHeavy)
    /// (C1, C5, C6, C9).
    #[inline]
    pub fn put(&self, item: T) -> Result<Outcome, PutError<T>> {
        self.put_within(item, self.overflow.patience())
    }

    /// Places the item if there is room now.
    #[inline]
    pub fn try_put(&self, item: T) -> Result<Outcome, PutError<T>> {
        self.put_within(item, Patience::Try)
    }

    /// Places the item, waiting for room at most so long.
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<Outcome, PutError<T>> {
        self.put_within(item, Patience::lasting(timeout))
    }

    /// Places the item, waiting for room until `deadline`.
    pub fn put_deadline(&self, item: T, deadline: Instant) -> Result<Outcome, PutError<T>> {
        self.put_within(item, Patience::Until(deadline))
    }

    /// Places the item, waiting for room as long as `patience` says, unless this handle's policy
    /// [drops](Overflow::drops): that never waits.
    #[inline]
    pub fn put_within(&self, item: T, patience: Patience) -> Result<Outcome, PutError<T>> {
        self.buffer.put_within(item, self.overflow, patience, &self.mood)
    }

    /// Places the item, waiting for room as a task as this handle's policy says. Dropping the future
    /// before it is ready cancels the put: the item was then placed whole, by a take that made room for
    /// it at the last moment, or not at all, and goes with the future (C5). Leaked, it holds nobody up:
    /// its item is placed in its turn, or keeps its place in line.
    pub async fn put_async(&self, item: T) -> Result<Outcome, PutError<T>> {
        match self.buffer.store.put_at_once(item, true) {
            Ok(()) => Ok(Outcome::Placed),
            Err((item, _)) => self.put_waiting(item).await,
        }
    }

    async fn put_waiting(&self, item: T) -> Result<Outcome, PutError<T>> {
        let deadline = match self.overflow {
            Overflow::Wait => None,
            Overflow::WaitFor(time) => Instant::now().checked_add(time),
            _ => return self.put_within(item, Patience::Try),
        };
        let (item, weight) = self.buffer.weigh(item)?;
        let room = Room::new(&self.buffer, Want::Item(item), weight, None);
        match Task::until(room, deadline).await {
            Ok(()) => Ok(Outcome::Placed),
            Err((Want::Item(item), refusal)) => Err(PutError { item, refusal }),
            Err(_) => unreachable!("a refused item is handed back"),
        }
    }

    /// Places the items in their order, each as [`put`](Self::put) would, as many in one go as there is
    /// room for. Stops at the first that is refused, and hands back the rest (C2, C5).
    pub fn put_many(&self, items: impl IntoIterator<Item = T>) -> Result<Batch, PutManyError<T>> {
        self.put_many_within(items, self.overflow.patience())
    }

    /// As [`put_many`](Self::put_many), as far as there is room now.
    pub fn try_put_many(
        &self,
        items: impl IntoIterator<Item = T>,
    ) -> Result<Batch, PutManyError<T>> {
        self.put_many_within(items, Patience::Try)
    }

    /// As [`put_many`](Self::put_many), waiting for room as long as `patience` says.
    pub fn put_many_within(
        &self,
        items: impl IntoIterator<Item = T>,
        patience: Patience,
    ) -> Result<Batch, PutManyError<T>> {
        // The iterator is run before any lock is held.
        let items = Vec::from_iter(items);
        self.buffer.put_many_within(items, self.overflow, patience, &self.mood)
    }

    /// As [`put_many`](Self::put_many), waiting for room as a task. Dropping the future before it is
    /// ready leaves a part of the items placed, from the front; the rest goes with the future.
    pub async fn put_many_async(&self, items: Vec<T>) -> Result<Batch, PutManyError<T>> {
        let mut items = items.into_iter();
        let mut done = Batch::default();
        loop {
            done.placed += self.buffer.put_more(&mut items);
            let Some(item) = items.next() else { return Ok(done) };
            match self.put_async(item).await {
                Ok(outcome) => done.add(outcome),
                Err(PutError { item, refusal }) => {
                    let rest = iter::once(item).chain(items).collect();
                    return Err(PutManyError { rest, refusal, done });
                }
            }
        }
    }

    /// Sets a place aside, waiting for room as this handle's policy says; nothing is dropped for it. For
    /// those who must not lose an item to a cancelled put: first the permit, then the item (C5). Where
    /// items are weighed, it is for one of weight 1 or 0.
    pub fn reserve(&self) -> Result<Permit<T>, Refusal> {
        self.reserve_within(self.overflow.patience())
    }

    /// Sets a place aside if there is room now.
    pub fn try_reserve(&self) -> Result<Permit<T>, Refusal> {
        self.reserve_within(Patience::Try)
    }

    /// Sets a place aside, waiting for room as long as `patience` says.
    pub fn reserve_within(&self, patience: Patience) -> Result<Permit<T>, Refusal> {
        self.reserve_weight(1, patience)
    }

    /// Sets aside a place for an item at most so heavy.
    pub fn reserve_weight(&self, weight: u64, patience: Patience) -> Result<Permit<T>, Refusal> {
        let weight = self.buffer.weight_to_reserve(weight);
        self.buffer.reserve_within(weight, patience, &self.mood)?;
        Ok(Permit::new(&self.buffer, weight))
    }

    /// Sets a place aside, waiting for room as a task. Dropping the future loses nothing; leaked, it may
    /// keep a place, as a leaked permit does.
    pub async fn reserve_async(&self) -> Result<Permit<T>, Refusal> {
        self.reserve_weight_async(1).await
    }

    /// Sets aside a place for an item at most so heavy, waiting for room as a task.
    pub async fn reserve_weight_async(&self, weight: u64) -> Result<Permit<T>, Refusal> {
        let deadline = match self.overflow {
            Overflow::Wait => None,
            Overflow::WaitFor(time) => Instant::now().checked_add(time),
            _ => return self.reserve_weight(weight, Patience::Try),
        };
        let weight = self.buffer.weight_to_reserve(weight);
        match self.buffer.reserve_within(weight, Patience::Try, &self.mood) {
            Err(Refusal::Full) => {
                let room = Room::new(&self.buffer, Want::Permit, weight, None);
                Task::until(room, deadline).await.map_err(|(_, refusal)| refusal)?;
            }
            over => over?,
        }
        Ok(Permit::new(&self.buffer, weight))
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
    pub fn join_timeout(&self, timeout: Duration) -> Result<(), JoinError> {
        self.join_within(Patience::lasting(timeout))
    }

    /// As [`join`](Self::join), as long as `patience` says.
    pub fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
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
        Self { buffer: Arc::clone(&self.buffer), overflow: self.overflow, mood: Mood::default() }
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
    type Permit = Permit<T>;

    fn overflow(&self) -> Overflow {
        Producer::overflow(self)
    }

    fn with_overflow(self, overflow: Overflow) -> Self {
        Producer::with_overflow(self, overflow)
    }

    fn put_within(&self, item: T, patience: Patience) -> Result<Outcome, PutError<T>> {
        Producer::put_within(self, item, patience)
    }

    fn put_async(&self, item: T) -> impl Future<Output = Result<Outcome, PutError<T>>> + Send {
        Producer::put_async(self, item)
    }

    fn put_many_within(&self, items: Vec<T>, patience: Patience) -> Result<Batch, PutManyError<T>> {
        Producer::put_many_within(self, items, patience)
    }

    fn put_many_async(
        &self,
        items: Vec<T>,
    ) -> impl Future<Output = Result<Batch, PutManyError<T>>> + Send {
        Producer::put_many_async(self, items)
    }

    fn reserve_within(&self, patience: Patience) -> Result<Permit<T>, Refusal> {
        Producer::reserve_within(self, patience)
    }

    fn reserve_async(&self) -> impl Future<Output = Result<Permit<T>, Refusal>> + Send {
        Producer::reserve_async(self)
    }

    fn close(&self) {
        Producer::close(self);
    }

    fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        Producer::join_within(self, patience)
    }

    async fn join_async(&self) -> Result<(), JoinError> {
        Producer::join_async(self).await;
        Ok(())
    }

    fn statistics(&self) -> Statistics {
        Producer::statistics(self)
    }
}

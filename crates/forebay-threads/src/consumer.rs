//! The consuming side.

use std::fmt;
use std::time::{Duration, Instant};

use forebay_contract::{Consume, DeadLetter, JoinError, Patience, Statistics, TakeError};

use crate::atomics::Arc;
use crate::buffer::Buffer;
use crate::call::{Join, Lend, Take, Task};
use crate::lease::Lease;
use crate::share::ShareOf;
use crate::store::Store;

/// A consumer of a buffer between threads and tasks.
///
/// A clone is another consumer, with a [share](forebay_contract::Share) of its own. When the last one
/// is dropped, further puts are refused, and what still waits is dropped (C6). A consumer may be
/// shared by reference, too, and its blocking and async forms mixed.
pub struct Consumer<T> {
    pub(crate) buffer: Arc<Buffer<T>>,
    pub(crate) share: Arc<ShareOf>,
}

impl<T> Consumer<T> {
    pub(crate) fn new(buffer: Arc<Buffer<T>>) -> Self {
        let share = buffer.new_share();
        Self { buffer, share }
    }

    /// Takes the oldest item for good, waiting while there is none. Refused with
    /// [`TakeError::Closed`] only (C2, C5, C6).
    #[inline]
    pub fn take(&self) -> Result<T, TakeError> {
        self.take_within(Patience::Forever)
    }

    /// Takes the oldest item for good if there is one now.
    #[inline]
    pub fn try_take(&self) -> Result<T, TakeError> {
        self.take_within(Patience::Try)
    }

    /// Takes the oldest item for good, waiting at most so long.
    pub fn take_timeout(&self, timeout: Duration) -> Result<T, TakeError> {
        self.take_within(Patience::lasting(timeout))
    }

    /// Takes the oldest item for good, waiting until `deadline`.
    pub fn take_deadline(&self, deadline: Instant) -> Result<T, TakeError> {
        self.take_within(Patience::Until(deadline))
    }

    /// Takes the oldest item for good, waiting as long as `patience` says.
    #[inline]
    pub fn take_within(&self, patience: Patience) -> Result<T, TakeError> {
        self.buffer.take_within(&self.share, patience)
    }

    /// Takes the oldest item for good, waiting as a task. Dropping the future loses nothing (C3).
    pub async fn take_async(&self) -> Result<T, TakeError> {
        match self.buffer.store.take_at_once(&self.share.items, true) {
            Ok(item) => Ok(item),
            Err(_) => Task(Take::new(&self.buffer, &self.share, None)).await,
        }
    }

    /// Takes the oldest items for good, at least one and at most `max`, waiting for the first: what there
    /// is when it comes, in order, in one go (C2, C5). With `max` 0 nothing is asked for, and nothing
    /// comes, at once.
    pub fn take_many(&self, max: usize) -> Result<Vec<T>, TakeError> {
        self.take_many_within(max, Patience::Forever)
    }

    /// As [`take_many`](Self::take_many), if there is an item now.
    pub fn try_take_many(&self, max: usize) -> Result<Vec<T>, TakeError> {
        self.take_many_within(max, Patience::Try)
    }

    /// As [`take_many`](Self::take_many), waiting for the first as long as `patience` says.
    pub fn take_many_within(&self, max: usize, patience: Patience) -> Result<Vec<T>, TakeError> {
        self.buffer.take_many_within(&self.share, max, patience)
    }

    /// As [`take_many`](Self::take_many), waiting as a task. Dropping the future loses nothing (C3).
    pub async fn take_many_async(&self, max: usize) -> Result<Vec<T>, TakeError> {
        let mut items = self.buffer.room_for(max);
        self.buffer.take_more(&self.share, max, &mut items);
        if items.is_empty() && max > 0 {
            // Nothing has been taken yet, so nothing is lost if it ends here.
            let first = self.take_async().await?;
            items = self.buffer.with_more(&self.share, max, first);
        }
        Ok(items)
    }

    /// Leases the oldest item, waiting for one and for the lease limit (C1). The item stays
    /// unfinished until the [`Lease`] is answered; dropped without an answer, it goes back.
    pub fn lease(&self) -> Result<Lease<T>, TakeError> {
        self.lease_within(Patience::Forever)
    }

    /// Leases the oldest item if there is one now.
    pub fn try_lease(&self) -> Result<Lease<T>, TakeError> {
        self.lease_within(Patience::Try)
    }

    /// Leases the oldest item, waiting at most so long.
    pub fn lease_timeout(&self, timeout: Duration) -> Result<Lease<T>, TakeError> {
        self.lease_within(Patience::lasting(timeout))
    }

    /// Leases the oldest item, waiting until `deadline`.
    pub fn lease_deadline(&self, deadline: Instant) -> Result<Lease<T>, TakeError> {
        self.lease_within(Patience::Until(deadline))
    }

    /// Leases the oldest item, waiting as long as `patience` says.
    pub fn lease_within(&self, patience: Patience) -> Result<Lease<T>, TakeError> {
        let entry = self.buffer.lease_within(&self.share, patience)?;
        Ok(Lease::new(&self.buffer, &self.share, entry))
    }

    /// Leases the oldest item, waiting as a task. Dropping the future loses nothing (C3).
    pub async fn lease_async(&self) -> Result<Lease<T>, TakeError> {
        let entry = Task(Lend::new(&self.buffer, &self.share, None)).await?;
        Ok(Lease::new(&self.buffer, &self.share, entry))
    }

    /// Removes the oldest dead letter, which then counts as dropped (C8).
    pub fn take_dead(&self) -> Option<DeadLetter<T>> {
        self.buffer.take_dead()
    }

    /// Refuses all further puts; what is left can still be taken (C6).
    pub fn close(&self) {
        self.buffer.close();
    }

    /// Waits until nothing is unfinished: every item put was taken, acked, or set aside (C7). A
    /// consumer that holds a lease waits for itself.
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

    /// This handle's number among the [shares](Statistics::shares).
    pub fn number(&self) -> u64 {
        self.share.consumer
    }
}

impl<T> Clone for Consumer<T> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.buffer))
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        self.buffer.end_share(&self.share);
    }
}

impl<T> fmt::Debug for Consumer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("buffer", &self.buffer.label())
            .field("number", &self.number())
            .finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Consume<T> for Consumer<T> {
    type Lease = Lease<T>;

    fn take_within(&self, patience: Patience) -> Result<T, TakeError> {
        Consumer::take_within(self, patience)
    }

    fn take_async(&self) -> impl Future<Output = Result<T, TakeError>> + Send {
        Consumer::take_async(self)
    }

    fn take_many_within(&self, max: usize, patience: Patience) -> Result<Vec<T>, TakeError> {
        Consumer::take_many_within(self, max, patience)
    }

    fn take_many_async(
        &self,
        max: usize,
    ) -> impl Future<Output = Result<Vec<T>, TakeError>> + Send {
        Consumer::take_many_async(self, max)
    }

    fn lease_within(&self, patience: Patience) -> Result<Lease<T>, TakeError> {
        Consumer::lease_within(self, patience)
    }

    fn lease_async(&self) -> impl Future<Output = Result<Lease<T>, TakeError>> + Send {
        Consumer::lease_async(self)
    }

    fn take_dead(&self) -> Option<DeadLetter<T>> {
        Consumer::take_dead(self)
    }

    fn close(&self) {
        Consumer::close(self);
    }

    fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        Consumer::join_within(self, patience)
    }

    async fn join_async(&self) -> Result<(), JoinError> {
        Consumer::join_async(self).await;
        Ok(())
    }

    fn statistics(&self) -> Statistics {
        Consumer::statistics(self)
    }
}

//! A leased item: held with the duty to finish it.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use forebay_contract::{LeaseError, Leased};

use crate::atomics::Arc;
use crate::buffer::{Answer, Buffer};
use crate::share::ShareOf;
use crate::store::Entry;

/// An item on lease. It reads and changes like the item itself.
///
/// Answer it with [`ack`](Self::ack), [`nack`](Self::nack), [`fail`](Self::fail) or
/// [`reject`](Self::reject); dropped without an answer, also by a panic, it is a nack. Leaked with
/// [`mem::forget`](std::mem::forget) it stays out: join waits for it, unless leases have a deadline.
///
/// With a [lease time](crate::Builder::lease_time), the lease ends at its deadline: the buffer then
/// hands a copy of the item to the next consumer, and refuses this lease's answer (C4).
#[must_use = "a lease dropped without an answer gives its item back"]
pub struct Lease<T> {
    buffer: Arc<Buffer<T>>,
    share: Arc<ShareOf>,
    /// `None` once answered.
    entry: Option<Entry<T>>,
    /// Its number among the leases that have a deadline.
    timed: Option<u64>,
}

impl<T> Lease<T> {
    pub(crate) fn new(buffer: &Arc<Buffer<T>>, share: &Arc<ShareOf>, entry: Entry<T>) -> Self {
        let (buffer, share) = (Arc::clone(buffer), Arc::clone(share));
        let mut lease = Self { buffer, share, entry: Some(entry), timed: None };
        // From here on a panic, in the item's `clone` say, gives the item back.
        lease.timed = lease.buffer.set_deadline(lease.entry(), &lease.share);
        lease
    }

    /// Finishes the item, and hands it over for good.
    pub fn ack(self) -> Result<T, LeaseError> {
        let acked = self.answer(&Answer::Ack)?;
        Ok(acked.expect("an acked item is the consumer's"))
    }

    /// Gives the item back now, to its own position, saying nothing against it (C2).
    pub fn nack(self) -> Result<(), LeaseError> {
        self.answer(&Answer::Nack).map(drop)
    }

    /// Gives the item back as failed: one failure more, and a dead letter when that reaches
    /// [`max_failures`](crate::Builder::max_failures).
    pub fn fail(self, reason: &str) -> Result<(), LeaseError> {
        self.answer(&Answer::Fail(reason)).map(drop)
    }

    /// Sets the item aside for good, as a dead letter.
    pub fn reject(self, reason: &str) -> Result<(), LeaseError> {
        self.answer(&Answer::Reject(reason)).map(drop)
    }

    /// Moves the deadline to `duration` from now. A lease without a deadline stays without.
    pub fn extend(&mut self, duration: Duration) -> Result<(), LeaseError> {
        self.timed.map_or(Ok(()), |number| self.buffer.extend(number, duration))
    }

    /// How often the item was leased, this lease included: 1 at first.
    pub fn deliveries(&self) -> u32 {
        self.entry().deliveries
    }

    /// How many of its leases ended by [`fail`](Self::fail).
    pub fn failures(&self) -> u32 {
        self.entry().failures
    }

    fn entry(&self) -> &Entry<T> {
        self.entry.as_ref().expect("an unanswered lease holds its item")
    }

    fn answer(mut self, answer: &Answer<'_>) -> Result<Option<T>, LeaseError> {
        let entry = self.entry.take().expect("an unanswered lease holds its item");
        self.buffer.answer(entry, self.timed, &self.share, answer)
    }
}

impl<T> Deref for Lease<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.entry().item
    }
}

impl<T> DerefMut for Lease<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.entry.as_mut().expect("an unanswered lease holds its item").item
    }
}

impl<T> Drop for Lease<T> {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            // An expired lease has nothing left to give back.
            let _ = self.buffer.answer(entry, self.timed, &self.share, &Answer::Nack);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Lease<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("item", &**self)
            .field("deliveries", &self.deliveries())
            .field("failures", &self.failures())
            .finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Leased<T> for Lease<T> {
    fn ack(self) -> Result<T, LeaseError> {
        Lease::ack(self)
    }

    fn nack(self) -> Result<(), LeaseError> {
        Lease::nack(self)
    }

    fn fail(self, reason: &str) -> Result<(), LeaseError> {
        Lease::fail(self, reason)
    }

    fn reject(self, reason: &str) -> Result<(), LeaseError> {
        Lease::reject(self, reason)
    }

    fn extend(&mut self, duration: Duration) -> Result<(), LeaseError> {
        Lease::extend(self, duration)
    }

    fn deliveries(&self) -> u32 {
        Lease::deliveries(self)
    }

    fn failures(&self) -> u32 {
        Lease::failures(self)
    }
}

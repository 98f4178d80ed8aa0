//! A leased item: held with the duty to finish it.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use forebay_contract::{Bytes, Fault, LeaseError, Leased, Raw};

use crate::attachment::{Attachment, Farewell};
use crate::engine::{Answer, Loan};

/// An item on lease. It reads and changes like the item itself, which is this process's own copy.
///
/// Answer it with [`ack`](Self::ack), [`nack`](Self::nack), [`fail`](Self::fail) or [`reject`](Self::reject); dropped
/// without an answer, also by a panic, it is a nack. It is renewed as long as it is kept; when its process dies, or is
/// silent for 30 seconds, the item goes back.
pub struct Lease<T = Bytes, C = Raw> {
    /// Taken out once answered.
    held: Option<Held<T>>,
    codec: PhantomData<fn() -> C>,
    _farewell: Farewell,
}

struct Held<T> {
    attachment: Arc<Attachment>,
    token: u64,
    position: u64,
    deliveries: u32,
    failures: u32,
    item: T,
}

impl<T> Held<T> {
    fn answer(&self, answer: Answer, reason: &str) -> Result<(), LeaseError> {
        let (token, reason) = (self.token, reason.to_owned());
        held(self.attachment.ask(move |engine| {
            Box::pin(async move { engine.answer(answer, &reason, &[token]).await })
        }))
    }

    async fn answer_async(&self, answer: Answer, reason: &str) -> Result<(), LeaseError> {
        let (token, reason) = (self.token, reason.to_owned());
        let answered = self.attachment.ask_async(move |engine| {
            Box::pin(async move { engine.answer(answer, &reason, &[token]).await })
        });
        held(answered.await)
    }
}

fn held(answered: Result<Vec<bool>, Fault>) -> Result<(), LeaseError> {
    match answered?.first() {
        Some(true) => Ok(()),
        _ => Err(LeaseError::Expired),
    }
}

impl<T, C> Lease<T, C> {
    pub(crate) fn new(
        attachment: &Arc<Attachment>,
        loan: &Loan,
        item: T,
        farewell: Farewell,
    ) -> Self {
        let &Loan { token, position, deliveries, failures, .. } = loan;
        let attachment = Arc::clone(attachment);
        let held = Held { attachment, token, position, deliveries, failures, item };
        Self { held: Some(held), codec: PhantomData, _farewell: farewell }
    }

    fn held(&self) -> &Held<T> {
        self.held.as_ref().expect("a lease is used before it is answered")
    }

    fn end(&mut self) -> Held<T> {
        self.held.take().expect("a lease is answered once")
    }

    /// Finishes the item, and hands it over for good.
    pub fn ack(mut self) -> Result<T, LeaseError> {
        let held = self.end();
        held.answer(Answer::Ack, "")?;
        Ok(held.item)
    }

    /// Gives the item back now, to its own position, saying nothing against it.
    pub fn nack(mut self) -> Result<(), LeaseError> {
        self.end().answer(Answer::Nack, "")
    }

    /// Gives the item back as failed: one failure more, and a dead letter when that reaches the buffer's limit.
    pub fn fail(mut self, reason: &str) -> Result<(), LeaseError> {
        self.end().answer(Answer::Fail, reason)
    }

    /// Sets the item aside for good, as a dead letter.
    pub fn reject(mut self, reason: &str) -> Result<(), LeaseError> {
        self.end().answer(Answer::Reject, reason)
    }

    /// As [`ack`](Self::ack), for a task. Once it was polled it is answered, also when the future is dropped.
    pub async fn ack_async(mut self) -> Result<T, LeaseError> {
        let held = self.end();
        held.answer_async(Answer::Ack, "").await?;
        Ok(held.item)
    }

    /// As [`nack`](Self::nack), for a task.
    pub async fn nack_async(mut self) -> Result<(), LeaseError> {
        let held = self.end();
        held.answer_async(Answer::Nack, "").await
    }

    /// As [`fail`](Self::fail), for a task.
    pub async fn fail_async(mut self, reason: &str) -> Result<(), LeaseError> {
        let held = self.end();
        held.answer_async(Answer::Fail, reason).await
    }

    /// As [`reject`](Self::reject), for a task.
    pub async fn reject_async(mut self, reason: &str) -> Result<(), LeaseError> {
        let held = self.end();
        held.answer_async(Answer::Reject, reason).await
    }

    /// Moves the lease's deadline to `duration` from now. A lease without a deadline stays without.
    pub fn extend(&mut self, duration: Duration) -> Result<(), LeaseError> {
        let held = self.held();
        let token = held.token;
        let is_held = held.attachment.ask(move |engine| engine.extend(token, duration))?;
        if is_held { Ok(()) } else { Err(LeaseError::Expired) }
    }

    /// How often the item was leased, this lease included: 1 at first.
    pub fn deliveries(&self) -> u32 {
        self.held().deliveries
    }

    /// How many of its leases ended by [`fail`](Self::fail).
    pub fn failures(&self) -> u32 {
        self.held().failures
    }

    /// The item's place in the order of puts: no other item of this buffer ever has it. 0 where the engine
    /// [knows none](crate::Buffer::knows_positions).
    pub fn position(&self) -> u64 {
        self.held().position
    }

    pub(crate) fn into_item(mut self) -> (u64, T) {
        let held = self.end();
        (held.token, held.item)
    }
}

impl<T, C> Drop for Lease<T, C> {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            held.attachment.settle(Answer::Nack, String::new(), vec![held.token]);
        }
    }
}

impl<T, C> Deref for Lease<T, C> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.held().item
    }
}

impl<T, C> DerefMut for Lease<T, C> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.held.as_mut().expect("a lease is used before it is answered").item
    }
}

impl<T: fmt::Debug, C> fmt::Debug for Lease<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.held();
        f.debug_struct("Lease")
            .field("position", &held.position)
            .field("item", &held.item)
            .finish_non_exhaustive()
    }
}

impl<T: Send + 'static, C: 'static> Leased<T> for Lease<T, C> {
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

//! A leased item: held with the duty to finish it.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use forebay_contract::{Bytes, Fault, LeaseError, Leased, Patience, Raw};

use crate::party::Party;
use crate::turn::{Ack, Loan, Turn};

/// An item on lease. It reads and changes like the item itself, which is this process's own copy.
///
/// Answer it with [`ack`](Self::ack), [`nack`](Self::nack), [`fail`](Self::fail) or [`reject`](Self::reject); dropped
/// without an answer, also by a panic, it is a nack, and so is the death of its process. Only the process that holds it
/// can answer: in a child of fork every answer is refused.
pub struct Lease<T = Bytes, C = Raw> {
    /// Taken out once answered.
    held: Option<Held<T>>,
    codec: PhantomData<fn() -> C>,
}

struct Held<T> {
    party: Arc<Party>,
    loan: Loan,
    item: T,
}

impl<T> Held<T> {
    fn finish(&self) -> Result<(), LeaseError> {
        match self.loan.ack(&self.party.buffer)? {
            Ack::Finished => Ok(()),
            Ack::Awaited => {
                // Whatever comes of it, the item is finished; whoever waits for that looks again before long.
                let _ = self.party.turn_within(Patience::Forever).map(|mut turn| turn.book_own());
                Ok(())
            }
            Ack::Undone => self.party.turn_within(Patience::Forever)?.finish(&self.loan)?,
        }
    }
}

impl<T, C> Lease<T, C> {
    pub(crate) fn new(party: Arc<Party>, loan: Loan, item: T) -> Self {
        Self { held: Some(Held { party, loan, item }), codec: PhantomData }
    }

    fn held(&self) -> &Held<T> {
        self.held.as_ref().expect("a lease is used before it is answered")
    }

    /// The loan, and what is dropped only when no turn is held: it may need one.
    pub(crate) fn into_parts(mut self) -> (Loan, (T, Arc<Party>)) {
        let held = self.held.take().expect("a lease is answered once");
        (held.loan, (held.item, held.party))
    }

    /// Finishes the item, and hands it over for good. With durability `power`, the ack is on the disk with the next put
    /// that waits for it; until then, a loss of power has the item delivered again.
    pub fn ack(mut self) -> Result<T, LeaseError> {
        let held = self.held.take().expect("a lease is answered once");
        held.finish()?;
        Ok(held.item)
    }

    /// As [`ack`](Self::ack), and returns once the ack survives what the buffer's durability says.
    pub fn ack_synced(mut self) -> Result<T, LeaseError> {
        let held = self.held.take().expect("a lease is answered once");
        held.finish()?;
        held.party.commit()?;
        Ok(held.item)
    }

    /// Gives the item back now, to its own position, saying nothing against it.
    pub fn nack(self) -> Result<(), LeaseError> {
        #[expect(clippy::redundant_closure_for_method_calls, reason = "lifetimes differ")]
        self.answer(|turn, loan| turn.nack(loan))
    }

    /// Gives the item back as failed: one failure more, and a dead letter when that reaches the buffer's limit. Of the
    /// reason, the first 248 bytes are kept.
    pub fn fail(self, reason: &str) -> Result<(), LeaseError> {
        self.answer(|turn, loan| turn.fail(loan, reason))
    }

    /// Sets the item aside for good, as a dead letter. Of the reason, the first 248 bytes are kept.
    pub fn reject(self, reason: &str) -> Result<(), LeaseError> {
        self.answer(|turn, loan| turn.reject(loan, reason))
    }

    fn answer(
        mut self,
        answer: impl FnOnce(&mut Turn<'_>, &Loan) -> Result<Result<(), LeaseError>, Fault>,
    ) -> Result<(), LeaseError> {
        let held = self.held.take().expect("a lease is answered once");
        let mut turn = held.party.turn_within(Patience::Forever)?;
        answer(&mut turn, &held.loan)?
    }

    /// Moves the lease's deadline to `duration` from now. A lease without a deadline stays without.
    pub fn extend(&mut self, duration: Duration) -> Result<(), LeaseError> {
        let held = self.held();
        held.party.turn_within(Patience::Forever)?.extend(&held.loan, duration)?
    }

    /// How often the item was leased, this lease included: 1 at first.
    pub fn deliveries(&self) -> u32 {
        self.held().loan.word.deliveries()
    }

    /// How many of its leases ended by [`fail`](Self::fail).
    pub fn failures(&self) -> u32 {
        self.held().loan.word.failures()
    }

    /// The item's place in the order of puts, from 0: no other item of this buffer ever has it.
    pub fn position(&self) -> u64 {
        self.held().loan.position
    }
}

impl<T, C> Drop for Lease<T, C> {
    fn drop(&mut self) {
        if let Some(Held { party, loan, .. }) = self.held.take() {
            party.owe(move |turn| turn.nack(&loan).map(drop));
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
            .field("position", &held.loan.position)
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

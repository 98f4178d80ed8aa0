//! The consuming side.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use forebay_contract::{
    Bytes, Codec, CodecError, Consume, DeadLetter, Fault, JoinError, Patience, Raw, Statistics,
    TakeError,
};

use crate::attachment::{Attachment, Farewell, Handle};
use crate::call::{self, Call, Operation};
use crate::engine::{Answer, Answered, Engine, How, Loan, Role, Standing, Step, Wish};
use crate::lease::Lease;

/// A consumer of a buffer on a server.
///
/// A clone is another consumer. Dropping the last one refuses nothing: the buffer stays open until somebody
/// [closes](Self::close) it.
pub struct Consumer<T = Bytes, C = Raw> {
    handle: Arc<Handle>,
    codec: C,
    /// Items that it found to be unreadable.
    unreadable: Arc<AtomicU64>,
    item: PhantomData<fn() -> T>,
    farewell: Farewell,
}

impl<T, C: Codec<T>> Consumer<T, C> {
    pub(crate) fn new(handle: Handle, codec: C, farewell: Farewell) -> Self {
        let (handle, unreadable) = (Arc::new(handle), Arc::default());
        Self { handle, codec, unreadable, item: PhantomData, farewell }
    }

    fn attachment(&self) -> &Arc<Attachment> {
        &self.handle.attachment
    }

    /// Takes the oldest item for good, waiting while there is none (C2, C5). At most once: a process that is killed
    /// after the take has it, or had it.
    pub fn take(&self) -> Result<T, TakeError> {
        self.take_within(Patience::Forever)
    }

    /// Takes the oldest item for good if there is one now.
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

    /// Takes the oldest item for good, waiting for one as long as `patience` says.
    pub fn take_within(&self, patience: Patience) -> Result<T, TakeError> {
        Ok(one(self.take_many_within(1, patience)?))
    }

    /// Takes the oldest item for good, waiting as a task. Dropping the future loses nothing (C3). The item is handed over
    /// as soon as it is there, and the server told at the same time: a process that is killed at that very moment may
    /// have it delivered again.
    pub async fn take_async(&self) -> Result<T, TakeError> {
        Ok(one(self.take_many_async(1).await?))
    }

    /// Takes the oldest items for good, at least one and at most `max`, waiting for the first.
    pub fn take_many(&self, max: usize) -> Result<Vec<T>, TakeError> {
        self.take_many_within(max, Patience::Forever)
    }

    /// Takes the oldest items for good, at least one and at most `max`, waiting for the first as long as `patience`
    /// says.
    pub fn take_many_within(&self, max: usize, patience: Patience) -> Result<Vec<T>, TakeError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        loop {
            let loans = call::wait(self.attachment(), self.lending(max, How::Take), patience)?;
            let items = self.keep(loans);
            if !items.is_empty() {
                return Ok(items);
            }
        }
    }

    /// Takes the oldest items for good, waiting for the first as a task; as [`take_async`](Self::take_async).
    pub async fn take_many_async(&self, max: usize) -> Result<Vec<T>, TakeError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        loop {
            let lending = self.lending(max, How::Hold);
            let loans = Call::new(self.attachment(), lending, Patience::Forever).await?;
            // From here to the caller nothing waits, so that nobody can be dropped who has the items.
            let items = self.keep(loans);
            if !items.is_empty() {
                return Ok(items);
            }
        }
    }

    /// Leases the oldest item, waiting for one, and for the lease limit (C1, C2, C5).
    pub fn lease(&self) -> Result<Lease<T, C>, TakeError> {
        self.lease_within(Patience::Forever)
    }

    /// Leases the oldest item if there is one now.
    pub fn try_lease(&self) -> Result<Lease<T, C>, TakeError> {
        self.lease_within(Patience::Try)
    }

    /// Leases the oldest item, waiting at most so long.
    pub fn lease_timeout(&self, timeout: Duration) -> Result<Lease<T, C>, TakeError> {
        self.lease_within(Patience::lasting(timeout))
    }

    /// Leases the oldest item, waiting until `deadline`.
    pub fn lease_deadline(&self, deadline: Instant) -> Result<Lease<T, C>, TakeError> {
        self.lease_within(Patience::Until(deadline))
    }

    /// Leases the oldest item, waiting as long as `patience` says.
    pub fn lease_within(&self, patience: Patience) -> Result<Lease<T, C>, TakeError> {
        Ok(one(self.lease_many_within(1, patience)?))
    }

    /// Leases the oldest items in one go, at least one and at most `max`, waiting for the first as long as `patience`
    /// says.
    pub fn lease_many_within(
        &self,
        max: usize,
        patience: Patience,
    ) -> Result<Vec<Lease<T, C>>, TakeError> {
        let mut leases = Vec::new();
        while leases.is_empty() && max > 0 {
            leases =
                self.open(call::wait(self.attachment(), self.lending(max, How::Lease), patience)?);
        }
        Ok(leases)
    }

    /// Leases the oldest item, waiting as a task. Dropping the future loses nothing (C3).
    pub async fn lease_async(&self) -> Result<Lease<T, C>, TakeError> {
        Ok(one(self.lease_many_async(1).await?))
    }

    /// Leases the oldest items in one go, at least one and at most `max`, waiting for the first as a task.
    pub async fn lease_many_async(&self, max: usize) -> Result<Vec<Lease<T, C>>, TakeError> {
        let mut leases = Vec::new();
        while leases.is_empty() && max > 0 {
            let lending = self.lending(max, How::Lease);
            leases = self.open(Call::new(self.attachment(), lending, Patience::Forever).await?);
        }
        Ok(leases)
    }

    /// Finishes all of these in one go. Of those that were not held any more, as of expired ones, returns the number.
    pub fn ack_many(&self, leases: impl IntoIterator<Item = Lease<T, C>>) -> Result<usize, Fault> {
        let tokens: Vec<u64> = leases.into_iter().map(|lease| lease.into_item().0).collect();
        let mut refused = 0;
        for some in tokens.chunks(64) {
            let some = some.to_vec();
            let held = self.attachment().ask(|engine| {
                Box::pin(async move { engine.answer(Answer::Ack, "", &some).await })
            })?;
            refused += held.iter().filter(|held| !**held).count();
        }
        Ok(refused)
    }

    fn lending(&self, most: usize, how: How) -> Lending {
        let wish = Wish { handle: self.handle.number, most, how };
        Lending { wish, nothing: TakeError::Empty }
    }

    /// Those of the items that can be read; the others become dead letters. What was held is finished.
    fn keep(&self, loans: Vec<Loan>) -> Vec<T> {
        let (mut items, mut tokens) = (Vec::with_capacity(loans.len()), Vec::new());
        for mut loan in loans {
            match self.read(&mut loan) {
                Ok(item) => {
                    items.push(item);
                    tokens.extend((loan.token != 0).then_some(loan.token));
                }
                Err(unread) => self.set_aside(&loan, unread),
            }
        }
        self.attachment().settle(Answer::Ack, String::new(), tokens);
        items
    }

    fn open(&self, loans: Vec<Loan>) -> Vec<Lease<T, C>> {
        let mut leases = Vec::with_capacity(loans.len());
        for mut loan in loans {
            match self.read(&mut loan) {
                Ok(item) => {
                    let farewell = self.farewell.clone();
                    leases.push(Lease::new(self.attachment(), &loan, item, farewell));
                }
                Err(unread) => self.set_aside(&loan, unread),
            }
        }
        leases
    }

    fn read(&self, loan: &mut Loan) -> Result<T, Unread> {
        let bytes = std::mem::take(&mut loan.bytes);
        // The server has no other copy of what was taken.
        let kept = if loan.token == 0 { bytes.clone() } else { Bytes::default() };
        self.codec.decode(bytes).map_err(|CodecError(reason)| Unread {
            bytes: kept,
            reason: format!("cannot be read: {reason}"),
        })
    }

    fn set_aside(&self, loan: &Loan, Unread { bytes, reason }: Unread) {
        // Relaxed: a count that nothing else goes by.
        self.unreadable.fetch_add(1, Ordering::Relaxed);
        if loan.token == 0 {
            let loan = Loan { bytes, ..*loan };
            self.attachment()
                .owe(|engine| Box::pin(async move { engine.entomb(&loan, &reason).await }));
        } else {
            self.attachment().settle(Answer::Reject, reason, vec![loan.token]);
        }
    }

    /// Removes the oldest dead letter, which then counts as dropped (C8). One whose bytes cannot be decoded is left for
    /// [`Buffer::dead_letters`](crate::Buffer::dead_letters).
    pub fn take_dead(&self) -> Option<DeadLetter<T>> {
        let mut after = None;
        loop {
            let letters = self.attachment().letters(after).ok()?;
            after = Some(letters.last()?.id.clone());
            for buried in letters {
                let DeadLetter { item, death, deliveries, failures } = buried.letter;
                let Ok(item) = self.codec.decode(item) else { continue };
                if self.attachment().purge(buried.id).ok()? {
                    return Some(DeadLetter { item, death, deliveries, failures });
                }
            }
        }
    }

    /// Refuses all further puts, on every machine; what is left can still be taken (C6).
    pub fn close(&self) -> Result<(), Fault> {
        self.attachment().ask(|engine| engine.close())
    }

    /// Waits until nothing is unfinished (C7).
    pub fn join(&self) -> Result<(), JoinError> {
        self.join_within(Patience::Forever)
    }

    /// Waits until nothing is unfinished, as long as `patience` says (C7).
    pub fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        self.attachment().join_within(patience)
    }

    /// Waits, as a task, until nothing is unfinished (C7).
    pub async fn join_async(&self) -> Result<(), JoinError> {
        self.attachment().join_async().await
    }

    /// The counts and waits of this moment (C8).
    pub fn statistics(&self) -> Result<Statistics, Fault> {
        self.attachment().statistics()
    }

    /// How many of the items that came to this consumer could not be read: the codec made nothing of them. They are dead
    /// letters, and a take or lease goes on to the next item.
    pub fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }
}

fn one<T>(mut some: Vec<T>) -> T {
    some.pop().expect("at least one came")
}

/// Bytes of which the codec makes nothing, and what it says.
struct Unread {
    bytes: Bytes,
    reason: String,
}

/// A take or a lease.
struct Lending {
    wish: Wish,
    /// Why there was nothing when it looked last.
    nothing: TakeError,
}

impl Operation for Lending {
    type Outcome = Result<Vec<Loan>, TakeError>;

    fn attempt<'a>(
        &'a mut self,
        engine: &'a dyn Engine,
        standing: Standing,
    ) -> Answered<'a, Step<Self::Outcome>> {
        Box::pin(async move {
            let lent = engine.lend(self.wish, standing).await?;
            Ok(match lent.loans {
                Err(nothing @ (TakeError::Empty | TakeError::LeaseLimit)) => {
                    self.nothing = nothing;
                    Step::NotNow(lent.pause)
                }
                end => Step::Done(end),
            })
        })
    }

    fn give_up(self, tried: bool) -> Self::Outcome {
        Err(if tried { self.nothing } else { TakeError::TimedOut })
    }

    fn fail(self, fault: Fault) -> Self::Outcome {
        Err(fault.into())
    }

    fn undo(outcome: Self::Outcome, attachment: &Arc<Attachment>) {
        if let Ok(loans) = outcome {
            let tokens = loans.iter().map(|loan| loan.token).filter(|token| *token != 0).collect();
            attachment.settle(Answer::Undo, String::new(), tokens);
        }
    }
}

impl<T, C: Codec<T>> Clone for Consumer<T, C> {
    /// Another consumer.
    fn clone(&self) -> Self {
        let handle = Handle::new(self.attachment(), Role::Consumer);
        Self::new(handle, self.codec.clone(), self.farewell.clone())
    }
}

impl<T, C> fmt::Debug for Consumer<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("buffer", &self.handle.attachment.address)
            .finish_non_exhaustive()
    }
}

impl<T: Send + 'static, C: Codec<T>> Consume<T> for Consumer<T, C> {
    type Lease = Lease<T, C>;

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

    fn lease_within(&self, patience: Patience) -> Result<Lease<T, C>, TakeError> {
        Consumer::lease_within(self, patience)
    }

    fn lease_async(&self) -> impl Future<Output = Result<Lease<T, C>, TakeError>> + Send {
        Consumer::lease_async(self)
    }

    fn take_dead(&self) -> Option<DeadLetter<T>> {
        Consumer::take_dead(self)
    }

    fn close(&self) {
        // Whoever has to know uses the consumer's own form.
        let _ = Consumer::close(self);
    }

    fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        Consumer::join_within(self, patience)
    }

    fn join_async(&self) -> impl Future<Output = Result<(), JoinError>> + Send {
        Consumer::join_async(self)
    }

    /// All zero when the server cannot be asked; whoever has to know uses the consumer's own form.
    fn statistics(&self) -> Statistics {
        Consumer::statistics(self).unwrap_or_default()
    }
}

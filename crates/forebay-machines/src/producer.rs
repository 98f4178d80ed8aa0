//! The producing side.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_contract::{
    Batch, Bytes, Codec, Fault, JoinError, Outcome, Overflow, Patience, Produce, PutError,
    PutManyError, Raw, Refusal, Statistics,
};

use crate::attachment::{Attachment, Farewell, Handle};
use crate::call::{self, Call, Operation};
use crate::engine::{Answered, Engine, Parcel, Role, Standing, Step};
use crate::permit::Permit;

/// A producer of a buffer on a server.
///
/// A clone is another producer, with the same policy for a full buffer. Dropping the last one closes nothing: the buffer
/// stays open until somebody [closes](Self::close) it.
pub struct Producer<T = Bytes, C = Raw> {
    handle: Arc<Handle>,
    codec: C,
    overflow: Overflow,
    item: PhantomData<fn(T) -> T>,
    farewell: Farewell,
}

impl<T, C: Codec<T>> Producer<T, C> {
    pub(crate) fn new(handle: Handle, codec: C, farewell: Farewell) -> Self {
        let (handle, overflow) = (Arc::new(handle), Overflow::default());
        Self { handle, codec, overflow, item: PhantomData, farewell }
    }

    fn attachment(&self) -> &Arc<Attachment> {
        &self.handle.attachment
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

    /// Places the item, or does with it what this handle's policy says on full: waits, unless told otherwise (C1, C5,
    /// C9). Returns once the server has it (C3); [`Buffer::survives`](crate::Buffer::survives) says what that means.
    ///
    /// Refused as [`Fault::Unanswered`], the item comes back though it may have been placed. So it is with every form.
    pub fn put(&self, item: T) -> Result<Outcome, PutError<T>> {
        self.put_within(item, self.overflow.patience())
    }

    /// Places the item if there is room now.
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
    pub fn put_within(&self, item: T, patience: Patience) -> Result<Outcome, PutError<T>> {
        let put = self
            .putting(std::slice::from_ref(&item))
            .map(|putting| call::wait(self.attachment(), putting, self.patience(patience)))
            .and_then(Ended::outcome);
        put.map_err(|refusal| PutError { item, refusal })
    }

    /// Places the item, waiting for room as a task as this handle's policy says. Dropping the future before it is ready
    /// cancels the put: its item was then placed whole, or not at all (C5).
    pub async fn put_async(&self, item: T) -> Result<Outcome, PutError<T>> {
        let put = match self.putting(std::slice::from_ref(&item)) {
            Ok(putting) => {
                Call::new(self.attachment(), putting, self.overflow.patience()).await.outcome()
            }
            Err(refusal) => Err(refusal),
        };
        put.map_err(|refusal| PutError { item, refusal })
    }

    /// Places the items in their order, each as [`put`](Self::put) would, many in one go. Stops at the first that is
    /// refused, and hands back the rest (C2, C5).
    pub fn put_many(&self, items: impl IntoIterator<Item = T>) -> Result<Batch, PutManyError<T>> {
        self.put_many_within(items, self.overflow.patience())
    }

    /// As [`put_many`](Self::put_many), waiting for room as long as `patience` says.
    pub fn put_many_within(
        &self,
        items: impl IntoIterator<Item = T>,
        patience: Patience,
    ) -> Result<Batch, PutManyError<T>> {
        let items: Vec<T> = items.into_iter().collect();
        let (putting, unreadable) = self.putting_front(&items);
        let ended = call::wait(self.attachment(), putting, self.patience(patience));
        ended.hand_back(items, unreadable)
    }

    /// Places the items in their order, waiting for room as a task. Dropping the future before it is ready leaves a part
    /// of them placed, from the front.
    pub async fn put_many_async(
        &self,
        items: impl IntoIterator<Item = T>,
    ) -> Result<Batch, PutManyError<T>> {
        let items: Vec<T> = items.into_iter().collect();
        let (putting, unreadable) = self.putting_front(&items);
        let ended = Call::new(self.attachment(), putting, self.overflow.patience()).await;
        ended.hand_back(items, unreadable)
    }

    /// A policy that drops never waits.
    fn patience(&self, patience: Patience) -> Patience {
        if self.overflow.drops() { Patience::Try } else { patience }
    }

    fn putting(&self, items: &[T]) -> Result<Putting, Refusal> {
        match self.putting_front(items) {
            (putting, None) => Ok(putting),
            (_, Some(refusal)) => Err(refusal),
        }
    }

    /// The put of these, up to the first that cannot be written as bytes.
    fn putting_front(&self, items: &[T]) -> (Putting, Option<Refusal>) {
        let mut parcels = Vec::with_capacity(items.len());
        let mut refusal = None;
        for item in items {
            match self.parcel(item) {
                Ok(parcel) => parcels.push(parcel),
                Err(why) => {
                    refusal = Some(why);
                    break;
                }
            }
        }
        let (handle, overflow) = (self.handle.number, self.overflow);
        (Putting { handle, parcels, overflow, done: Batch::default(), put: 0 }, refusal)
    }

    fn parcel(&self, item: &T) -> Result<Parcel, Refusal> {
        parcel(&self.codec, self.attachment(), item)
    }

    /// Sets a place aside, waiting for room as this handle's policy says.
    pub fn reserve(&self) -> Result<Permit<T, C>, Refusal> {
        self.reserve_within(self.overflow.patience())
    }

    /// Sets a place aside if there is room now.
    pub fn try_reserve(&self) -> Result<Permit<T, C>, Refusal> {
        self.reserve_within(Patience::Try)
    }

    /// Sets a place aside, waiting for room as long as `patience` says (C5). Nothing is dropped for a permit. Where
    /// weight is bounded, it is a place for a weight of 1.
    pub fn reserve_within(&self, patience: Patience) -> Result<Permit<T, C>, Refusal> {
        let number = call::wait(self.attachment(), Reserving(self.handle.number), patience)?;
        Ok(self.permit(number))
    }

    /// Sets a place aside, waiting for room as a task. Dropping the future loses nothing.
    pub async fn reserve_async(&self) -> Result<Permit<T, C>, Refusal> {
        let (handle, patience) = (self.handle.number, self.overflow.patience());
        let number = Call::new(self.attachment(), Reserving(handle), patience).await?;
        Ok(self.permit(number))
    }

    fn permit(&self, number: u64) -> Permit<T, C> {
        Permit::new(self.attachment(), self.codec.clone(), number, self.farewell.clone())
    }

    /// Refuses all further puts, on every machine, and lets consumers drain what is left (C6). Closing twice is closing
    /// once.
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
}

/// An item as bytes, with its weight where that counts.
pub(crate) fn parcel<T, C: Codec<T>>(
    codec: &C,
    attachment: &Attachment,
    item: &T,
) -> Result<Parcel, Refusal> {
    let mut scratch = Vec::new();
    let bytes = codec.encode(item, &mut scratch).map_err(|_| Refusal::Unable(Fault::Codec))?;
    let weighs = !attachment.is_topic && attachment.settings.capacity_bytes.is_some();
    let weight = if weighs { codec.weight(item, bytes) } else { 0 };
    Ok(Parcel { bytes: bytes.to_vec(), weight })
}

/// A put of any number of items.
struct Putting {
    handle: u64,
    parcels: Vec<Parcel>,
    overflow: Overflow,
    done: Batch,
    /// Those of which something has become.
    put: usize,
}

/// What came of it.
struct Ended {
    done: Batch,
    put: usize,
    refusal: Option<Refusal>,
}

impl Ended {
    /// Of one item.
    fn outcome(self) -> Result<Outcome, Refusal> {
        match (self.refusal, self.done) {
            (Some(refusal), _) => Err(refusal),
            (None, Batch { dropped_these: 1, .. }) => Ok(Outcome::DroppedThis),
            (None, Batch { dropped_oldest: 0, .. }) => Ok(Outcome::Placed),
            (None, Batch { dropped_oldest, .. }) => Ok(Outcome::DroppedOldest(dropped_oldest)),
        }
    }

    fn hand_back<T>(
        self,
        mut items: Vec<T>,
        unreadable: Option<Refusal>,
    ) -> Result<Batch, PutManyError<T>> {
        match self.refusal.or(unreadable) {
            None => Ok(self.done),
            Some(refusal) => {
                Err(PutManyError { rest: items.split_off(self.put), refusal, done: self.done })
            }
        }
    }
}

impl Putting {
    /// So many in one step, that others get on.
    const MOST: usize = 64;
    /// So many bytes, unless one alone has more.
    const MOST_BYTES: usize = 1 << 20;

    fn chunk(&self) -> usize {
        let mut bytes = 0;
        let rest = self.parcels[self.put..].iter().take(Self::MOST);
        let fit = rest.take_while(|parcel| {
            bytes += parcel.bytes.len();
            bytes <= Self::MOST_BYTES
        });
        self.put + fit.count().max(1)
    }

    fn end(self, refusal: Option<Refusal>) -> Ended {
        Ended { done: self.done, put: self.put, refusal }
    }
}

impl Operation for Putting {
    type Outcome = Ended;

    fn attempt<'a>(
        &'a mut self,
        engine: &'a dyn Engine,
        standing: Standing,
    ) -> Answered<'a, Step<Ended>> {
        Box::pin(async move {
            let mut refusal = None;
            while self.put < self.parcels.len() && refusal.is_none() {
                let some = &self.parcels[self.put..self.chunk()];
                let put = engine.put(self.handle, some, self.overflow, standing).await?;
                self.put += put.done.placed + put.done.dropped_these;
                self.done.placed += put.done.placed;
                self.done.dropped_oldest += put.done.dropped_oldest;
                self.done.dropped_these += put.done.dropped_these;
                if put.refusal == Some(Refusal::Full) {
                    return Ok(Step::NotNow(put.pause));
                }
                refusal = put.refusal;
            }
            Ok(Step::Done(Ended { done: self.done, put: self.put, refusal }))
        })
    }

    fn give_up(self, tried: bool) -> Ended {
        self.end(Some(if tried { Refusal::Full } else { Refusal::TimedOut }))
    }

    fn fail(self, fault: Fault) -> Ended {
        self.end(Some(fault.into()))
    }

    /// It was placed whole.
    fn undo(_: Ended, _: &Arc<Attachment>) {}
}

/// A reserve.
struct Reserving(u64);

impl Operation for Reserving {
    type Outcome = Result<u64, Refusal>;

    fn attempt<'a>(
        &'a mut self,
        engine: &'a dyn Engine,
        standing: Standing,
    ) -> Answered<'a, Step<Self::Outcome>> {
        engine.reserve(self.0, standing)
    }

    fn give_up(self, tried: bool) -> Self::Outcome {
        Err(if tried { Refusal::Full } else { Refusal::TimedOut })
    }

    fn fail(self, fault: Fault) -> Self::Outcome {
        Err(fault.into())
    }

    fn undo(outcome: Self::Outcome, attachment: &Arc<Attachment>) {
        if let Ok(permit) = outcome {
            attachment.owe(move |engine| engine.release(permit));
        }
    }
}

impl<T, C: Codec<T>> Clone for Producer<T, C> {
    /// Another producer.
    fn clone(&self) -> Self {
        Self {
            handle: Arc::new(Handle::new(self.attachment(), Role::Producer)),
            codec: self.codec.clone(),
            overflow: self.overflow,
            item: PhantomData,
            farewell: self.farewell.clone(),
        }
    }
}

impl<T, C> fmt::Debug for Producer<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("buffer", &self.handle.attachment.address)
            .field("overflow", &self.overflow)
            .finish_non_exhaustive()
    }
}

impl<T: Send + Sync + 'static, C: Codec<T>> Produce<T> for Producer<T, C> {
    type Permit = Permit<T, C>;

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

    fn reserve_within(&self, patience: Patience) -> Result<Permit<T, C>, Refusal> {
        Producer::reserve_within(self, patience)
    }

    fn reserve_async(&self) -> impl Future<Output = Result<Permit<T, C>, Refusal>> + Send {
        Producer::reserve_async(self)
    }

    fn close(&self) {
        // Whoever has to know uses the producer's own form.
        let _ = Producer::close(self);
    }

    fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        Producer::join_within(self, patience)
    }

    fn join_async(&self) -> impl Future<Output = Result<(), JoinError>> + Send {
        Producer::join_async(self)
    }

    /// All zero when the server cannot be asked; whoever has to know uses the producer's own form.
    fn statistics(&self) -> Statistics {
        Producer::statistics(self).unwrap_or_default()
    }
}

//! The producing side.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_contract::{
    Batch, Bytes, Codec, Fault, JoinError, Outcome, Overflow, Patience, Produce, PutError,
    PutManyError, Raw, Refusal, Statistics,
};

use crate::attachment::Attachment;
use crate::call::{self, Attempt, Waited};
use crate::ending;
use crate::participant::Role;
use crate::party::Party;
use crate::permit::Permit;
use crate::turn::{Content, Place, Standing, Turn};
use crate::waiter::{Line, Wish};

/// A producer of a buffer in a file.
///
/// A clone is another producer, with the same policy for a full buffer. Dropping the last one closes nothing: the buffer
/// stays open until somebody [closes](Self::close) it.
pub struct Producer<T = Bytes, C = Raw> {
    pub(crate) party: Arc<Party>,
    pub(crate) codec: C,
    overflow: Overflow,
    item: PhantomData<fn(T) -> T>,
}

/// What came of one attempt to put.
type Put = Result<Outcome, Refusal>;

impl<T, C: Codec<T>> Producer<T, C> {
    pub(crate) fn new(party: Arc<Party>, codec: C) -> Self {
        Self { party, codec, overflow: Overflow::default(), item: PhantomData }
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

    /// Places the item, or does with it what this handle's policy says on full: waits, unless told otherwise (C1,
    /// C5, C9). Returns once the item survives what the buffer's durability says (C3).
    ///
    /// With durability `power`, a put may be refused because its sync failed: with [`Fault::System`], where this producer
    /// synced, or with [`Fault::Poisoned`], where another one did for both. The item comes back with the refusal, but it
    /// had its place: once the buffer is repaired it may be there all the same, and put again be there twice. So it is
    /// with every form of put.
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
        match self.put_encoded(&item, patience) {
            Ok(outcome) => Ok(outcome),
            Err(refusal) => Err(PutError { item, refusal }),
        }
    }

    fn put_encoded(&self, item: &T, patience: Patience) -> Put {
        self.last(self.place(item, patience)?)
    }

    /// Places the item; it is not on the disk yet.
    fn place(&self, item: &T, patience: Patience) -> Put {
        let mut scratch = Vec::new();
        let content = self.content(item, &mut scratch)?;
        let patience = if self.overflow.drops() { Patience::Try } else { patience };
        let mut placing = Placing::default();
        let waited = call::wait(&self.party, content.wish(), patience, |turn, standing| {
            placing.attempt(turn, &content, self.overflow, standing)
        })?;
        match waited {
            Waited::Done(put) => self.fill(&content, placing, put?, patience),
            Waited::TimedOut if patience == Patience::Try => Err(Refusal::Full),
            Waited::TimedOut => Err(Refusal::TimedOut),
        }
    }

    /// Writes a long item that has a place now.
    fn fill(
        &self,
        content: &Content<'_>,
        placing: Placing,
        outcome: Outcome,
        patience: Patience,
    ) -> Put {
        if let Some(place) = placing.place {
            // Without the lock: a producer that is stopped here stops nobody.
            content.write(&self.party.buffer, &place)?;
            match self.party.turn_within(patience) {
                Ok(mut turn) => turn.put_reserved(&place, content)??,
                Err(fault) => {
                    self.party.owe(move |turn| turn.release(&place));
                    return Err(fault.into());
                }
            }
        }
        Ok(outcome)
    }

    /// Makes it last, as the buffer's durability says.
    fn last(&self, outcome: Outcome) -> Put {
        if outcome != Outcome::DroppedThis {
            self.party.commit()?;
        }
        Ok(outcome)
    }

    /// Places the item, waiting for room as a task as this handle's policy says. Dropping the future before it is
    /// ready cancels the put: its item was then placed whole, or not at all (C5).
    pub async fn put_async(&self, item: T) -> Result<Outcome, PutError<T>> {
        match self.put_encoded_async(&item).await {
            Ok(outcome) => Ok(outcome),
            Err(refusal) => Err(PutError { item, refusal }),
        }
    }

    async fn put_encoded_async(&self, item: &T) -> Put {
        let deadline = match self.overflow {
            Overflow::Wait => None,
            Overflow::WaitFor(time) => Instant::now().checked_add(time),
            _ => return self.put_encoded(item, Patience::Try),
        };
        let mut scratch = Vec::new();
        let content = self.content(item, &mut scratch)?;
        let mut placing = Placing::default();
        let waited = call::wait_async(&self.party, content.wish(), deadline, |turn, standing| {
            placing.attempt(turn, &content, self.overflow, standing)
        })
        .await?;
        match waited {
            Waited::Done(put) => {
                let patience = deadline.map_or(Patience::Forever, Patience::Until);
                self.last(self.fill(&content, placing, put?, patience)?)
            }
            Waited::TimedOut => Err(Refusal::TimedOut),
        }
    }

    fn content<'a>(&self, item: &'a T, scratch: &'a mut Vec<u8>) -> Result<Content<'a>, Refusal> {
        let bytes = self.codec.encode(item, scratch).map_err(|_| Refusal::Unable(Fault::Codec))?;
        Content::new(&self.party.buffer, bytes, self.codec.weight(item, bytes))
    }

    /// Places the items in their order, each as [`put`](Self::put) would, as many in one go as there is room for. Stops
    /// at the first that is refused, and hands back the rest (C2, C5). What was placed before a sync that failed is told
    /// as placed, and may be lost: see [`put`](Self::put).
    pub fn put_many(&self, items: impl IntoIterator<Item = T>) -> Result<Batch, PutManyError<T>> {
        self.put_many_within(items, self.overflow.patience())
    }

    /// As [`put_many`](Self::put_many), waiting for room as long as `patience` says.
    pub fn put_many_within(
        &self,
        items: impl IntoIterator<Item = T>,
        patience: Patience,
    ) -> Result<Batch, PutManyError<T>> {
        let mut items: Vec<T> = items.into_iter().collect();
        let mut done = Batch::default();
        let mut put = 0;
        while put < items.len() {
            match self.put_some(&items[put..], patience, &mut done) {
                Ok(more) => put += more,
                Err((more, refusal)) => {
                    let rest = items.split_off(put + more);
                    return Err(PutManyError { rest, refusal, done });
                }
            }
        }
        Ok(done)
    }

    /// Puts the front of these: all for which there is room, at least one. What was placed is on the disk, if that
    /// is promised, in either case.
    fn put_some(
        &self,
        items: &[T],
        patience: Patience,
        done: &mut Batch,
    ) -> Result<usize, (usize, Refusal)> {
        const MOST: usize = 64;
        let first = self.place(&items[0], patience).map_err(|refusal| (0, refusal))?;
        done.add(first);
        // The rest of the batch in one turn, as far as it is short and there is room.
        let rest = if self.overflow.drops() { &[] } else { &items[1..items.len().min(MOST)] };
        let (more, end) = self.put_short(rest, patience, done);
        let put = 1 + more;
        end.and_then(|()| self.party.commit()).map_err(|fault| (put, fault.into()))?;
        Ok(put)
    }

    /// How many of these were placed, and what is wrong if anything is.
    fn put_short(
        &self,
        items: &[T],
        patience: Patience,
        done: &mut Batch,
    ) -> (usize, Result<(), Fault>) {
        // Encoded before the turn: no code of the user's runs while others wait.
        let mut scratch = Vec::new();
        let mut encoded: Vec<(usize, u64)> = Vec::with_capacity(items.len());
        for item in items {
            let mut own = Vec::new();
            let Ok(bytes) = self.codec.encode(item, &mut own) else { break };
            scratch.extend_from_slice(bytes);
            encoded.push((scratch.len(), self.codec.weight(item, bytes)));
        }
        let mut from = 0;
        let contents: Vec<Content<'_>> = encoded
            .into_iter()
            .map_while(|(to, weight)| {
                let bytes = &scratch[std::mem::replace(&mut from, to)..to];
                Content::new(&self.party.buffer, bytes, weight).ok().filter(Content::is_short)
            })
            .collect();
        if contents.is_empty() {
            return (0, Ok(()));
        }
        let mut turn = match self.party.turn_within(patience) {
            Ok(turn) => turn,
            Err(fault) => return (0, Err(fault)),
        };
        let mut put = 0;
        for content in &contents {
            match turn.put(content, Overflow::Refuse, None) {
                Ok(Ok(outcome)) => done.add(outcome),
                // One that is refused is asked for again, by itself, and then waits, or says why.
                Ok(Err(_)) => break,
                Err(fault) => return (put, Err(fault)),
            }
            put += 1;
        }
        (put, Ok(()))
    }

    /// Places the items in their order, waiting for room as a task. Dropping the future before it is ready leaves a
    /// part of them placed, from the front.
    pub async fn put_many_async(
        &self,
        items: impl IntoIterator<Item = T>,
    ) -> Result<Batch, PutManyError<T>> {
        let mut items = items.into_iter();
        let mut done = Batch::default();
        while let Some(item) = items.next() {
            match self.put_async(item).await {
                Ok(outcome) => done.add(outcome),
                Err(PutError { item, refusal }) => {
                    let rest = std::iter::once(item).chain(items).collect();
                    return Err(PutManyError { rest, refusal, done });
                }
            }
        }
        Ok(done)
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
        let waited = call::wait(&self.party, self.permit_wish(), patience, |turn, standing| {
            attempt_reserve(turn, standing)
        })?;
        let place = match waited {
            Waited::Done(place) => place?,
            Waited::TimedOut if patience == Patience::Try => return Err(Refusal::Full),
            Waited::TimedOut => return Err(Refusal::TimedOut),
        };
        Ok(Permit::new(Arc::clone(&self.party), self.codec.clone(), place))
    }

    /// Sets a place aside, waiting for room as a task. Dropping the future loses nothing.
    pub async fn reserve_async(&self) -> Result<Permit<T, C>, Refusal> {
        let deadline = match self.overflow {
            Overflow::Wait => None,
            Overflow::WaitFor(time) => Instant::now().checked_add(time),
            _ => return self.try_reserve(),
        };
        let wish = self.permit_wish();
        let waited = call::wait_async(&self.party, wish, deadline, attempt_reserve).await?;
        match waited {
            Waited::Done(place) => {
                Ok(Permit::new(Arc::clone(&self.party), self.codec.clone(), place?))
            }
            Waited::TimedOut => Err(Refusal::TimedOut),
        }
    }

    fn permit_wish(&self) -> Wish {
        let weight = permit_weight(&self.party.buffer);
        Wish { line: Line::Room, leases: false, weight, blocks: 0 }
    }

    /// Refuses all further puts, of every process, and lets consumers drain what is left (C6). Closing twice is
    /// closing once.
    pub fn close(&self) -> Result<(), Fault> {
        ending::close(&self.party)
    }

    /// Waits until nothing is unfinished (C7).
    pub fn join(&self) -> Result<(), JoinError> {
        self.join_within(Patience::Forever)
    }

    /// Waits until nothing is unfinished, as long as `patience` says (C7).
    pub fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        ending::join_within(&self.party, patience)
    }

    /// Waits, as a task, until nothing is unfinished (C7).
    pub async fn join_async(&self) -> Result<(), JoinError> {
        ending::join_async(&self.party).await
    }

    /// The counts and waits of this moment (C8).
    pub fn statistics(&self) -> Statistics {
        self.party.statistics()
    }
}

/// What a permit weighs, where weight is bounded.
fn permit_weight(buffer: &Attachment) -> u64 {
    u64::from(buffer.settings.capacity_bytes.is_some())
}

fn attempt_reserve(
    turn: &mut Turn<'_>,
    standing: Option<Standing>,
) -> Result<Attempt<Result<Place, Refusal>>, Fault> {
    let weight = permit_weight(turn.buffer);
    Ok(match turn.reserve(None, weight, Overflow::Wait, standing)? {
        Ok((place, _)) => Attempt::Done(Ok(place)),
        Err(Refusal::Full) => Attempt::NotNow,
        Err(refusal) => Attempt::Done(Err(refusal)),
    })
}

/// A put on its way: a long item has its place before it is written.
#[derive(Default)]
struct Placing {
    place: Option<Place>,
}

impl Placing {
    fn attempt(
        &mut self,
        turn: &mut Turn<'_>,
        content: &Content<'_>,
        overflow: Overflow,
        standing: Option<Standing>,
    ) -> Result<Attempt<Put>, Fault> {
        let put = if content.is_short() || overflow == Overflow::DropThis {
            turn.put(content, overflow, standing)?
        } else {
            let reserved = turn.reserve(Some(content), content.weight, overflow, standing)?;
            reserved.map(|(place, outcome)| {
                self.place = Some(place);
                outcome
            })
        };
        Ok(match put {
            Err(Refusal::Full) => Attempt::NotNow,
            put => Attempt::Done(put),
        })
    }
}

impl<T, C: Codec<T>> Clone for Producer<T, C> {
    /// Another producer; where the buffer has no room for one more participant, another handle of the same one.
    fn clone(&self) -> Self {
        let party = match Party::join(&self.party.buffer, Role::Producer) {
            Ok((party, _)) => Arc::new(party),
            Err(_) => Arc::clone(&self.party),
        };
        Self { party, codec: self.codec.clone(), overflow: self.overflow, item: PhantomData }
    }
}

impl<T, C> fmt::Debug for Producer<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("buffer", &self.party.buffer.path)
            .field("number", &self.party.number)
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

    fn reserve_within(&self, patience: Patience) -> Result<Permit<T, C>, Refusal> {
        Producer::reserve_within(self, patience)
    }

    fn reserve_async(&self) -> impl Future<Output = Result<Permit<T, C>, Refusal>> + Send {
        Producer::reserve_async(self)
    }

    fn close(&self) {
        // Whoever has to know uses the buffer's own form.
        let _ = Producer::close(self);
    }

    fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        Producer::join_within(self, patience)
    }

    fn join_async(&self) -> impl Future<Output = Result<(), JoinError>> + Send {
        Producer::join_async(self)
    }

    fn statistics(&self) -> Statistics {
        Producer::statistics(self)
    }
}

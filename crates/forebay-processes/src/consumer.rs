//! The consuming side.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use forebay_contract::{
    Bytes, Codec, CodecError, Consume, DeadLetter, Fault, JoinError, Patience, Raw, Statistics,
    TakeError,
};

use crate::call::{self, Attempt, Waited};
use crate::ending;
use crate::lease::Lease;
use crate::participant::Role;
use crate::party::{IN_FLIGHT, Party};
use crate::turn::{Letter, Loan, Nothing, Standing, Turn};
use crate::waiter::{Line, Wish};

/// A consumer of a buffer in a file.
///
/// A clone is another consumer. Dropping the last one refuses nothing: the buffer stays open until somebody
/// [closes](Self::close) it. What a consumer's process held when it was killed goes back to its positions.
pub struct Consumer<T = Bytes, C = Raw> {
    pub(crate) party: Arc<Party>,
    pub(crate) codec: C,
    /// Items that it found to be unreadable.
    unreadable: Arc<AtomicU64>,
    item: PhantomData<fn() -> T>,
}

impl<T, C: Codec<T>> Consumer<T, C> {
    pub(crate) fn new(party: Arc<Party>, codec: C) -> Self {
        Self { party, codec, unreadable: Arc::default(), item: PhantomData }
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
        loop {
            let loan = self.borrow(true, patience, |loan, _| loan)?;
            if let Some(item) = self.keep_one(loan, patience)? {
                return Ok(item);
            }
        }
    }

    /// Takes the oldest item for good, waiting as a task. Dropping the future loses nothing (C3).
    pub async fn take_async(&self) -> Result<T, TakeError> {
        loop {
            let loan = self.borrow_async(true, |loan, _| loan).await?;
            if let Some(item) = self.keep_one(loan, Patience::Forever)? {
                return Ok(item);
            }
        }
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
            let items = self.keep(self.borrow_many(true, max, patience)?, patience)?;
            if !items.is_empty() {
                return Ok(items);
            }
        }
    }

    /// Takes the oldest items for good, waiting for the first as a task. Dropping the future loses nothing (C3).
    pub async fn take_many_async(&self, max: usize) -> Result<Vec<T>, TakeError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        loop {
            let items = self
                .borrow_async(true, |loan, turn| gather(loan, turn, true, max))
                .await
                .map(|loans| self.keep(loans, Patience::Forever))??;
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
        loop {
            let loan = self.borrow(false, patience, |loan, _| loan)?;
            if let Some(lease) = self.open(loan)? {
                return Ok(lease);
            }
        }
    }

    /// Leases the oldest item, waiting as a task. Dropping the future loses nothing (C3).
    pub async fn lease_async(&self) -> Result<Lease<T, C>, TakeError> {
        loop {
            let loan = self.borrow_async(false, |loan, _| loan).await?;
            if let Some(lease) = self.open(loan)? {
                return Ok(lease);
            }
        }
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
            for loan in self.borrow_many(false, max, patience)? {
                leases.extend(self.open(loan)?);
            }
        }
        Ok(leases)
    }

    /// Leases the items that directly follow this position in the order of puts, at most `max` in one go, if the oldest
    /// that wait now are those. They end where the next one is in other hands, or is no more.
    pub fn try_lease_after(
        &self,
        position: u64,
        max: usize,
    ) -> Result<Vec<Lease<T, C>>, TakeError> {
        let mut leases: Vec<Lease<T, C>> = Vec::new();
        if max == 0 {
            return Ok(leases);
        }
        let mut loans = Vec::new();
        let mut turn = self.party.turn_within(Patience::Try)?;
        while loans.len() < max
            && turn.oldest_position()? == position.checked_add(loans.len() as u64 + 1)
            && let Ok(Ok(loan)) = turn.lend(false, None)
        {
            loans.push(loan);
        }
        drop(turn);
        for loan in loans {
            leases.extend(self.open(loan)?);
        }
        // One that cannot be read leaves a gap, and what comes after it goes back.
        let follow = |(index, lease): &(usize, &Lease<T, C>)| {
            lease.position() == position + *index as u64 + 1
        };
        let count = leases.iter().enumerate().take_while(follow).count();
        leases.truncate(count);
        Ok(leases)
    }

    /// Finishes all of these in one go. Of those that were not held any more, as of expired ones, returns the number.
    pub fn ack_many(&self, leases: impl IntoIterator<Item = Lease<T, C>>) -> Result<usize, Fault> {
        let mut refused = 0;
        let mut leases = leases.into_iter();
        loop {
            let some: Vec<Lease<T, C>> = leases.by_ref().take(64).collect();
            if some.is_empty() {
                return Ok(refused);
            }
            let mut turn = self.party.turn_within(Patience::Forever)?;
            // Items and handles are dropped when the turn is over: no code of the user's runs while others wait.
            let (loans, _rest): (Vec<Loan>, Vec<_>) =
                some.into_iter().map(Lease::into_parts).unzip();
            let ends = loans.iter().try_fold(0, |refused, loan| {
                turn.finish(loan).map(|end| refused + usize::from(end.is_err()))
            });
            drop(turn);
            refused += ends?;
        }
    }

    /// Borrows the oldest item; `gather` may take more in the same turn.
    #[inline]
    fn borrow<R>(
        &self,
        for_good: bool,
        patience: Patience,
        mut gather: impl FnMut(Loan, &mut Turn<'_>) -> R,
    ) -> Result<R, TakeError> {
        let mut last = Nothing::Now(TakeError::Empty);
        let mut begin = None;
        loop {
            let waited = call::wait(&self.party, wish(for_good), patience, |turn, standing| {
                attempt(turn, standing, for_good, &mut gather, &mut last)
            })?;
            return match (waited, last) {
                (Waited::Done(loans), _) => loans,
                (Waited::TimedOut, _) if patience != Patience::Try => Err(TakeError::TimedOut),
                (Waited::TimedOut, Nothing::InFlight)
                    if begin.get_or_insert_with(Instant::now).elapsed() < IN_FLIGHT =>
                {
                    thread::sleep(Duration::from_micros(50));
                    continue;
                }
                (Waited::TimedOut, Nothing::Now(nothing)) => Err(nothing),
                (Waited::TimedOut, _) => Err(TakeError::Empty),
            };
        }
    }

    fn borrow_many(
        &self,
        for_good: bool,
        max: usize,
        patience: Patience,
    ) -> Result<Vec<Loan>, TakeError> {
        self.borrow(for_good, patience, |loan, turn| gather(loan, turn, for_good, max))
    }

    async fn borrow_async<R>(
        &self,
        for_good: bool,
        mut gather: impl FnMut(Loan, &mut Turn<'_>) -> R,
    ) -> Result<R, TakeError> {
        let mut last = Nothing::Now(TakeError::Empty);
        let waited = call::wait_async(&self.party, wish(for_good), None, |turn, standing| {
            attempt(turn, standing, for_good, &mut gather, &mut last)
        })
        .await?;
        match waited {
            Waited::Done(loans) => loans,
            Waited::TimedOut => Err(TakeError::TimedOut),
        }
    }

    /// The item of a loan. One that cannot be read becomes a dead letter.
    fn item_of(&self, loan: &Loan) -> Result<Option<T>, Fault> {
        let decoded = match loan.read(&self.party.buffer)? {
            Some(bytes) => self.codec.decode(bytes),
            None => Err(CodecError("its bytes are not those that were put".to_owned())),
        };
        match decoded {
            Ok(item) => Ok(Some(item)),
            Err(CodecError(reason)) => {
                let (loan, reason) = (*loan, format!("cannot be read: {reason}"));
                let unreadable = Arc::clone(&self.unreadable);
                self.party.owe(move |turn| {
                    // If it was given back meanwhile, somebody else finds out.
                    if turn.reject(&loan, &reason)?.is_ok() {
                        unreadable.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(())
                });
                Ok(None)
            }
        }
    }

    fn open(&self, loan: Loan) -> Result<Option<Lease<T, C>>, Fault> {
        let item = self.item_of(&loan)?;
        Ok(item.map(|item| Lease::new(Arc::clone(&self.party), loan, item)))
    }

    /// Finishes what was taken, and hands it over.
    fn keep_one(&self, loan: Loan, patience: Patience) -> Result<Option<T>, TakeError> {
        let Some(item) = self.item_of(&loan)? else { return Ok(None) };
        self.finish(&[loan], patience).map(|()| Some(item))
    }

    fn keep(&self, loans: Vec<Loan>, patience: Patience) -> Result<Vec<T>, TakeError> {
        let mut items = Vec::with_capacity(loans.len());
        let mut read = Vec::with_capacity(loans.len());
        for loan in loans {
            if let Some(item) = self.item_of(&loan)? {
                items.push(item);
                read.push(loan);
            }
        }
        self.finish(&read, patience).map(|()| items)
    }

    /// Ends takes: from here on the items are this process's. Where there is no turn for that in time, they go back.
    fn finish(&self, loans: &[Loan], patience: Patience) -> Result<(), TakeError> {
        let mut turn = match self.party.turn_within(patience) {
            Ok(turn) => turn,
            Err(fault) => {
                let loans = loans.to_vec();
                self.party
                    .owe(move |turn| loans.iter().try_for_each(|loan| turn.nack(loan).map(drop)));
                return Err(fault.into());
            }
        };
        for loan in loans {
            // Nobody but a repair takes one away; then it is somebody else's.
            if turn.finish(loan)?.is_err() {
                return Err(Fault::Damaged.into());
            }
        }
        Ok(())
    }

    /// Removes the oldest dead letter, which then counts as dropped (C8). One whose bytes cannot be decoded is left for
    /// [`Buffer::dead_letters`](crate::Buffer::dead_letters).
    pub fn take_dead(&self) -> Option<DeadLetter<T>> {
        for letter in Letter::all(&self.party.buffer).ok()? {
            let DeadLetter { item, death, deliveries, failures } = letter.letter.clone();
            let Ok(item) = self.codec.decode(item) else { continue };
            let mut turn = self.party.turn_within(Patience::Forever).ok()?;
            if turn.purge(&letter).ok()? {
                return Some(DeadLetter { item, death, deliveries, failures });
            }
        }
        None
    }

    /// Refuses all further puts, of every process; what is left can still be taken (C6).
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

    /// How many of the items that came to this consumer could not be read: their bytes were not those that were put any
    /// more, or the codec made nothing of them. They are dead letters, and a take or lease goes on to the next item.
    pub fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// Its number among all consumers there ever were, from 0.
    pub fn number(&self) -> u64 {
        self.party.number
    }
}

fn wish(for_good: bool) -> Wish {
    Wish { line: Line::Item, leases: !for_good, weight: 0, blocks: 0 }
}

#[inline]
fn attempt<R>(
    turn: &mut Turn<'_>,
    standing: Option<Standing>,
    for_good: bool,
    gather: &mut impl FnMut(Loan, &mut Turn<'_>) -> R,
    last: &mut Nothing,
) -> Result<Attempt<Result<R, TakeError>>, Fault> {
    match turn.lend(for_good, standing)? {
        Ok(loan) => Ok(Attempt::Done(Ok(gather(loan, turn)))),
        Err(Nothing::Closed) => Ok(Attempt::Done(Err(TakeError::Closed))),
        Err(nothing) => {
            *last = nothing;
            Ok(Attempt::NotNow)
        }
    }
}

/// What else there is, at most so many in all. What is handed over is what was borrowed; what else is wrong, the next
/// call finds.
fn gather(loan: Loan, turn: &mut Turn<'_>, for_good: bool, max: usize) -> Vec<Loan> {
    let mut loans = vec![loan];
    while loans.len() < max
        && let Ok(Ok(loan)) = turn.lend(for_good, None)
    {
        loans.push(loan);
    }
    loans
}

impl<T, C: Codec<T>> Clone for Consumer<T, C> {
    /// Another consumer; where the buffer has no room for one more participant, another handle of the same one.
    fn clone(&self) -> Self {
        let party = match Party::join(&self.party.buffer, Role::Consumer) {
            Ok((party, _)) => Arc::new(party),
            Err(_) => Arc::clone(&self.party),
        };
        Self::new(party, self.codec.clone())
    }
}

impl<T, C> fmt::Debug for Consumer<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("buffer", &self.party.buffer.path)
            .field("number", &self.party.number)
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

    fn statistics(&self) -> Statistics {
        Consumer::statistics(self)
    }
}

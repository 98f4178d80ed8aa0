//! What a buffer needs of an engine: the steps of the contract, each asked for once.
//!
//! An engine answers at once, as far as it can: who waits, and for how long, is the business of [`call`](crate::call),
//! and how items become bytes that of the handles. What an engine cannot know, it need not: one without lines of waiters
//! ignores [`Standing`] and says when to look again, one without wakes lets every waiter look then, and one whose leases
//! die with a connection answers `false` for those. `docs/decisions/0013-one-trait-for-the-engines.md` says what each
//! of the four can give.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use forebay_contract::{Batch, Bytes, Fault, Overflow, Refusal, Statistics, TakeError};
use futures_util::future::join_all;

/// An answer that is on its way.
pub(crate) type Answered<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// What came of an attempt.
#[derive(Debug)]
pub(crate) enum Step<T> {
    /// The end, whatever it is.
    Done(T),
    /// There is nothing yet, or no room. Something may change by the clock after so long; `None` when only a wake tells.
    NotNow(Option<Duration>),
}

/// The caller of an attempt, as one who may wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// The number under which it is woken.
    pub(crate) waiter: u64,
    /// Whether it stands in line if it cannot be served now. It keeps the place that it has already in any case.
    pub(crate) is_patient: bool,
    /// Until when it waits for a connection, if not as long as the engine does.
    pub(crate) until: Option<Instant>,
}

/// Which side a handle is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Producer,
    Consumer,
}

/// An item as an engine carries it.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) bytes: Vec<u8>,
    /// What it weighs; nothing where weight is not bounded.
    #[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "not every engine weighs"))]
    pub(crate) weight: u64,
}

/// What came of a put of several.
#[derive(Debug)]
pub(crate) struct Put {
    /// Those from the front of which something has become.
    pub(crate) done: Batch,
    /// Why no more; [`Refusal::Full`] may be waited for.
    pub(crate) refusal: Option<Refusal>,
    /// As in [`Step::NotNow`].
    pub(crate) pause: Option<Duration>,
}

/// What a lease or take asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    /// The consumer.
    pub(crate) handle: u64,
    /// The most.
    pub(crate) most: usize,
    pub(crate) how: How,
}

/// On what terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// With the duty to answer.
    Lease,
    /// For good, in the same step.
    Take,
    /// For good, unless it turns out that nobody receives it: not bounded by the lease limit, answered by whoever hands
    /// it over.
    Hold,
}

/// An item that was lent, or taken.
#[derive(Debug)]
pub(crate) struct Loan {
    /// The lease's own name, by which it is answered. One that was taken has none: 0.
    pub(crate) token: u64,
    /// Its place in the order of puts, where the engine knows one.
    pub(crate) position: u64,
    /// This lease included.
    pub(crate) deliveries: u32,
    pub(crate) failures: u32,
    pub(crate) bytes: Bytes,
}

/// How a lease ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Ack,
    Nack,
    Fail,
    Reject,
    /// It never came to its consumer: not a delivery.
    Undo,
}

/// An item that is only looked at.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The name after which one goes on to look.
    pub(crate) id: String,
    pub(crate) position: u64,
    pub(crate) bytes: Bytes,
}

/// A dead letter as an engine carries it.
#[derive(Debug, Clone)]
pub(crate) struct Buried {
    /// The name by which it is purged or retried.
    pub(crate) id: String,
    pub(crate) letter: forebay_contract::DeadLetter<Bytes>,
}

/// One connection to one buffer. Leases and permits that are out are kept alive by the engine, as long as it needs that,
/// until they are answered.
pub(crate) trait Engine: Send + Sync + 'static {
    /// Puts items, in their order, up to the first for which there is no room (C1, C2, C9).
    fn put<'a>(
        &'a self,
        handle: u64,
        items: &'a [Parcel],
        overflow: Overflow,
        standing: Standing,
    ) -> Answered<'a, Put>;

    /// Sets a place aside: its number (C5).
    fn reserve(&self, handle: u64, standing: Standing) -> Answered<'_, Step<Result<u64, Refusal>>>;

    /// Sets places aside, at least one and at most so many: their numbers.
    fn reserve_many(
        &self,
        handle: u64,
        most: usize,
        standing: Standing,
    ) -> Answered<'_, Step<Result<Vec<u64>, Refusal>>> {
        Box::pin(async move {
            let first = match self.reserve(handle, standing).await? {
                Step::Done(Ok(permit)) => permit,
                Step::Done(Err(refusal)) => return Ok(Step::Done(Err(refusal))),
                Step::NotNow(pause) => return Ok(Step::NotNow(pause)),
            };
            let beyond = Standing { is_patient: false, ..standing };
            let more = join_all((1..most).map(|_| self.reserve(handle, beyond))).await;
            let more = more.into_iter().filter_map(|answer| match answer {
                Ok(Step::Done(permit)) => permit.ok(),
                _ => None,
            });
            Ok(Step::Done(Ok([first].into_iter().chain(more).collect())))
        })
    }

    /// Puts into a place set aside, which is used up in any case.
    fn put_permitted<'a>(
        &'a self,
        permit: u64,
        item: &'a Parcel,
    ) -> Answered<'a, Result<(), Refusal>>;

    /// Puts into as many places set aside, in this order, up to the first that is refused. All are used up in any case.
    fn put_many_permitted<'a>(
        &'a self,
        permits: &'a [u64],
        items: &'a [Parcel],
    ) -> Answered<'a, Result<(), Refusal>> {
        Box::pin(async move {
            let mut put = Ok(());
            for (permit, item) in permits.iter().zip(items) {
                if put.is_ok() {
                    put = self.put_permitted(*permit, item).await?;
                } else {
                    self.release(*permit).await?;
                }
            }
            Ok(put)
        })
    }

    /// Gives a place back.
    fn release(&self, permit: u64) -> Answered<'_, ()>;

    /// Gives places back.
    fn release_many<'a>(&'a self, permits: &'a [u64]) -> Answered<'a, ()> {
        Box::pin(async move {
            let released = join_all(permits.iter().map(|permit| self.release(*permit))).await;
            released.into_iter().collect()
        })
    }

    /// Lends the oldest items, at least one (C2, C4). An error says why there is none now, [`TakeError::Closed`] that
    /// there will be none.
    fn lend(&self, wish: Wish, standing: Standing) -> Answered<'_, Lent>;

    /// Ends leases: for each, whether it was still held (C4).
    fn answer<'a>(
        &'a self,
        answer: Answer,
        reason: &'a str,
        tokens: &'a [u64],
    ) -> Answered<'a, Vec<bool>>;

    /// What was lent under these tokens came to nobody, which an [`answer`](Self::answer) is about to tell. An engine that
    /// decides here gives it back before it decides on anything else.
    fn disown(&self, _tokens: &[u64]) {}

    /// Makes a dead letter of what was taken already, and cannot be read.
    fn entomb<'a>(&'a self, taken: &'a Loan, reason: &'a str) -> Answered<'a, ()>;

    /// Moves a lease's deadline, if it has one; whether it was still held.
    fn extend(&self, token: u64, duration: Duration) -> Answered<'_, bool>;

    /// Leaves the line in which it stands, if any; whoever is next is called.
    fn leave(&self, waiter: u64) -> Answered<'_, ()>;

    /// A handle was made.
    fn enroll(&self, handle: u64, role: Role) -> Answered<'_, ()>;

    /// A handle was dropped.
    fn depart(&self, handle: u64, role: Role) -> Answered<'_, ()>;

    /// Refuses all further puts (C6).
    fn close(&self) -> Answered<'_, ()>;

    /// Whether nothing is unfinished (C7), or was so at some moment since `begun`. Otherwise the state of things to hand
    /// in as `begun` the next time.
    fn join(&self, begun: Option<u64>, standing: Standing) -> Answered<'_, Joined>;

    /// The counts of this moment (C8).
    fn statistics(&self) -> Answered<'_, Statistics>;

    /// What waits or is leased, in the order of puts, after the one of this name, at most so many. `None` where the engine
    /// lets nobody look.
    fn items<'a>(&'a self, after: Option<&'a str>, most: usize) -> Answered<'a, Option<Vec<Seen>>> {
        let _ = (after, most);
        Box::pin(async { Ok(None) })
    }

    /// Dead letters, oldest first, after this one, at most so many.
    fn letters<'a>(&'a self, after: Option<&'a str>, most: usize) -> Answered<'a, Vec<Buried>>;

    /// Drops a dead letter for good; whether it was there.
    fn purge<'a>(&'a self, id: &'a str) -> Answered<'a, bool>;

    /// Makes an item of a dead letter again; whether it was there.
    fn retry<'a>(&'a self, id: &'a str) -> Answered<'a, bool>;

    /// Whether a loan tells its place in the order of puts.
    fn knows_positions(&self) -> bool {
        true
    }

    /// Brings to the others what was counted here, where that is done now and then only.
    fn flush(&self) -> Answered<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    /// The groups of the topic, in the order of their names; none where this is a buffer by itself.
    fn groups(&self, until: Option<Instant>) -> Answered<'_, Vec<String>> {
        let _ = until;
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Deletes the buffer with all that is in it.
    fn delete(&self) -> Answered<'_, ()>;
}

/// What came of a wish.
#[derive(Debug)]
pub(crate) struct Lent {
    pub(crate) loans: Result<Vec<Loan>, TakeError>,
    /// As in [`Step::NotNow`].
    pub(crate) pause: Option<Duration>,
}

/// What came of a look whether everything is finished.
#[derive(Debug)]
pub(crate) enum Joined {
    Idle,
    Busy { begun: u64, pause: Option<Duration> },
}

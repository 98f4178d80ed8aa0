//! Refusals. A refused put hands its item back (C5, C6, C11).

use std::{error, fmt};

use crate::{Batch, Fault};

/// Why a put did not place its item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// `capacity` items wait, or the next place belongs to a producer that waits (C1, C10).
    Full,
    /// No room came before the deadline (C5).
    TimedOut,
    /// The buffer is closed (C6).
    Closed,
    /// Every consumer is gone: nobody could ever take the item (C6).
    Abandoned,
    /// The item weighs more than the whole buffer may hold: it would wait for ever (C1).
    TooHeavy,
    /// The buffer cannot be used; only one outside this process meets this.
    Unable(Fault),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the buffer is full",
            Self::TimedOut => "the buffer stayed full until the deadline",
            Self::Closed => "the buffer is closed",
            Self::Abandoned => "the buffer has no consumer left",
            Self::TooHeavy => "the item is heavier than the buffer may hold",
            Self::Unable(fault) => return fault.fmt(f),
        })
    }
}

impl error::Error for Refusal {}

/// A refused put: the reason, and the item, untouched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PutError<T> {
    /// The item that was not placed.
    pub item: T,
    /// Why not.
    pub refusal: Refusal,
}

impl<T> PutError<T> {
    /// The item back.
    pub fn into_item(self) -> T {
        self.item
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutError").field("refusal", &self.refusal).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not put: {}", self.refusal)
    }
}

impl<T> error::Error for PutError<T> {}

/// A put of many items that stopped before the end: the reason, what was done until then, and the
/// items that were not placed, in their order.
#[derive(Clone, PartialEq, Eq)]
pub struct PutManyError<T> {
    /// The items from the first refused one on.
    pub rest: Vec<T>,
    /// Why not.
    pub refusal: Refusal,
    /// What became of those before.
    pub done: Batch,
}

impl<T> fmt::Debug for PutManyError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutManyError")
            .field("rest", &self.rest.len())
            .field("refusal", &self.refusal)
            .field("done", &self.done)
            .finish()
    }
}

impl<T> fmt::Display for PutManyError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the last {} not put: {}", self.rest.len(), self.refusal)
    }
}

impl<T> error::Error for PutManyError<T> {}

/// Why a take or a lease brought no item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TakeError {
    /// Nothing waits, or what waits belongs to a consumer that waited for it (C10).
    Empty,
    /// `max_leased` items are out on lease already (C1); only a lease meets this.
    LeaseLimit,
    /// Nothing came before the deadline (C5).
    TimedOut,
    /// The buffer is closed and drained: nothing can come any more (C6).
    Closed,
    /// The buffer cannot be used; only one outside this process meets this.
    Unable(Fault),
}

impl fmt::Display for TakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the buffer is empty",
            Self::LeaseLimit => "as many items are leased as the buffer allows",
            Self::TimedOut => "nothing came before the deadline",
            Self::Closed => "the buffer is closed and drained",
            Self::Unable(fault) => return fault.fmt(f),
        })
    }
}

impl error::Error for TakeError {}

/// Why an answer to a lease was refused (C4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LeaseError {
    /// The lease's deadline had passed; the item is somebody else's now.
    Expired,
    /// The item is not held by this lease any more: it was given back by somebody who repaired the
    /// buffer, or the lease was answered before.
    NotHeld,
    /// The buffer cannot be used, and the lease was not answered; only one outside this process meets
    /// this.
    Unable(Fault),
}

impl fmt::Display for LeaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "the lease has expired, and its item went back to the buffer",
            Self::NotHeld => "the item is not held by this lease any more",
            Self::Unable(fault) => return fault.fmt(f),
        })
    }
}

impl error::Error for LeaseError {}

/// Why a join did not see the end (C7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JoinError {
    /// Something was still unfinished at the deadline.
    TimedOut,
    /// The buffer cannot be used; only one outside this process meets this.
    Unable(Fault),
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "items were still unfinished at the deadline",
            Self::Unable(fault) => return fault.fmt(f),
        })
    }
}

impl error::Error for JoinError {}

macro_rules! unable {
    ($($error:ident)*) => {
        $(impl From<Fault> for $error {
            fn from(fault: Fault) -> Self {
                Self::Unable(fault)
            }
        })*
    };
}

unable! { Refusal TakeError LeaseError JoinError }

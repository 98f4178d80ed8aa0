//! The side that puts.

#[cfg(feature = "machines")]
use forebay::machines;
use forebay::processes::{self, Bytes, Raw};
use forebay::{Batch, Outcome, Overflow, Patience, PutError, PutManyError};

use super::either;

/// A producer of items that are bytes.
#[derive(Debug)]
pub(crate) enum Producer {
    File(processes::Producer<Bytes, Raw>),
    #[cfg(feature = "machines")]
    Server(machines::Producer<Bytes, Raw>),
}

impl Producer {
    pub(crate) fn with_overflow(self, overflow: Overflow) -> Self {
        match self {
            Self::File(it) => Self::File(it.with_overflow(overflow)),
            #[cfg(feature = "machines")]
            Self::Server(it) => Self::Server(it.with_overflow(overflow)),
        }
    }

    pub(crate) fn overflow(&self) -> Overflow {
        either!(Self, self, it => it.overflow())
    }

    pub(crate) fn put(&self, item: Bytes) -> Result<Outcome, PutError<Bytes>> {
        either!(Self, self, it => it.put(item))
    }

    pub(crate) fn try_put(&self, item: Bytes) -> Result<Outcome, PutError<Bytes>> {
        either!(Self, self, it => it.try_put(item))
    }

    pub(crate) async fn put_async(&self, item: Bytes) -> Result<Outcome, PutError<Bytes>> {
        either!(Self, self, it => it.put_async(item).await)
    }

    pub(crate) fn put_many_within(
        &self,
        items: Vec<Bytes>,
        patience: Patience,
    ) -> Result<Batch, PutManyError<Bytes>> {
        either!(Self, self, it => it.put_many_within(items, patience))
    }
}

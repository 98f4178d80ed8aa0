//! The side that takes and leases.

use std::iter;
use std::time::Duration;

#[cfg(feature = "machines")]
use forebay::machines;
use forebay::processes::{self, Bytes, Raw};
use forebay::{Fault, LeaseError, Patience, TakeError};

use super::either;

/// A consumer of items that are bytes.
#[derive(Debug)]
pub(crate) enum Consumer {
    File(processes::Consumer<Bytes, Raw>),
    #[cfg(feature = "machines")]
    Server(machines::Consumer<Bytes, Raw>),
}

/// A leased item. Dropped without an answer, it goes back.
#[derive(Debug)]
pub(crate) enum Lease {
    File(processes::Lease<Bytes, Raw>),
    #[cfg(feature = "machines")]
    Server(machines::Lease<Bytes, Raw>),
}

impl Consumer {
    pub(crate) fn take_many_within(
        &self,
        max: usize,
        patience: Patience,
    ) -> Result<Vec<Bytes>, TakeError> {
        either!(Self, self, it => it.take_many_within(max, patience))
    }

    pub(crate) fn try_lease(&self) -> Result<Lease, TakeError> {
        match self {
            Self::File(it) => it.try_lease().map(Lease::File),
            #[cfg(feature = "machines")]
            Self::Server(it) => it.try_lease().map(Lease::Server),
        }
    }

    pub(crate) fn lease_within(&self, patience: Patience) -> Result<Lease, TakeError> {
        match self {
            Self::File(it) => it.lease_within(patience).map(Lease::File),
            #[cfg(feature = "machines")]
            Self::Server(it) => it.lease_within(patience).map(Lease::Server),
        }
    }

    pub(crate) async fn lease_async(&self) -> Result<Lease, TakeError> {
        match self {
            Self::File(it) => it.lease_async().await.map(Lease::File),
            #[cfg(feature = "machines")]
            Self::Server(it) => it.lease_async().await.map(Lease::Server),
        }
    }

    /// Leases what there is now without waiting, and makes groups of it, beginning with this: each of at most so many, in
    /// the order of puts; as many groups as are wanted, and fewer if there is no more. What is wrong with the rest the next
    /// call finds.
    pub(crate) fn groups(&self, first: Lease, wanted: usize, most: usize) -> Vec<Vec<Lease>> {
        let rest = wanted.saturating_mul(most) - 1;
        if most == 1 {
            let rest = self.lease_many(rest);
            return iter::once(first).chain(rest).map(|lease| vec![lease]).collect();
        }
        match self {
            Self::File(it) => {
                let group = |first: Lease| {
                    let rest = it.try_lease_after(first.position(), most - 1).unwrap_or_default();
                    iter::once(first).chain(rest.into_iter().map(Lease::File)).collect()
                };
                let mut groups = vec![group(first)];
                while groups.len() < wanted
                    && let Ok(first) = self.try_lease()
                {
                    groups.push(group(first));
                }
                groups
            }
            // No server is asked for what follows: whoever gets a group parts it where something is missing in between.
            #[cfg(feature = "machines")]
            Self::Server(_) => {
                let mut leases = iter::once(first).chain(self.lease_many(rest)).peekable();
                let mut groups = Vec::new();
                while leases.peek().is_some() {
                    groups.push(leases.by_ref().take(most).collect());
                }
                groups
            }
        }
    }

    /// Leases what there is now without waiting, at most so many. What is wrong where there is nothing the next call finds.
    pub(crate) fn lease_many(&self, max: usize) -> Vec<Lease> {
        match self {
            Self::File(it) => {
                let leases = it.lease_many_within(max, Patience::Try).unwrap_or_default();
                leases.into_iter().map(Lease::File).collect()
            }
            #[cfg(feature = "machines")]
            Self::Server(it) => {
                let leases = it.lease_many_within(max, Patience::Try).unwrap_or_default();
                leases.into_iter().map(Lease::Server).collect()
            }
        }
    }

    /// Finishes all of these. Of those that were not held any more returns the number.
    pub(crate) fn ack_many(&self, leases: Vec<Lease>) -> Result<usize, Fault> {
        match self {
            Self::File(it) => it.ack_many(leases.into_iter().filter_map(|lease| match lease {
                Lease::File(lease) => Some(lease),
                #[cfg(feature = "machines")]
                Lease::Server(_) => None,
            })),
            #[cfg(feature = "machines")]
            Self::Server(it) => it.ack_many(leases.into_iter().filter_map(|lease| match lease {
                Lease::Server(lease) => Some(lease),
                Lease::File(_) => None,
            })),
        }
    }

    /// How many of the items that came to this consumer could not be read.
    pub(crate) fn unreadable(&self) -> u64 {
        either!(Self, self, it => it.unreadable())
    }
}

impl Lease {
    /// The item.
    pub(crate) fn bytes(&self) -> &[u8] {
        either!(Self, self, it => it)
    }

    /// From 0; of no use where the buffer [knows none](super::Buffer::knows_positions).
    pub(crate) fn position(&self) -> u64 {
        either!(Self, self, it => it.position())
    }

    pub(crate) fn deliveries(&self) -> u32 {
        either!(Self, self, it => it.deliveries())
    }

    pub(crate) fn failures(&self) -> u32 {
        either!(Self, self, it => it.failures())
    }

    pub(crate) fn ack(self) -> Result<(), LeaseError> {
        either!(Self, self, it => it.ack().map(drop))
    }

    pub(crate) fn fail(self, reason: &str) -> Result<(), LeaseError> {
        either!(Self, self, it => it.fail(reason))
    }

    pub(crate) fn reject(self, reason: &str) -> Result<(), LeaseError> {
        either!(Self, self, it => it.reject(reason))
    }

    pub(crate) fn extend(&mut self, time: Duration) -> Result<(), LeaseError> {
        either!(Self, self, it => it.extend(time))
    }
}

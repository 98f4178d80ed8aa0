//! Items set aside for good, with the reason.

use std::fmt;

/// Why an item became a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Death {
    /// It failed as often as the buffer allows; this is the last failure's reason.
    Failures(String),
    /// It was leased as often as the buffer allows and never finished.
    Deliveries,
    /// A consumer rejected it for good, for this reason.
    Rejected(String),
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failures(reason) => write!(f, "failed too often, last because: {reason}"),
            Self::Deliveries => f.write_str("delivered too often without an ack"),
            Self::Rejected(reason) => write!(f, "rejected: {reason}"),
        }
    }
}

/// An item past its failure or delivery limit, or rejected for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter<T> {
    /// The item itself.
    pub item: T,
    /// Why it was set aside.
    pub death: Death,
    /// How often it was leased.
    pub deliveries: u32,
    /// How many of its leases ended by [`fail`](crate::Leased::fail).
    pub failures: u32,
}

//! What a buffer tells about itself, readable while it runs.

use std::time::Duration;

/// The counts and waits of a buffer at one moment (C8).
///
/// Whenever nothing moves, `produced == finished + waiting + leased + dead + dropped`, exactly. While
/// it runs, the fields are read one after another and may be apart by what moved in between.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Statistics {
    /// The buffer's name, as its builder was told.
    pub name: Option<String>,
    /// The most items that may wait; `None` when unbounded.
    pub capacity: Option<usize>,
    /// The greatest weight that may wait; `None` when items are not weighed.
    pub weight_capacity: Option<u64>,
    /// Weight waiting now; 0 when items are not weighed.
    pub weight: u64,
    /// Puts that returned Ok.
    pub produced: u64,
    /// Items taken, and leases acked.
    pub finished: u64,
    /// Items waiting now: the depth.
    pub waiting: u64,
    /// Items out on lease now.
    pub leased: u64,
    /// Dead letters kept now.
    pub dead: u64,
    /// Places set aside by permits now.
    pub reserved: u64,
    /// Items dropped: on full as a producer chose, purged dead letters, and what was left when the
    /// last consumer went.
    pub dropped: u64,
    /// The greatest depth seen.
    pub high_water: u64,
    /// Whether puts are refused for good.
    pub closed: bool,
    /// Producer handles alive.
    pub producers: usize,
    /// Consumer handles alive.
    pub consumers: usize,
    /// Puts waiting now.
    pub producers_waiting: usize,
    /// Takes and leases waiting now.
    pub consumers_waiting: usize,
    /// Time that puts spent waiting on a full buffer, summed over producers.
    pub producer_wait: Duration,
    /// Time that takes and leases spent waiting on an empty buffer, summed over consumers.
    pub consumer_wait: Duration,
    /// What each living consumer handle took, in the order the handles were made.
    pub shares: Vec<Share>,
    /// What consumer handles took that have been dropped since.
    pub departed: u64,
}

impl Statistics {
    /// What is not finished yet: waiting + leased.
    pub fn unfinished(&self) -> u64 {
        self.waiting + self.leased
    }
}

/// One consumer handle's part of the load.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Share {
    /// The handle's number, from 0, in the order the handles were made.
    pub consumer: u64,
    /// Items it took or leased, redelivered ones each time.
    pub items: u64,
    /// Time it spent waiting on an empty buffer.
    pub waited: Duration,
}

//! How the suite gets a buffer to test: a factory, after the pattern of that name (E. Gamma and
//! others, *Design Patterns*, 1994).

use std::time::Duration;

use forebay_contract::{Consume, Produce};

use crate::Item;

/// What a check asks of the buffer it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The most items that may wait; 0 must be refused (C1, C11).
    pub capacity: usize,
    /// The greatest weight that may wait; `None` is a buffer that does not weigh its items (C1).
    pub weight_capacity: Option<u64>,
    /// The most items out on lease; `None` is the buffer's default (C1).
    pub max_leased: Option<usize>,
    /// Failures that make a dead letter; `None` is no limit.
    pub max_failures: Option<u32>,
    /// Leases without an ack that make a dead letter; `None` is no limit.
    pub max_deliveries: Option<u32>,
    /// How long a lease lasts before it expires; `None` is for ever.
    pub lease_time: Option<Duration>,
}

impl Settings {
    /// This capacity, and the buffer's defaults for the rest.
    pub const fn new(capacity: usize) -> Self {
        Self {
            capacity,
            weight_capacity: None,
            max_leased: None,
            max_failures: None,
            max_deliveries: None,
            lease_time: None,
        }
    }

    /// With this bound on what the waiting items weigh together.
    #[must_use]
    pub const fn weight_capacity(mut self, limit: u64) -> Self {
        self.weight_capacity = Some(limit);
        self
    }

    /// With this lease limit.
    #[must_use]
    pub const fn max_leased(mut self, limit: usize) -> Self {
        self.max_leased = Some(limit);
        self
    }

    /// With this failure limit.
    #[must_use]
    pub const fn max_failures(mut self, limit: u32) -> Self {
        self.max_failures = Some(limit);
        self
    }

    /// With this delivery limit.
    #[must_use]
    pub const fn max_deliveries(mut self, limit: u32) -> Self {
        self.max_deliveries = Some(limit);
        self
    }

    /// With leases that last so long.
    #[must_use]
    pub const fn lease_time(mut self, time: Duration) -> Self {
        self.lease_time = Some(time);
        self
    }
}

/// Makes buffers of one kind. Cheap to clone: each check gets its own.
pub trait Factory: Clone + Send + 'static {
    /// What its buffers carry here.
    type Item: Item;
    /// The producing handle.
    type Producer: Produce<Self::Item>;
    /// The consuming handle.
    type Consumer: Consume<Self::Item>;

    /// Whether a buffer stays open until someone closes it, whatever handles are dropped; otherwise the
    /// last producer's going closes it, and the last consumer's refuses further puts (C6).
    const STAYS_OPEN: bool = false;

    /// Whether a wake comes from elsewhere, a moment after the call that caused it has returned (C5).
    const WAKES_TRAVEL: bool = false;

    /// Whether a poll only sends what is asked for, and the answer comes from elsewhere: a task is then woken
    /// by its first answer, whether it is ready or has to wait, and looked at only after that (C5).
    /// Such a call may be served before it is polled again, and what it was served with comes back when it is
    /// dropped, a moment later.
    const ANSWERS_TRAVEL: bool = false;

    /// Whether items are bytes while the buffer has them: a put encodes the item and lets go of it, and a
    /// take decodes another instance.
    const ITEMS_ARE_BYTES: bool = false;

    /// Whether its buffers can bound weight; otherwise checks of other things leave it out, and the checks of weight
    /// itself are among the [weaker](Factory::WEAKER) ones.
    const BOUNDS_WEIGHT: bool = true;

    /// How much is done of what a check does many times over, in hundredths. Less makes it quicker where
    /// each call costs more, and never leaves a check out.
    const EFFORT: u64 = 100;

    /// The checks of promises that these buffers keep more weakly, by name, each with why. They are told and not run: what
    /// is kept instead is for the buffer's own tests, and for its docs.
    const WEAKER: &'static [(&'static str, &'static str)] = &[];

    /// A new, empty buffer, or why these settings make none (C11). When a weight capacity is given,
    /// the buffer weighs each item with [`Item::weight`].
    fn build(&self, settings: &Settings) -> Result<(Self::Producer, Self::Consumer), String>;

    /// So many times, as far as the [effort](Factory::EFFORT) goes; at least 3.
    fn scaled(times: u64) -> u64 {
        (times * Self::EFFORT).div_ceil(100).max(3)
    }

    /// The instances that exist while the buffer has so many items.
    fn kept(items: i64) -> i64 {
        if Self::ITEMS_ARE_BYTES { 0 } else { items }
    }
}

/// Makes handles that can be killed, each in a process of its own (C3, C7).
pub trait Mortal: Factory {
    /// Kills the process in which this producer lives, whatever it is doing. When this returns, it does
    /// nothing more; its calls are refused as [`Unable`](forebay_contract::Refusal::Unable), those that
    /// wait too.
    fn kill_producer(producer: &Self::Producer);

    /// Kills the process in which this consumer lives, with the leases that it holds.
    fn kill_consumer(consumer: &Self::Consumer);
}

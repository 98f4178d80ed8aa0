//! The sequential reference model: the oracle of every test.
//!
//! A concurrent object is right when each of its histories can be explained by a sequential one
//! (M. Herlihy and J. Wing, *Linearizability*, 1990). This is that sequential object: an ordered
//! map of what waits, one of what is leased, and counters. Nothing in it waits, wakes or reads a
//! clock: where a buffer would make its caller wait, the model refuses, and a lease expires when
//! [`expire`](Model::expire) says so. Fairness (C10) has no meaning without waiters, so a `try` in
//! the model is refused for one reason only, that there is no room or no item.

use std::collections::{BTreeMap, VecDeque};

use crate::{DeadLetter, Statistics, TakeError};

mod admission;
mod lending;
mod permit;
#[cfg(test)]
mod tests;

use admission::Bounds;
use lending::Held;

pub use lending::Token;
pub use permit::Permit;

#[derive(Debug, Clone)]
struct Entry<T> {
    item: T,
    weight: u64,
    deliveries: u32,
    failures: u32,
}

/// A bounded buffer without concurrency.
///
/// Consumers are told apart by a number of the caller's choice, for the one rule that needs it: a
/// consumer's own lease does not keep it from hearing `Closed` (C6).
#[derive(Debug, Clone)]
pub struct Model<T> {
    bounds: Bounds<T>,
    max_leased: usize,
    max_failures: Option<u32>,
    max_deliveries: Option<u32>,
    waiting: BTreeMap<u64, Entry<T>>,
    leased: BTreeMap<u64, Held<T>>,
    dead: VecDeque<DeadLetter<T>>,
    /// Places and weight set aside by permits.
    reserved: usize,
    reserved_weight: u64,
    /// The position of the next item placed; a dropped one has none.
    next_position: u64,
    produced: u64,
    finished: u64,
    dropped: u64,
    high_water: u64,
    closed: bool,
    abandoned: bool,
}

impl<T> Model<T> {
    /// The lease limit of a buffer that was not told one: its capacity, and at least 64 (C1).
    pub const fn default_max_leased(capacity: usize) -> usize {
        if capacity < 64 { 64 } else { capacity }
    }

    /// An empty buffer with the default lease limit, and no limit on weight, failures and
    /// deliveries.
    ///
    /// # Panics
    ///
    /// When `capacity` is 0: there is no such buffer (C1).
    pub fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "capacity is at least 1");
        Self {
            bounds: Bounds { capacity, weight_capacity: None, weigh: |_| 0 },
            max_leased: Self::default_max_leased(capacity),
            max_failures: None,
            max_deliveries: None,
            waiting: BTreeMap::new(),
            leased: BTreeMap::new(),
            dead: VecDeque::new(),
            reserved: 0,
            reserved_weight: 0,
            next_position: 0,
            produced: 0,
            finished: 0,
            dropped: 0,
            high_water: 0,
            closed: false,
            abandoned: false,
        }
    }

    /// Weighs each item, and limits what the waiting ones may weigh together (C1).
    #[must_use]
    pub fn with_weight_capacity(mut self, limit: u64, weigh: fn(&T) -> u64) -> Self {
        self.bounds.weight_capacity = Some(limit);
        self.bounds.weigh = weigh;
        self
    }

    /// Limits how many items may be out on lease (C1).
    #[must_use]
    pub fn with_max_leased(mut self, limit: usize) -> Self {
        self.max_leased = limit;
        self
    }

    /// Makes an item a dead letter at so many failures.
    #[must_use]
    pub fn with_max_failures(mut self, limit: u32) -> Self {
        self.max_failures = Some(limit);
        self
    }

    /// Makes an item a dead letter when so many leases ended without an ack.
    #[must_use]
    pub fn with_max_deliveries(mut self, limit: u32) -> Self {
        self.max_deliveries = Some(limit);
        self
    }

    /// Takes the oldest item for good (C2).
    pub fn take(&mut self, consumer: u64) -> Result<T, TakeError> {
        match self.waiting.pop_first() {
            Some((_, entry)) => {
                self.finished += 1;
                Ok(entry.item)
            }
            None => Err(self.nothing_for(consumer)),
        }
    }

    /// Takes the oldest items for good, at most `max`, in order (C2); refused only when some were
    /// asked for and there are none.
    pub fn take_many(&mut self, consumer: u64, max: usize) -> Result<Vec<T>, TakeError> {
        let mut items = Vec::new();
        while items.len() < max {
            match self.take(consumer) {
                Ok(item) => items.push(item),
                Err(nothing) if items.is_empty() => return Err(nothing),
                Err(_) => break,
            }
        }
        Ok(items)
    }

    /// Removes the oldest dead letter, which then counts as dropped (C8).
    pub fn take_dead(&mut self) -> Option<DeadLetter<T>> {
        let letter = self.dead.pop_front()?;
        self.dropped += 1;
        Some(letter)
    }

    /// Refuses all further puts (C6).
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// The last consumer went: further puts are refused, and what waits is dropped (C6, C8).
    pub fn abandon(&mut self) {
        self.abandoned = true;
        self.dropped += self.waiting.len() as u64;
        self.waiting.clear();
    }

    /// Whether puts are refused for good.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether this consumer's take is answered with `Closed`: closed, nothing waits, and no other
    /// consumer holds a lease that could bring an item back (C6).
    pub fn is_drained_for(&self, consumer: u64) -> bool {
        self.closed
            && self.waiting.is_empty()
            && self.leased.values().all(|held| held.consumer == consumer)
    }

    /// Whether a join returns now: nothing is unfinished (C7).
    pub fn is_joined(&self) -> bool {
        self.waiting.is_empty() && self.leased.is_empty()
    }

    /// The unfinished items in the order of their positions; true for those out on lease.
    pub fn unfinished(&self) -> impl Iterator<Item = (&T, bool)> {
        let mut all: Vec<(u64, &T, bool)> = self
            .waiting
            .iter()
            .map(|(position, entry)| (*position, &entry.item, false))
            .chain(self.leased.iter().map(|(position, held)| (*position, &held.entry.item, true)))
            .collect();
        all.sort_unstable_by_key(|(position, _, _)| *position);
        all.into_iter().map(|(_, item, leased)| (item, leased))
    }

    /// The counts; waits, handles and shares stay at zero, since the model has none.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            capacity: Some(self.bounds.capacity),
            weight_capacity: self.bounds.weight_capacity,
            weight: self.waiting_weight(),
            produced: self.produced,
            finished: self.finished,
            waiting: self.waiting.len() as u64,
            leased: self.leased.len() as u64,
            dead: self.dead.len() as u64,
            reserved: self.reserved as u64,
            dropped: self.dropped,
            high_water: self.high_water,
            closed: self.closed,
            ..Statistics::default()
        }
    }

    fn nothing_for(&self, consumer: u64) -> TakeError {
        if self.is_drained_for(consumer) { TakeError::Closed } else { TakeError::Empty }
    }

    fn see_depth(&mut self) {
        self.high_water = self.high_water.max(self.waiting.len() as u64);
    }
}

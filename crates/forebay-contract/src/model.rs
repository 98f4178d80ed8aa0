//! The sequential reference model: the oracle of every test.
//!
//! A concurrent object is right when each of its histories can be explained by a sequential one
//! (M. Herlihy and J. Wing, *Linearizability*, 1990). This is that sequential object: an ordered
//! map of what waits, one of what is leased, and counters. Nothing in it waits, wakes or reads a
//! clock: where a buffer would make its caller wait, the model refuses, and a lease expires when
//! [`expire`](Model::expire) says so. Fairness (C10) has no meaning without waiters, so a `try` in
//! the model is refused for one reason only, that there is no room or no item.

use std::collections::{BTreeMap, VecDeque};

use crate::{DeadLetter, Death, LeaseError, PutError, Refusal, Statistics, TakeError};

/// The name of one lease: the item's position, and which of its deliveries this is.
///
/// An answer under a token whose lease has ended is refused, since a later lease of the same item
/// has another delivery number (C4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    position: u64,
    delivery: u32,
}

impl Token {
    /// The item's place in the order of puts, from 0 (C2).
    pub const fn position(self) -> u64 {
        self.position
    }

    /// How often the item was leased, this lease included.
    pub const fn delivery(self) -> u32 {
        self.delivery
    }
}

#[derive(Debug, Clone)]
struct Entry<T> {
    item: T,
    deliveries: u32,
    failures: u32,
}

#[derive(Debug, Clone)]
struct Held<T> {
    entry: Entry<T>,
    consumer: u64,
}

/// A bounded buffer without concurrency.
///
/// Consumers are told apart by a number of the caller's choice, for the one rule that needs it: a
/// consumer's own lease does not keep it from hearing `Closed` (C6).
#[derive(Debug, Clone)]
pub struct Model<T> {
    capacity: usize,
    max_leased: usize,
    max_failures: Option<u32>,
    max_deliveries: Option<u32>,
    waiting: BTreeMap<u64, Entry<T>>,
    leased: BTreeMap<u64, Held<T>>,
    dead: VecDeque<DeadLetter<T>>,
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

    /// An empty buffer with the default lease limit, and no limit on failures and deliveries.
    ///
    /// # Panics
    ///
    /// When `capacity` is 0: there is no such buffer (C1).
    pub fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "capacity is at least 1");
        Self {
            capacity,
            max_leased: Self::default_max_leased(capacity),
            max_failures: None,
            max_deliveries: None,
            waiting: BTreeMap::new(),
            leased: BTreeMap::new(),
            dead: VecDeque::new(),
            produced: 0,
            finished: 0,
            dropped: 0,
            high_water: 0,
            closed: false,
            abandoned: false,
        }
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

    /// Places the item at the end (C1, C2), or hands it back (C6).
    pub fn put(&mut self, item: T) -> Result<(), PutError<T>> {
        if let Some(refusal) = self.put_refusal() {
            return Err(PutError { item, refusal });
        }
        self.waiting.insert(self.produced, Entry { item, deliveries: 0, failures: 0 });
        self.produced += 1;
        self.see_depth();
        Ok(())
    }

    /// Why a put would be refused now; `None` when it would be placed.
    pub fn put_refusal(&self) -> Option<Refusal> {
        if self.closed {
            Some(Refusal::Closed)
        } else if self.abandoned {
            Some(Refusal::Abandoned)
        } else if self.waiting.len() >= self.capacity {
            Some(Refusal::Full)
        } else {
            None
        }
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

    /// Leases the oldest item, unless the lease limit is reached (C1, C2). With nothing to lease
    /// and the limit reached, says that there is nothing.
    pub fn lease(&mut self, consumer: u64) -> Result<Token, TakeError> {
        if self.waiting.is_empty() {
            return Err(self.nothing_for(consumer));
        }
        if self.leased.len() >= self.max_leased {
            return Err(TakeError::LeaseLimit);
        }
        let (position, mut entry) = self.waiting.pop_first().expect("it is not empty");
        entry.deliveries += 1;
        let token = Token { position, delivery: entry.deliveries };
        self.leased.insert(position, Held { entry, consumer });
        Ok(token)
    }

    /// The item under this lease; `None` when the lease has ended.
    pub fn item(&self, token: Token) -> Option<&T> {
        self.held(token).map(|held| &held.entry.item)
    }

    /// The failures of the item under this lease; `None` when the lease has ended.
    pub fn failures(&self, token: Token) -> Option<u32> {
        self.held(token).map(|held| held.entry.failures)
    }

    /// Finishes the item and hands it over.
    pub fn ack(&mut self, token: Token) -> Result<T, LeaseError> {
        let entry = self.end(token)?;
        self.finished += 1;
        Ok(entry.item)
    }

    /// Puts the item back at its own position, asking for no room (C1, C2).
    pub fn nack(&mut self, token: Token) -> Result<(), LeaseError> {
        let entry = self.end(token)?;
        self.give_back(token, entry);
        Ok(())
    }

    /// Ends the lease because its deadline has passed: a nack by the clock.
    pub fn expire(&mut self, token: Token) -> Result<(), LeaseError> {
        self.nack(token)
    }

    /// Puts the item back with one failure more, or sets it aside at the limit.
    pub fn fail(&mut self, token: Token, reason: &str) -> Result<(), LeaseError> {
        let mut entry = self.end(token)?;
        entry.failures += 1;
        if self.max_failures.is_some_and(|limit| entry.failures >= limit) {
            self.bury(entry, Death::Failures(reason.to_owned()));
        } else {
            self.give_back(token, entry);
        }
        Ok(())
    }

    /// Sets the item aside for good.
    pub fn reject(&mut self, token: Token, reason: &str) -> Result<(), LeaseError> {
        let entry = self.end(token)?;
        self.bury(entry, Death::Rejected(reason.to_owned()));
        Ok(())
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
            capacity: Some(self.capacity),
            produced: self.produced,
            finished: self.finished,
            waiting: self.waiting.len() as u64,
            leased: self.leased.len() as u64,
            dead: self.dead.len() as u64,
            dropped: self.dropped,
            high_water: self.high_water,
            closed: self.closed,
            ..Statistics::default()
        }
    }

    fn nothing_for(&self, consumer: u64) -> TakeError {
        if self.is_drained_for(consumer) { TakeError::Closed } else { TakeError::Empty }
    }

    fn held(&self, token: Token) -> Option<&Held<T>> {
        self.leased.get(&token.position).filter(|held| held.entry.deliveries == token.delivery)
    }

    fn end(&mut self, token: Token) -> Result<Entry<T>, LeaseError> {
        self.held(token).ok_or(LeaseError::Expired)?;
        let held = self.leased.remove(&token.position).expect("it was just found");
        Ok(held.entry)
    }

    fn give_back(&mut self, token: Token, entry: Entry<T>) {
        if self.max_deliveries.is_some_and(|limit| entry.deliveries >= limit) {
            self.bury(entry, Death::Deliveries);
        } else if self.abandoned {
            self.dropped += 1;
        } else {
            self.waiting.insert(token.position, entry);
            self.see_depth();
        }
    }

    fn bury(&mut self, entry: Entry<T>, death: Death) {
        let Entry { item, deliveries, failures } = entry;
        self.dead.push_back(DeadLetter { item, death, deliveries, failures });
    }

    fn see_depth(&mut self) {
        self.high_water = self.high_water.max(self.waiting.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(capacity: usize, items: u64) -> Model<u64> {
        let mut model = Model::new(capacity);
        for item in 0..items {
            model.put(item).unwrap();
        }
        model
    }

    fn assert_accounted(model: &Model<u64>) {
        let s = model.statistics();
        assert_eq!(s.produced, s.finished + s.waiting + s.leased + s.dead + s.dropped);
    }

    #[test]
    fn capacity_is_exact_and_a_refused_put_hands_its_item_back() {
        let mut model = filled(3, 3);
        let refused = model.put(3).unwrap_err();
        assert_eq!((refused.item, refused.refusal), (3, Refusal::Full));
        assert_eq!(model.take(0), Ok(0));
        model.put(3).unwrap();
        assert_eq!(model.statistics().produced, 4);
        assert_accounted(&model);
    }

    #[test]
    #[should_panic(expected = "capacity is at least 1")]
    fn capacity_zero_is_no_buffer() {
        let _ = Model::<u64>::new(0);
    }

    #[test]
    fn a_nack_asks_for_no_room_and_keeps_its_position() {
        let mut model = filled(2, 2).with_max_leased(2);
        let first = model.lease(0).unwrap();
        let second = model.lease(0).unwrap();
        model.put(2).unwrap();
        model.put(3).unwrap();
        assert_eq!(model.lease(0), Err(TakeError::LeaseLimit));
        model.nack(second).unwrap();
        model.nack(first).unwrap();
        assert_eq!(model.statistics().waiting, 4);
        assert_eq!(model.statistics().high_water, 4);
        assert_eq!(model.put_refusal(), Some(Refusal::Full));
        assert_eq!((0..4).map(|_| model.take(0).unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_accounted(&model);
    }

    #[test]
    fn the_default_lease_limit_is_the_capacity_and_at_least_64() {
        assert_eq!(Model::<u64>::default_max_leased(2), 64);
        assert_eq!(Model::<u64>::default_max_leased(100), 100);
    }

    #[test]
    fn an_ended_lease_answers_nothing() {
        let mut model = filled(1, 1);
        let stale = model.lease(0).unwrap();
        model.expire(stale).unwrap();
        assert_eq!(model.ack(stale), Err(LeaseError::Expired));
        let fresh = model.lease(1).unwrap();
        assert_eq!((fresh.position(), fresh.delivery()), (0, 2));
        assert_eq!(model.nack(stale), Err(LeaseError::Expired));
        assert_eq!(model.fail(stale, "late"), Err(LeaseError::Expired));
        assert_eq!(model.reject(stale, "late"), Err(LeaseError::Expired));
        assert_eq!(model.item(stale), None);
        assert_eq!(model.item(fresh), Some(&0));
        assert_eq!(model.ack(fresh), Ok(0));
        assert_accounted(&model);
    }

    #[test]
    fn failures_and_deliveries_are_counted_apart() {
        let mut model = filled(1, 1).with_max_failures(2).with_max_deliveries(4);
        let token = model.lease(0).unwrap();
        model.nack(token).unwrap();
        let token = model.lease(0).unwrap();
        model.fail(token, "once").unwrap();
        let token = model.lease(0).unwrap();
        assert_eq!((token.delivery(), model.failures(token)), (3, Some(1)));
        model.fail(token, "twice").unwrap();
        let letter = model.take_dead().unwrap();
        assert_eq!(letter.death, Death::Failures("twice".to_owned()));
        assert_eq!((letter.deliveries, letter.failures), (3, 2));
        assert_eq!(model.statistics().dropped, 1);
        assert_accounted(&model);
    }

    #[test]
    fn the_delivery_limit_buries_what_was_never_acked() {
        let mut model = filled(1, 1).with_max_deliveries(2);
        let token = model.lease(0).unwrap();
        model.expire(token).unwrap();
        let token = model.lease(0).unwrap();
        model.nack(token).unwrap();
        assert_eq!(model.statistics().dead, 1);
        assert!(model.is_joined());
        assert_eq!(model.take_dead().unwrap().death, Death::Deliveries);
        assert_eq!(model.take_dead(), None);
        assert_accounted(&model);
    }

    #[test]
    fn a_rejected_item_keeps_its_reason() {
        let mut model = filled(1, 1);
        let token = model.lease(0).unwrap();
        model.reject(token, "malformed").unwrap();
        assert_eq!(model.take_dead().unwrap().death, Death::Rejected("malformed".to_owned()));
    }

    #[test]
    fn closed_comes_when_no_other_consumer_holds_a_lease() {
        let mut model = filled(2, 2);
        let token = model.lease(7).unwrap();
        model.close();
        assert_eq!(model.put(9).unwrap_err().refusal, Refusal::Closed);
        assert_eq!(model.take(8), Ok(1));
        assert_eq!(model.take(8), Err(TakeError::Empty));
        assert_eq!(model.take(7), Err(TakeError::Closed));
        model.nack(token).unwrap();
        assert_eq!(model.take(8), Ok(0));
        assert_eq!(model.lease(8), Err(TakeError::Closed));
        assert!(model.is_closed());
        assert_accounted(&model);
    }

    #[test]
    fn join_counts_leases_as_unfinished() {
        let mut model = filled(1, 1);
        assert!(!model.is_joined());
        let token = model.lease(0).unwrap();
        assert!(!model.is_joined());
        model.ack(token).unwrap();
        assert!(model.is_joined());
    }

    #[test]
    fn an_abandoned_buffer_drops_what_waits_and_what_comes_back() {
        let mut model = filled(3, 3);
        let token = model.lease(0).unwrap();
        model.abandon();
        assert_eq!(model.put(3).unwrap_err().refusal, Refusal::Abandoned);
        assert_eq!(model.statistics().dropped, 2);
        assert!(!model.is_joined());
        model.nack(token).unwrap();
        assert!(model.is_joined());
        assert_eq!(model.statistics().dropped, 3);
        assert_accounted(&model);
    }

    #[test]
    fn unfinished_items_are_told_by_position() {
        let mut model = filled(3, 3);
        model.lease(0).unwrap();
        let all: Vec<(u64, bool)> =
            model.unfinished().map(|(item, leased)| (*item, leased)).collect();
        assert_eq!(all, [(0, true), (1, false), (2, false)]);
    }
}

//! What the model admits, and what happens to the rest (C1, C9).

use super::{Entry, Model};
use crate::{Batch, Outcome, Overflow, PutError, PutManyError, Refusal};

/// The bounds on what may wait.
#[derive(Debug, Clone)]
pub(super) struct Bounds<T> {
    pub(super) capacity: usize,
    /// The greatest weight; `None` when items are not weighed.
    pub(super) weight_capacity: Option<u64>,
    /// What an item weighs: nothing when items are not weighed.
    pub(super) weigh: fn(&T) -> u64,
}

impl<T> Bounds<T> {
    /// Whether so heavy an item could ever be admitted.
    fn holds(&self, weight: u64) -> bool {
        self.weight_capacity.is_none_or(|limit| weight <= limit)
    }

    /// Whether one more, so heavy, is admitted beside so many of this weight together.
    fn admits(&self, weight: u64, count: usize, others: u64) -> bool {
        count < self.capacity && self.holds(others.saturating_add(weight))
    }
}

impl<T> Model<T> {
    /// Places the item at the end (C1, C2), or does on full what `overflow` says (C9). Every choice
    /// to wait is refused with `Full`.
    pub fn put(&mut self, item: T, overflow: Overflow) -> Result<Outcome, PutError<T>> {
        let outcome = match self.put_refusal(&item) {
            None => Outcome::Placed,
            Some(Refusal::Full) if overflow == Overflow::DropThis => {
                self.produced += 1;
                self.dropped += 1;
                return Ok(Outcome::DroppedThis);
            }
            Some(Refusal::Full) if overflow == Overflow::DropOldest && self.could_place(&item) => {
                Outcome::DroppedOldest(self.make_room(&item))
            }
            Some(refusal) => return Err(PutError { item, refusal }),
        };
        self.place(item);
        Ok(outcome)
    }

    /// Places the items one after the other, up to the first that is refused (C2, C5).
    pub fn put_many(
        &mut self,
        items: Vec<T>,
        overflow: Overflow,
    ) -> Result<Batch, PutManyError<T>> {
        let mut items = items.into_iter();
        let mut done = Batch::default();
        while let Some(item) = items.next() {
            match self.put(item, overflow) {
                Ok(outcome) => done.add(outcome),
                Err(PutError { item, refusal }) => {
                    let rest = std::iter::once(item).chain(items).collect();
                    return Err(PutManyError { rest, refusal, done });
                }
            }
        }
        Ok(done)
    }

    /// Why a put of this item would be refused now; `None` when it would be placed.
    pub fn put_refusal(&self, item: &T) -> Option<Refusal> {
        self.refusal((self.bounds.weigh)(item))
    }

    /// Why so heavy an item, or a permit for one, would be refused now.
    pub(super) fn refusal(&self, weight: u64) -> Option<Refusal> {
        let others = self.waiting_weight().saturating_add(self.reserved_weight);
        if let Some(ended) = self.ended() {
            Some(ended)
        } else if !self.bounds.holds(weight) {
            Some(Refusal::TooHeavy)
        } else if !self.bounds.admits(weight, self.waiting.len() + self.reserved, others) {
            Some(Refusal::Full)
        } else {
            None
        }
    }

    /// What the waiting items weigh together.
    pub(super) fn waiting_weight(&self) -> u64 {
        self.waiting.values().fold(0, |sum, entry| sum.saturating_add(entry.weight))
    }

    /// Why every put is refused, if it is.
    pub(super) fn ended(&self) -> Option<Refusal> {
        if self.closed {
            Some(Refusal::Closed)
        } else if self.abandoned {
            Some(Refusal::Abandoned)
        } else {
            None
        }
    }

    /// Places the item, room or not.
    pub(super) fn place(&mut self, item: T) {
        let weight = (self.bounds.weigh)(&item);
        let entry = Entry { item, weight, deliveries: 0, failures: 0 };
        self.waiting.insert(self.next_position, entry);
        self.next_position += 1;
        self.produced += 1;
        self.see_depth();
    }

    /// Whether the item fits beside the permits once everything that waits is dropped.
    fn could_place(&self, item: &T) -> bool {
        self.bounds.admits((self.bounds.weigh)(item), self.reserved, self.reserved_weight)
    }

    /// Drops the oldest that wait until the item fits; how many.
    fn make_room(&mut self, item: &T) -> u64 {
        let before = self.dropped;
        while self.put_refusal(item).is_some() {
            self.waiting.pop_first().expect("permits alone leave room for the item");
            self.dropped += 1;
        }
        self.dropped - before
    }

    /// Whether an item of this weight fits into what a permit has set aside.
    pub(super) fn fits(&self, item: &T, set_aside: u64) -> bool {
        (self.bounds.weigh)(item) <= set_aside
    }
}

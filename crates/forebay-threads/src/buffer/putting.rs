//! Puts: at once, after a bounded rest, asleep; and what happens on full (C9).

use std::iter;

use forebay_contract::{Batch, Outcome, Overflow, Patience, PutError, PutManyError, Refusal};

use super::Buffer;
use crate::blocking;
use crate::call::Room;
use crate::calls::Calls;
use crate::pause::{Mood, Pace};
use crate::store::{Hindrance, Store, Want};

/// As in `taking`.
const ROUNDS: usize = 32;

impl<T> Buffer<T> {
    #[inline]
    pub(crate) fn put_within(
        &self,
        item: T,
        overflow: Overflow,
        patience: Patience,
        mood: &Mood,
    ) -> Result<Outcome, PutError<T>> {
        match self.store.put_at_once(item, false) {
            Ok(()) => Ok(Outcome::Placed),
            Err((item, Hindrance::Rare)) => {
                self.put_carefully(item, overflow, patience, mood, Pace::OneByOne)
            }
            Err((item, Hindrance::Wait)) => {
                let refused = PutError { item, refusal: Refusal::Full };
                self.put_refused(refused, 1, overflow, patience, mood, Pace::OneByOne)
            }
        }
    }

    #[cold]
    fn put_carefully(
        &self,
        item: T,
        overflow: Overflow,
        patience: Patience,
        mood: &Mood,
        pace: Pace,
    ) -> Result<Outcome, PutError<T>> {
        let (item, weight) = self.weigh(item)?;
        let tried = self.store.try_put(item, weight, &mut Calls::default());
        match tried {
            Ok(()) => Ok(Outcome::Placed),
            Err(refused) => self.put_refused(refused, weight, overflow, patience, mood, pace),
        }
    }

    /// The item with its weight, unless that is more than may ever wait.
    #[inline]
    pub(crate) fn weigh(&self, item: T) -> Result<(T, u64), PutError<T>> {
        match &self.settings.scale {
            None => Ok((item, 1)),
            Some(scale) => self.weigh_within(item, scale.capacity),
        }
    }

    /// The item with its weight, unless that is more than `most`.
    pub(crate) fn weigh_within(&self, item: T, most: u64) -> Result<(T, u64), PutError<T>> {
        let weight = self.settings.scale.as_ref().map_or(1, |scale| (scale.weigh)(&item));
        if weight <= most {
            Ok((item, weight))
        } else {
            Err(PutError { item, refusal: self.why_too_heavy() })
        }
    }

    #[cold]
    fn put_refused(
        &self,
        refused: PutError<T>,
        weight: u64,
        overflow: Overflow,
        patience: Patience,
        mood: &Mood,
        pace: Pace,
    ) -> Result<Outcome, PutError<T>> {
        let PutError { item, refusal } = refused;
        if refusal == Refusal::Closed {
            return Err(PutError { item, refusal: self.why_closed() });
        }
        match overflow {
            Overflow::DropOldest => self.put_dropping(item, weight),
            Overflow::DropThis => Ok(self.drop_this(item)),
            _ if patience == Patience::Try => Err(PutError { item, refusal }),
            _ => match self.wait_for_room(Want::Item(item), weight, patience, mood, pace) {
                Err((Want::Item(item), refusal)) => Err(PutError { item, refusal }),
                _ => Ok(Outcome::Placed),
            },
        }
    }

    /// Waits until what is wanted has room, and is placed. Refused, it comes back.
    #[cold]
    fn wait_for_room(
        &self,
        mut want: Want<T>,
        weight: u64,
        patience: Patience,
        mood: &Mood,
        pace: Pace,
    ) -> Result<(), (Want<T>, Refusal)> {
        let ready = || !self.store.looks_full();
        for _ in 0..ROUNDS {
            if !mood.spin(self.settings.capacity, pace, ready) {
                break;
            }
            match self.try_room(want, weight) {
                Err((back, Refusal::Full)) => want = back,
                over => return over,
            }
        }
        let waiting = self.producer_waits.begin();
        for _ in 0..ROUNDS {
            if !mood.yield_now(ready) {
                break;
            }
            match self.try_room(want, weight) {
                Err((back, Refusal::Full)) => want = back,
                over => return over,
            }
        }
        let mut room = Room::new(self, want, weight, Some(waiting));
        blocking::sleep(patience, &mut room, mood)
            .unwrap_or_else(|| room.give_up(Refusal::TimedOut))
    }

    fn try_room(&self, want: Want<T>, weight: u64) -> Result<(), (Want<T>, Refusal)> {
        let mut calls = Calls::default();
        let (back, refusal) = match want {
            Want::Item(item) => match self.store.try_put(item, weight, &mut calls) {
                Ok(()) => return Ok(()),
                Err(PutError { item, refusal }) => (Want::Item(item), refusal),
            },
            Want::Permit => match self.store.try_reserve(weight, &mut calls) {
                Ok(()) => return Ok(()),
                Err(refusal) => (Want::Permit, refusal),
            },
            Want::Nothing => return Ok(()),
        };
        Err((back, if refusal == Refusal::Closed { self.why_closed() } else { refusal }))
    }

    /// Drops the oldest for this one.
    pub(crate) fn put_dropping(&self, item: T, weight: u64) -> Result<Outcome, PutError<T>> {
        let mut calls = Calls::default();
        // What is dropped is dropped after the locks: an item's `drop` is not ours to run under them.
        let mut dropped = Vec::new();
        let mut desk = self.desk.lock();
        match self.store.put_dropping(item, weight, &mut dropped, &mut calls) {
            Ok(watched) => {
                let count = dropped.len() as u64;
                desk.discarded += count;
                desk.dropped += count;
                if watched {
                    self.settle(&desk, &mut calls);
                }
                drop(desk);
                Ok(if count == 0 { Outcome::Placed } else { Outcome::DroppedOldest(count) })
            }
            Err(PutError { item, refusal: Refusal::Closed }) => {
                drop(desk);
                Err(PutError { item, refusal: self.why_closed() })
            }
            Err(refused) => Err(refused),
        }
    }

    /// Drops the item, which counts as produced.
    pub(crate) fn drop_this(&self, item: T) -> Outcome {
        let mut desk = self.desk.lock();
        desk.dropped_these += 1;
        desk.dropped += 1;
        drop(desk);
        drop(item);
        Outcome::DroppedThis
    }

    pub(crate) fn put_many_within(
        &self,
        items: Vec<T>,
        overflow: Overflow,
        patience: Patience,
        mood: &Mood,
    ) -> Result<Batch, PutManyError<T>> {
        let mut items = items.into_iter();
        let mut done = Batch::default();
        loop {
            done.placed += self.put_more(&mut items);
            let Some(item) = items.next() else { return Ok(done) };
            match self.put_carefully(item, overflow, patience, mood, Pace::ByBatches) {
                Ok(outcome) => done.add(outcome),
                Err(PutError { item, refusal }) => {
                    let rest = iter::once(item).chain(items).collect();
                    return Err(PutManyError { rest, refusal, done });
                }
            }
        }
    }

    /// Puts what has room now, in one go; how many.
    pub(crate) fn put_more(&self, items: &mut std::vec::IntoIter<T>) -> usize {
        if self.settings.scale.is_some() || items.len() == 0 {
            return 0;
        }
        let placed = self.store.try_put_many(items, &mut Calls::default());
        usize::try_from(placed).expect("no more than there were")
    }

    /// What a permit for this weight sets aside: nothing is weighed where items are not.
    pub(crate) fn weight_to_reserve(&self, weight: u64) -> u64 {
        if self.settings.scale.is_some() { weight } else { 1 }
    }

    pub(crate) fn reserve_within(
        &self,
        weight: u64,
        patience: Patience,
        mood: &Mood,
    ) -> Result<(), Refusal> {
        if self.settings.scale.as_ref().is_some_and(|scale| weight > scale.capacity) {
            return Err(self.why_too_heavy());
        }
        match self.try_room(Want::Permit, weight) {
            Err((want, Refusal::Full)) if patience != Patience::Try => {
                self.wait_for_room(want, weight, patience, mood, Pace::OneByOne)
            }
            over => over,
        }
        .map_err(|(_, refusal)| refusal)
    }

    /// Puts where a place of that weight was set aside.
    pub(crate) fn put_reserved(
        &self,
        item: T,
        weight: u64,
        reserved: u64,
    ) -> Result<(), PutError<T>> {
        let mut calls = Calls::default();
        self.store
            .put_reserved(item, weight, reserved, &mut calls)
            .map_err(|item| PutError { item, refusal: self.why_closed() })
    }

    /// Frees a place that was set aside.
    pub(crate) fn release(&self, reserved: u64) {
        self.store.release(reserved, &mut Calls::default());
    }

    /// Says "abandoned" rather than "closed" when that is why.
    pub(crate) fn why_closed(&self) -> Refusal {
        if self.is_abandoned() { Refusal::Abandoned } else { Refusal::Closed }
    }

    pub(crate) fn why_too_heavy(&self) -> Refusal {
        if self.store.is_closed() { self.why_closed() } else { Refusal::TooHeavy }
    }
}

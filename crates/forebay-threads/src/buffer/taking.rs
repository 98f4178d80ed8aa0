//! Takes: at once, after a bounded rest, asleep, as a task; one item or many.

use forebay_contract::{Patience, TakeError};

use super::Buffer;
use crate::blocking;
use crate::call::Take;
use crate::calls::Calls;
use crate::pause::Pace;
use crate::share::ShareOf;
use crate::store::{Hindrance, Progress, Store};
use crate::waiter::{Sleeper, Turn};

/// How often a take that sees an item and is beaten to it goes on resting before it stands in line.
const ROUNDS: usize = 32;

impl<T> Buffer<T> {
    #[inline]
    pub(crate) fn take_within(&self, share: &ShareOf, patience: Patience) -> Result<T, TakeError> {
        match self.store.take_at_once(&share.items, false) {
            Ok(item) => Ok(item),
            Err(hindrance) => self.take_carefully(share, patience, hindrance),
        }
    }

    #[cold]
    fn take_carefully(
        &self,
        share: &ShareOf,
        patience: Patience,
        hindrance: Hindrance,
    ) -> Result<T, TakeError> {
        let rare = hindrance == Hindrance::Rare;
        match rare.then(|| self.try_take(share)).flatten() {
            Some(item) => Ok(item),
            None => self.take_waiting(share, patience, Pace::OneByOne),
        }
    }

    pub(crate) fn try_take(&self, share: &ShareOf) -> Option<T> {
        let mut calls = Calls::default();
        let taken = self.store.try_take(&share.items, &mut calls)?;
        if taken.watched {
            self.settle(&self.desk.lock(), &mut calls);
        }
        Some(taken.entry.item)
    }

    fn take_waiting(
        &self,
        share: &ShareOf,
        patience: Patience,
        pace: Pace,
    ) -> Result<T, TakeError> {
        if patience == Patience::Try {
            if !self.is_drained(share) {
                return Err(TakeError::Empty);
            }
            // Something may have come between the two looks, and the close after it.
            return self.try_take(share).ok_or(TakeError::Closed);
        }
        let ready = || !self.store.looks_empty();
        for _ in 0..ROUNDS {
            if !share.mood.spin(self.settings.capacity, pace, ready) {
                break;
            }
            if let Some(item) = self.try_take(share) {
                return Ok(item);
            }
        }
        let waiting = share.waits.begin();
        for _ in 0..ROUNDS {
            if !share.mood.yield_now(ready) {
                break;
            }
            if let Some(item) = self.try_take(share) {
                return Ok(item);
            }
        }
        let mut take = Take::new(self, share, Some(waiting));
        blocking::sleep(patience, &mut take, &share.mood).unwrap_or(Err(TakeError::TimedOut))
    }

    pub(crate) fn take_many_within(
        &self,
        share: &ShareOf,
        max: usize,
        patience: Patience,
    ) -> Result<Vec<T>, TakeError> {
        let mut items = self.room_for(max);
        self.take_more(share, max, &mut items);
        if items.is_empty() && max > 0 {
            let first = self.take_waiting(share, patience, Pace::ByBatches)?;
            items = self.with_more(share, max, first);
        }
        Ok(items)
    }

    /// The first item of a take that waited for it, and what else is there by now.
    pub(crate) fn with_more(&self, share: &ShareOf, max: usize, first: T) -> Vec<T> {
        let mut items = self.room_for(max);
        items.push(first);
        self.take_more(share, max, &mut items);
        items
    }

    /// For the items of one take: made before any lock is held.
    pub(crate) fn room_for(&self, max: usize) -> Vec<T> {
        let waiting = usize::try_from(self.store.glance()).unwrap_or(usize::MAX);
        // And a few more, which may have come, or come back, by the time that they are taken.
        Vec::with_capacity(max.min(waiting.saturating_add(64)))
    }

    /// Takes what is there, as far as `items` has room without growing.
    pub(crate) fn take_more(&self, share: &ShareOf, max: usize, items: &mut Vec<T>) {
        let most = max.min(items.capacity());
        while items.len() < most {
            let mut calls = Calls::default();
            let many = self.store.try_take_many(items, most, &share.items, &mut calls);
            if many.watched && many.count > 0 {
                self.settle(&self.desk.lock(), &mut calls);
            }
            if many.count == 0 {
                match self.try_take(share) {
                    Some(item) => items.push(item),
                    None => return,
                }
            }
        }
    }

    pub(crate) fn poll_take(
        &self,
        share: &ShareOf,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
    ) -> Progress<Result<T, TakeError>> {
        let mut calls = if sleeper.is_thread() { Calls::default() } else { Calls::by_task() };
        match self.store.poll_take(turn, sleeper, &share.items, &mut calls) {
            Progress::Done(taken) => {
                if taken.watched {
                    self.settle(&self.desk.lock(), &mut calls);
                }
                Progress::Done(Ok(taken.entry.item))
            }
            Progress::Asleep if self.is_drained(share) => {
                self.store.cancel_take(turn, &mut calls);
                Progress::Done(Err(TakeError::Closed))
            }
            Progress::Asleep => Progress::Asleep,
        }
    }
}

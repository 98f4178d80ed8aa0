//! One mutex, two conditions.
//!
//! The monitor is C. A. R. Hoare's (*Monitors: An Operating System Structuring Concept*, 1974); the
//! bounded buffer is that paper's own example. This is its Mesa form (Lampson & Redell, 1980): a
//! woken waiter owns nothing yet, and looks again. Newcomers may therefore pass it, as often as C10
//! allows.
//!
//! Each condition is a [`WaitList`], so that tasks wait in it beside threads.

use std::task::Waker;

use forebay_contract::{PutError, Refusal};

use super::shelf::Shelf;
use crate::atomics::{Mutex, MutexGuard};
use crate::store::{Closed, Counts, Entry, Progress, Store, Taken};
use crate::waiter::{Admission, Turn, WaitList};

#[derive(Debug)]
pub(crate) struct Monitor<T> {
    inside: Mutex<Inside<T>>,
    not_full: WaitList,
    not_empty: WaitList,
    capacity: usize,
}

#[derive(Debug)]
struct Inside<T> {
    shelf: Shelf<T>,
    closed: bool,
    watched: bool,
}

impl<T> Monitor<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            inside: Mutex::new(Inside { shelf: Shelf::new(), closed: false, watched: false }),
            not_full: WaitList::new(capacity),
            not_empty: WaitList::new(capacity),
            capacity,
        }
    }

    /// Whether the holder of the turn may go ahead, if there is something for it.
    fn admits(list: &WaitList, turn: &Turn, available: bool) -> bool {
        available && list.admits(turn) != Admission::Refused
    }

    fn has_room(&self, inside: &Inside<T>) -> bool {
        inside.shelf.depth() < self.capacity
    }

    /// Puts under the lock, then wakes a consumer, and the next producer if this one waited.
    fn put(&self, mut inside: MutexGuard<'_, Inside<T>>, item: T, turn: &mut Turn) {
        inside.shelf.put(item);
        let waited = turn.waits();
        if waited {
            self.not_full.lock().leave(turn);
        }
        let more = waited && self.has_room(&inside);
        drop(inside);
        self.not_empty.call();
        if more {
            self.not_full.call();
        }
    }

    /// Takes under the lock, then wakes a producer, and the next consumer if this one waited.
    fn take(&self, mut inside: MutexGuard<'_, Inside<T>>, turn: &mut Turn) -> Option<Taken<T>> {
        let entry = inside.shelf.take()?;
        let waited = turn.waits();
        if waited {
            self.not_empty.lock().leave(turn);
        }
        let more = waited && inside.shelf.depth() > 0;
        let room = self.has_room(&inside);
        let watched = inside.watched;
        drop(inside);
        if room {
            self.not_full.call();
        }
        if more {
            self.not_empty.call();
        }
        Some(Taken { entry, watched })
    }
}

impl<T> Store<T> for Monitor<T> {
    fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        let inside = self.inside.lock();
        let mut turn = Turn::default();
        if inside.closed {
            Err(PutError { item, refusal: Refusal::Closed })
        } else if Self::admits(&self.not_full, &turn, self.has_room(&inside)) {
            self.put(inside, item, &mut turn);
            Ok(())
        } else {
            Err(PutError { item, refusal: Refusal::Full })
        }
    }

    fn poll_put(
        &self,
        item: &mut Option<T>,
        turn: &mut Turn,
        waker: &Waker,
    ) -> Progress<Result<(), Closed>> {
        let inside = self.inside.lock();
        if inside.closed {
            drop(inside);
            self.cancel_put(turn);
            return Progress::Done(Err(Closed));
        }
        if Self::admits(&self.not_full, turn, self.has_room(&inside)) {
            self.put(inside, item.take().expect("polled with an item"), turn);
            return Progress::Done(Ok(()));
        }
        self.not_full.lock().wait(turn, waker);
        Progress::Asleep
    }

    fn cancel_put(&self, turn: &mut Turn) {
        let inside = self.inside.lock();
        self.not_full.lock().leave(turn);
        let more = self.has_room(&inside);
        drop(inside);
        if more {
            self.not_full.call();
        }
    }

    fn try_take(&self) -> Option<Taken<T>> {
        let inside = self.inside.lock();
        let mut turn = Turn::default();
        if !Self::admits(&self.not_empty, &turn, inside.shelf.depth() > 0) {
            return None;
        }
        self.take(inside, &mut turn)
    }

    fn poll_take(&self, turn: &mut Turn, waker: &Waker) -> Progress<Taken<T>> {
        let inside = self.inside.lock();
        if Self::admits(&self.not_empty, turn, inside.shelf.depth() > 0) {
            let taken = self.take(inside, turn).expect("something waits");
            return Progress::Done(taken);
        }
        self.not_empty.lock().wait(turn, waker);
        Progress::Asleep
    }

    fn cancel_take(&self, turn: &mut Turn) {
        let inside = self.inside.lock();
        self.not_empty.lock().leave(turn);
        let more = inside.shelf.depth() > 0;
        drop(inside);
        if more {
            self.not_empty.call();
        }
    }

    fn give_back(&self, entry: Entry<T>) {
        self.inside.lock().shelf.give_back(entry);
        self.not_empty.call();
    }

    fn close(&self) {
        self.inside.lock().closed = true;
        self.not_full.rouse();
        self.not_empty.rouse();
    }

    fn is_closed(&self) -> bool {
        self.inside.lock().closed
    }

    fn watch(&self, on: bool) {
        self.inside.lock().watched = on;
    }

    fn is_empty(&self) -> bool {
        self.inside.lock().shelf.depth() == 0
    }

    fn rouse_consumers(&self) {
        self.not_empty.rouse();
    }

    fn counts(&self) -> Counts {
        self.inside.lock().shelf.counts()
    }

    fn waiters(&self) -> (usize, usize) {
        (self.not_full.asleep(), self.not_empty.asleep())
    }
}

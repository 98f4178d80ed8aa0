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
use crate::atomics::Mutex;
use crate::store::{Closed, Counts, Entry, Progress, Store, Taken};
use crate::waiter::{Admission, Calls, Turn, WaitList};

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

    /// Puts, wakes a consumer, and the next producer if this one waited.
    fn put(&self, inside: &mut Inside<T>, item: T, turn: &mut Turn, calls: &mut Calls) {
        inside.shelf.put(item);
        self.not_empty.call(calls);
        self.not_full.leave(turn, calls, || self.has_room(inside));
    }

    /// Takes, wakes a producer, and the next consumer if this one waited.
    fn take(&self, inside: &mut Inside<T>, turn: &mut Turn, calls: &mut Calls) -> Option<Taken<T>> {
        let entry = inside.shelf.take()?;
        if self.has_room(inside) {
            self.not_full.call(calls);
        }
        self.not_empty.leave(turn, calls, || inside.shelf.depth() > 0);
        Some(Taken { entry, watched: inside.watched })
    }
}

impl<T> Store<T> for Monitor<T> {
    #[inline(never)]
    fn try_put(&self, item: T, calls: &mut Calls) -> Result<(), PutError<T>> {
        let mut inside = self.inside.lock();
        let mut turn = Turn::default();
        if inside.closed {
            Err(PutError { item, refusal: Refusal::Closed })
        } else if Self::admits(&self.not_full, &turn, self.has_room(&inside)) {
            self.put(&mut inside, item, &mut turn, calls);
            Ok(())
        } else {
            Err(PutError { item, refusal: Refusal::Full })
        }
    }

    fn poll_put(
        &self,
        item: &mut Option<T>,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) -> Progress<Result<(), Closed>> {
        let mut inside = self.inside.lock();
        if inside.closed {
            self.not_full.leave(turn, calls, || false);
            Progress::Done(Err(Closed))
        } else if Self::admits(&self.not_full, turn, self.has_room(&inside)) {
            self.put(&mut inside, item.take().expect("polled with an item"), turn, calls);
            Progress::Done(Ok(()))
        } else {
            self.not_full.lock().wait(turn, waker, calls);
            Progress::Asleep
        }
    }

    fn cancel_put(&self, turn: &mut Turn, calls: &mut Calls) {
        let inside = self.inside.lock();
        self.not_full.leave(turn, calls, || self.has_room(&inside));
    }

    #[inline(never)]
    fn try_take(&self, calls: &mut Calls) -> Option<Taken<T>> {
        let mut inside = self.inside.lock();
        let mut turn = Turn::default();
        if Self::admits(&self.not_empty, &turn, inside.shelf.depth() > 0) {
            self.take(&mut inside, &mut turn, calls)
        } else {
            None
        }
    }

    fn poll_take(
        &self,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) -> Progress<Taken<T>> {
        let mut inside = self.inside.lock();
        if Self::admits(&self.not_empty, turn, inside.shelf.depth() > 0)
            && let Some(taken) = self.take(&mut inside, turn, calls)
        {
            Progress::Done(taken)
        } else {
            self.not_empty.lock().wait(turn, waker, calls);
            Progress::Asleep
        }
    }

    fn cancel_take(&self, turn: &mut Turn, calls: &mut Calls) {
        let inside = self.inside.lock();
        self.not_empty.leave(turn, calls, || inside.shelf.depth() > 0);
    }

    fn give_back(&self, entry: Entry<T>, calls: &mut Calls) {
        self.inside.lock().shelf.give_back(entry);
        self.not_empty.call(calls);
    }

    fn close(&self, calls: &mut Calls) {
        self.inside.lock().closed = true;
        self.not_full.rouse(calls);
        self.not_empty.rouse(calls);
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

    fn rouse_consumers(&self, calls: &mut Calls) {
        self.not_empty.rouse(calls);
    }

    fn counts(&self) -> Counts {
        self.inside.lock().shelf.counts()
    }

    fn waiters(&self) -> (usize, usize) {
        (self.not_full.asleep(), self.not_empty.asleep())
    }
}

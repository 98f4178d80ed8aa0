//! Two counting semaphores and a mutex: the textbook's bounded buffer.
//!
//! E. W. Dijkstra, *Cooperating Sequential Processes* (1965), section 4.3. A producer does P(empty),
//! puts under the mutex, V(filled); a consumer does P(filled), takes under the mutex, V(empty). Swap
//! the first two on either side and it deadlocks.
//!
//! One step differs from the textbook: V stands inside the mutex. Outside it, one producer could
//! have stored an item and not yet said so, while another, later one has: a try would then find
//! fewer units than there are items that were put before it.
//!
//! A returned entry needs no room (C1): it takes a unit of `empty` on credit, and the next take's V
//! pays it back.

use std::task::Waker;

use forebay_contract::{PutError, Refusal};

use super::shelf::Shelf;
use crate::atomics::Mutex;
use crate::semaphore::Semaphore;
use crate::store::{Closed, Counts, Entry, Progress, Store, Taken};
use crate::waiter::Turn;

#[derive(Debug)]
pub(crate) struct Semaphores<T> {
    empty: Semaphore,
    filled: Semaphore,
    inside: Mutex<Inside<T>>,
}

#[derive(Debug)]
struct Inside<T> {
    shelf: Shelf<T>,
    closed: bool,
    watched: bool,
}

impl<T> Semaphores<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            empty: Semaphore::new(capacity, capacity),
            filled: Semaphore::new(0, capacity),
            inside: Mutex::new(Inside { shelf: Shelf::new(), closed: false, watched: false }),
        }
    }

    /// After P(empty).
    fn put(&self, item: T) -> Result<(), T> {
        let mut inside = self.inside.lock();
        let (next, outcome) = if inside.closed {
            (self.empty.release(), Err(item))
        } else {
            inside.shelf.put(item);
            (self.filled.release(), Ok(()))
        };
        drop(inside);
        next.into_iter().for_each(Waker::wake);
        outcome
    }

    /// After P(filled).
    fn take(&self) -> Taken<T> {
        let mut inside = self.inside.lock();
        let entry = inside.shelf.take().expect("a unit of `filled` stands for an entry");
        let watched = inside.watched;
        let next = self.empty.release();
        drop(inside);
        next.into_iter().for_each(Waker::wake);
        Taken { entry, watched }
    }
}

impl<T> Store<T> for Semaphores<T> {
    fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        let refused = |item, refusal| Err(PutError { item, refusal });
        if self.empty.try_acquire() {
            self.put(item).or_else(|item| refused(item, Refusal::Closed))
        } else if self.is_closed() {
            refused(item, Refusal::Closed)
        } else {
            refused(item, Refusal::Full)
        }
    }

    fn poll_put(
        &self,
        item: &mut Option<T>,
        turn: &mut Turn,
        waker: &Waker,
    ) -> Progress<Result<(), Closed>> {
        if self.empty.poll_acquire(turn, waker) {
            let outcome = self.put(item.take().expect("polled with an item"));
            return Progress::Done(outcome.map_err(|refused| {
                *item = Some(refused);
                Closed
            }));
        }
        // In line first, closed second: a close that comes after this look rouses the line.
        if self.is_closed() {
            self.cancel_put(turn);
            return Progress::Done(Err(Closed));
        }
        Progress::Asleep
    }

    fn cancel_put(&self, turn: &mut Turn) {
        self.empty.cancel(turn);
    }

    fn try_take(&self) -> Option<Taken<T>> {
        self.filled.try_acquire().then(|| self.take())
    }

    fn poll_take(&self, turn: &mut Turn, waker: &Waker) -> Progress<Taken<T>> {
        if self.filled.poll_acquire(turn, waker) {
            Progress::Done(self.take())
        } else {
            Progress::Asleep
        }
    }

    fn cancel_take(&self, turn: &mut Turn) {
        self.filled.cancel(turn);
    }

    fn give_back(&self, entry: Entry<T>) {
        let mut inside = self.inside.lock();
        self.empty.owe();
        inside.shelf.give_back(entry);
        let next = self.filled.release();
        drop(inside);
        next.into_iter().for_each(Waker::wake);
    }

    fn close(&self) {
        self.inside.lock().closed = true;
        self.empty.rouse();
        self.filled.rouse();
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
        self.filled.rouse();
    }

    fn counts(&self) -> Counts {
        self.inside.lock().shelf.counts()
    }

    fn waiters(&self) -> (usize, usize) {
        (self.empty.waiting(), self.filled.waiting())
    }
}

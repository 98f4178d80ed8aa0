//! Two counting semaphores and a mutex: the textbook's bounded buffer.
//!
//! E. W. Dijkstra, *Cooperating Sequential Processes* (1965), section 4.3. A producer does P(empty),
//! puts under the mutex, V(filled); a consumer does P(filled), takes under the mutex, V(empty). Swap
//! the first two on either side and it deadlocks.
//!
//! One thing differs from the textbook: P and V stand inside the mutex, P as a try that is repeated
//! after sleeping outside it. With P outside, a consumer between its P and the mutex holds a unit for
//! no item in particular: others find no unit while the oldest item still waits, and may then take
//! that item first, an order that no sequence of whole operations explains (C2).
//!
//! A returned entry needs no room (C1): it takes a unit of `empty` on credit, and the next take's V
//! pays it back.

use std::task::Waker;

use forebay_contract::{PutError, Refusal};

use super::shelf::Shelf;
use crate::atomics::Mutex;
use crate::semaphore::Semaphore;
use crate::store::{Closed, Counts, Entry, Progress, Store, Taken};
use crate::waiter::{Calls, Turn};

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

    /// Puts and does V(filled), after P(empty).
    fn put(&self, inside: &mut Inside<T>, item: T, calls: &mut Calls) {
        inside.shelf.put(item);
        self.filled.release(calls);
    }

    /// Takes and does V(empty), after P(filled).
    fn take(&self, inside: &mut Inside<T>, calls: &mut Calls) -> Taken<T> {
        let entry = inside.shelf.take().expect("a unit of `filled` stands for an entry");
        self.empty.release(calls);
        Taken { entry, watched: inside.watched }
    }
}

impl<T> Store<T> for Semaphores<T> {
    #[inline(never)]
    fn try_put(&self, item: T, calls: &mut Calls) -> Result<(), PutError<T>> {
        let mut inside = self.inside.lock();
        if inside.closed {
            Err(PutError { item, refusal: Refusal::Closed })
        } else if self.empty.try_acquire() {
            self.put(&mut inside, item, calls);
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
            drop(inside);
            self.cancel_put(turn, calls);
            Progress::Done(Err(Closed))
        } else if self.empty.poll_acquire(turn, waker, calls) {
            self.put(&mut inside, item.take().expect("polled with an item"), calls);
            Progress::Done(Ok(()))
        } else {
            Progress::Asleep
        }
    }

    fn cancel_put(&self, turn: &mut Turn, calls: &mut Calls) {
        self.empty.cancel(turn, calls);
    }

    #[inline(never)]
    fn try_take(&self, calls: &mut Calls) -> Option<Taken<T>> {
        let mut inside = self.inside.lock();
        self.filled.try_acquire().then(|| self.take(&mut inside, calls))
    }

    fn poll_take(
        &self,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) -> Progress<Taken<T>> {
        let mut inside = self.inside.lock();
        if self.filled.poll_acquire(turn, waker, calls) {
            Progress::Done(self.take(&mut inside, calls))
        } else {
            Progress::Asleep
        }
    }

    fn cancel_take(&self, turn: &mut Turn, calls: &mut Calls) {
        self.filled.cancel(turn, calls);
    }

    fn give_back(&self, entry: Entry<T>, calls: &mut Calls) {
        let mut inside = self.inside.lock();
        self.empty.owe();
        inside.shelf.give_back(entry);
        self.filled.release(calls);
    }

    fn close(&self, calls: &mut Calls) {
        self.inside.lock().closed = true;
        self.empty.rouse(calls);
        self.filled.rouse(calls);
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
        self.filled.rouse(calls);
    }

    fn counts(&self) -> Counts {
        self.inside.lock().shelf.counts()
    }

    fn waiters(&self) -> (usize, usize) {
        (self.empty.waiting(), self.filled.waiting())
    }
}

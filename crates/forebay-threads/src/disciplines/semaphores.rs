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
//! A permit is a unit of `empty` in the producer's hand. Weights are no semaphore: P(empty) is tried
//! only where the weight fits, and each V lets the first in line look again.
//!
//! A returned entry needs no room (C1): it takes a unit of `empty` on credit, and the next take's V
//! pays it back.

use std::mem;
use std::vec;

use forebay_contract::{PutError, Refusal};

use super::shelf::Shelf;
use crate::atomics::Mutex;
use crate::calls::Calls;
use crate::gauge::Gauge;
use crate::semaphore::Semaphore;
use crate::share::Tally;
use crate::store::{Closed, Counts, Entry, Progress, Store, Taken, TakenMany, Want};
use crate::waiter::{Sleeper, Turn};

#[derive(Debug)]
pub(crate) struct Semaphores<T> {
    empty: Semaphore,
    filled: Semaphore,
    shelf: Mutex<Shelf<T>>,
}

impl<T> Semaphores<T> {
    pub(crate) fn new(capacity: usize, gauge: Option<Gauge>) -> Self {
        Self {
            empty: Semaphore::of_buffer(capacity, capacity),
            filled: Semaphore::of_buffer(0, capacity),
            shelf: Mutex::new(Shelf::new(capacity, gauge)),
        }
    }

    /// Puts and does V(filled), or keeps the unit for a permit; after P(empty).
    fn admit(&self, shelf: &mut Shelf<T>, want: Want<T>, weight: u64, calls: &mut Calls) {
        match want {
            Want::Item(item) => {
                shelf.put(item, weight, calls);
                self.filled.v(1, calls);
            }
            Want::Permit => shelf.reserve(weight),
            Want::Nothing => {}
        }
    }

    /// Takes and does V(empty), after P(filled).
    fn take(&self, shelf: &mut Shelf<T>, tally: &Tally, calls: &mut Calls) -> Taken<T> {
        let entry = shelf.take(calls).expect("a unit of `filled` stands for an entry");
        tally.add(1);
        self.empty.v(1, calls);
        Taken { entry, watched: shelf.watched }
    }
}

impl<T> Store<T> for Semaphores<T> {
    #[inline(never)]
    fn try_put(&self, item: T, weight: u64, calls: &mut Calls) -> Result<(), PutError<T>> {
        let mut shelf = self.shelf.lock();
        if shelf.closed {
            Err(PutError { item, refusal: Refusal::Closed })
        } else if shelf.fits(weight) && self.empty.try_p(1) {
            self.admit(&mut shelf, Want::Item(item), weight, calls);
            Ok(())
        } else {
            Err(PutError { item, refusal: Refusal::Full })
        }
    }

    fn try_put_many(&self, items: &mut vec::IntoIter<T>, calls: &mut Calls) -> u64 {
        let mut shelf = self.shelf.lock();
        let mut placed = 0;
        while !shelf.closed
            && items.len() > 0
            && self.empty.try_p(1)
            && let Some(item) = items.next()
        {
            shelf.put(item, 1, calls);
            placed += 1;
        }
        self.filled.v(placed, calls);
        placed
    }

    fn put_dropping(
        &self,
        item: T,
        weight: u64,
        dropped: &mut Vec<Entry<T>>,
        calls: &mut Calls,
    ) -> Result<bool, PutError<T>> {
        let mut shelf = self.shelf.lock();
        if shelf.closed {
            return Err(PutError { item, refusal: Refusal::Closed });
        }
        // Also where there is room for those in line: it is theirs, by now.
        if self.empty.has_line() || !shelf.could_have_room(weight) {
            return Err(PutError { item, refusal: Refusal::Full });
        }
        while !shelf.has_room(weight) {
            self.filled.owe();
            dropped.push(shelf.take(calls).expect("what waits is in the way"));
            self.empty.v(1, calls);
        }
        self.empty.owe();
        self.admit(&mut shelf, Want::Item(item), weight, calls);
        Ok(shelf.watched)
    }

    fn poll_room(
        &self,
        want: &mut Want<T>,
        weight: u64,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        calls: &mut Calls,
    ) -> Progress<Result<(), Closed>> {
        sleeper.prepare();
        let mut shelf = self.shelf.lock();
        if shelf.closed {
            drop(shelf);
            self.empty.cancel_p(turn, calls);
            return Progress::Done(Err(Closed));
        }
        let fits = shelf.fits(weight);
        match self.empty.poll_p(fits, 1, turn, sleeper, calls) {
            Progress::Done(()) => {
                let want = mem::replace(want, Want::Nothing);
                self.admit(&mut shelf, want, weight, calls);
                Progress::Done(Ok(()))
            }
            Progress::Asleep => Progress::Asleep,
        }
    }

    fn cancel_put(&self, _: &mut Want<T>, turn: &mut Turn, calls: &mut Calls) {
        self.empty.cancel_p(turn, calls);
    }

    fn try_reserve(&self, weight: u64, calls: &mut Calls) -> Result<(), Refusal> {
        let mut shelf = self.shelf.lock();
        if shelf.closed {
            Err(Refusal::Closed)
        } else if shelf.fits(weight) && self.empty.try_p(1) {
            self.admit(&mut shelf, Want::Permit, weight, calls);
            Ok(())
        } else {
            Err(Refusal::Full)
        }
    }

    fn put_reserved(
        &self,
        item: T,
        weight: u64,
        reserved: u64,
        calls: &mut Calls,
    ) -> Result<(), T> {
        let mut shelf = self.shelf.lock();
        shelf.release(reserved);
        if shelf.closed {
            self.empty.v(1, calls);
            return Err(item);
        }
        self.admit(&mut shelf, Want::Item(item), weight, calls);
        if weight < reserved {
            // No unit comes back, but weight does.
            self.empty.v(0, calls);
        }
        Ok(())
    }

    fn release(&self, reserved: u64, calls: &mut Calls) {
        self.shelf.lock().release(reserved);
        self.empty.v(1, calls);
    }

    #[inline(never)]
    fn try_take(&self, tally: &Tally, calls: &mut Calls) -> Option<Taken<T>> {
        let mut shelf = self.shelf.lock();
        self.filled.try_p(1).then(|| self.take(&mut shelf, tally, calls))
    }

    fn try_take_many(
        &self,
        into: &mut Vec<T>,
        most: usize,
        tally: &Tally,
        calls: &mut Calls,
    ) -> TakenMany {
        let mut shelf = self.shelf.lock();
        let before = into.len();
        while into.len() < most && self.filled.try_p(1) {
            let entry = shelf.take(calls).expect("a unit of `filled` stands for an entry");
            into.push(entry.item);
        }
        let count = (into.len() - before) as u64;
        tally.add(count);
        self.empty.v(count, calls);
        TakenMany { count, watched: shelf.watched }
    }

    fn poll_take(
        &self,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        tally: &Tally,
        calls: &mut Calls,
    ) -> Progress<Taken<T>> {
        sleeper.prepare();
        let mut shelf = self.shelf.lock();
        match self.filled.poll_p(true, 1, turn, sleeper, calls) {
            Progress::Done(()) => Progress::Done(self.take(&mut shelf, tally, calls)),
            Progress::Asleep => Progress::Asleep,
        }
    }

    fn cancel_take(&self, turn: &mut Turn, calls: &mut Calls) {
        self.filled.cancel_p(turn, calls);
    }

    fn give_back(&self, entry: Entry<T>, calls: &mut Calls) {
        let mut shelf = self.shelf.lock();
        self.empty.owe();
        shelf.give_back(entry, calls);
        self.filled.v(1, calls);
    }

    fn close(&self, calls: &mut Calls) {
        self.shelf.lock().closed = true;
        self.empty.rouse(calls);
        self.filled.rouse(calls);
    }

    fn is_closed(&self) -> bool {
        self.shelf.lock().closed
    }

    fn watch(&self, on: bool) {
        self.shelf.lock().watched = on;
    }

    fn is_empty(&self) -> bool {
        self.shelf.lock().depth() == 0
    }

    fn rouse_consumers(&self, calls: &mut Calls) {
        self.filled.rouse(calls);
    }

    fn counts(&self) -> Counts {
        self.shelf.lock().counts()
    }

    fn waiters(&self) -> (usize, usize) {
        (self.empty.waiting(), self.filled.waiting())
    }
}

//! One mutex, two conditions.
//!
//! The monitor is C. A. R. Hoare's (*Monitors: An Operating System Structuring Concept*, 1974); the
//! bounded buffer is that paper's own example. This is its Mesa form (Lampson & Redell, 1980): a
//! woken waiter owns nothing yet, and looks again. Newcomers may therefore pass it, as often as C10
//! allows.
//!
//! Each condition is a [`WaitList`], so that tasks wait in it beside threads.

use std::mem;
use std::vec;

use forebay_contract::{PutError, Refusal};

use super::shelf::Shelf;
use crate::atomics::Mutex;
use crate::calls::Calls;
use crate::gauge::Gauge;
use crate::share::Tally;
use crate::store::{Closed, Counts, Entry, Progress, Store, Taken, TakenMany, Want};
use crate::waiter::{Sleeper, Turn, WaitList};

#[derive(Debug)]
pub(crate) struct Monitor<T> {
    shelf: Mutex<Shelf<T>>,
    not_full: WaitList,
    not_empty: WaitList,
}

impl<T> Monitor<T> {
    pub(crate) fn new(capacity: usize, gauge: Option<Gauge>) -> Self {
        Self {
            shelf: Mutex::new(Shelf::new(capacity, gauge)),
            not_full: WaitList::new(capacity),
            not_empty: WaitList::new(capacity),
        }
    }

    /// Whether the holder of the turn may put or reserve now.
    fn admits_put(&self, shelf: &Shelf<T>, turn: &Turn, weight: u64) -> bool {
        shelf.has_room(weight) && self.not_full.admits(turn, shelf.admitted())
    }

    /// Whether the holder of the turn may take now.
    fn admits_take(&self, shelf: &Shelf<T>, turn: &Turn) -> bool {
        shelf.depth() > 0 && self.not_empty.admits(turn, shelf.removed())
    }

    /// Does what is wanted, for which there is room; wakes a consumer for an item, and the next
    /// producer if this one waited.
    fn admit(
        &self,
        shelf: &mut Shelf<T>,
        want: Want<T>,
        weight: u64,
        turn: &mut Turn,
        calls: &mut Calls,
    ) {
        match want {
            Want::Item(item) => {
                shelf.put(item, weight, calls);
                self.not_empty.call(calls);
            }
            Want::Permit => shelf.reserve(weight),
            Want::Nothing => {}
        }
        self.not_full.leave(turn, calls, || shelf.has_room(0));
    }

    /// Takes, wakes a producer, and the next consumer if this one waited.
    fn take(
        &self,
        shelf: &mut Shelf<T>,
        turn: &mut Turn,
        tally: &Tally,
        calls: &mut Calls,
    ) -> Option<Taken<T>> {
        let entry = shelf.take(calls)?;
        tally.add(1);
        if shelf.has_room(0) {
            self.not_full.call(calls);
        }
        self.not_empty.leave(turn, calls, || shelf.depth() > 0);
        Some(Taken { entry, watched: shelf.watched })
    }
}

impl<T> Store<T> for Monitor<T> {
    #[inline(never)]
    fn try_put(&self, item: T, weight: u64, calls: &mut Calls) -> Result<(), PutError<T>> {
        let mut shelf = self.shelf.lock();
        let mut turn = Turn::default();
        if shelf.closed {
            Err(PutError { item, refusal: Refusal::Closed })
        } else if self.admits_put(&shelf, &turn, weight) {
            self.admit(&mut shelf, Want::Item(item), weight, &mut turn, calls);
            Ok(())
        } else {
            Err(PutError { item, refusal: Refusal::Full })
        }
    }

    fn try_put_many(&self, items: &mut vec::IntoIter<T>, calls: &mut Calls) -> u64 {
        let mut shelf = self.shelf.lock();
        let mut placed = 0;
        while !shelf.closed
            && self.admits_put(&shelf, &Turn::default(), 1)
            && let Some(item) = items.next()
        {
            shelf.put(item, 1, calls);
            placed += 1;
        }
        self.not_empty.call_many(placed, calls);
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
        if !(self.not_full.lock().is_empty() && shelf.could_have_room(weight)) {
            return Err(PutError { item, refusal: Refusal::Full });
        }
        while !shelf.has_room(weight) {
            dropped.push(shelf.take(calls).expect("what waits is in the way"));
        }
        self.admit(&mut shelf, Want::Item(item), weight, &mut Turn::default(), calls);
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
            self.not_full.leave(turn, calls, || false);
            return Progress::Done(Err(Closed));
        }
        if self.admits_put(&shelf, turn, weight) {
            let want = mem::replace(want, Want::Nothing);
            self.admit(&mut shelf, want, weight, turn, calls);
            return Progress::Done(Ok(()));
        }
        self.not_full.lock().wait(turn, sleeper, shelf.admitted(), calls);
        Progress::Asleep
    }

    fn cancel_put(&self, _: &mut Want<T>, turn: &mut Turn, calls: &mut Calls) {
        let shelf = self.shelf.lock();
        self.not_full.leave(turn, calls, || shelf.has_room(0));
    }

    fn try_reserve(&self, weight: u64, calls: &mut Calls) -> Result<(), Refusal> {
        let mut shelf = self.shelf.lock();
        let mut turn = Turn::default();
        if shelf.closed {
            Err(Refusal::Closed)
        } else if self.admits_put(&shelf, &turn, weight) {
            self.admit(&mut shelf, Want::Permit, weight, &mut turn, calls);
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
            return Err(item);
        }
        shelf.put(item, weight, calls);
        self.not_empty.call(calls);
        if shelf.has_room(0) {
            self.not_full.call(calls);
        }
        Ok(())
    }

    fn release(&self, reserved: u64, calls: &mut Calls) {
        let mut shelf = self.shelf.lock();
        shelf.release(reserved);
        if shelf.has_room(0) {
            self.not_full.call(calls);
        }
    }

    #[inline(never)]
    fn try_take(&self, tally: &Tally, calls: &mut Calls) -> Option<Taken<T>> {
        let mut shelf = self.shelf.lock();
        let mut turn = Turn::default();
        self.admits_take(&shelf, &turn)
            .then(|| self.take(&mut shelf, &mut turn, tally, calls))
            .flatten()
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
        while into.len() < most
            && self.admits_take(&shelf, &Turn::default())
            && let Some(entry) = shelf.take(calls)
        {
            into.push(entry.item);
        }
        let count = (into.len() - before) as u64;
        tally.add(count);
        if shelf.has_room(0) {
            self.not_full.call_many(count, calls);
        }
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
        if self.admits_take(&shelf, turn)
            && let Some(taken) = self.take(&mut shelf, turn, tally, calls)
        {
            return Progress::Done(taken);
        }
        self.not_empty.lock().wait(turn, sleeper, shelf.removed(), calls);
        Progress::Asleep
    }

    fn cancel_take(&self, turn: &mut Turn, calls: &mut Calls) {
        let shelf = self.shelf.lock();
        self.not_empty.leave(turn, calls, || shelf.depth() > 0);
    }

    fn give_back(&self, entry: Entry<T>, calls: &mut Calls) {
        self.shelf.lock().give_back(entry, calls);
        self.not_empty.call(calls);
    }

    fn close(&self, calls: &mut Calls) {
        self.shelf.lock().closed = true;
        self.not_full.rouse(calls);
        self.not_empty.rouse(calls);
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
        self.not_empty.rouse(calls);
    }

    fn counts(&self) -> Counts {
        self.shelf.lock().counts()
    }

    fn waiters(&self) -> (usize, usize) {
        (self.not_full.asleep(), self.not_empty.asleep())
    }
}

//! The counting semaphore.
//!
//! E. W. Dijkstra, *Cooperating Sequential Processes* (1965): a count of units; P takes one, or waits
//! for one; V brings one, and wakes who waits. Who is woken owns nothing yet, so a newcomer may come
//! first, as often as the line allows (C10): handing each unit to a sleeper would be fairer still, and
//! cost a context switch a unit.

use std::task::Waker;

use crate::atomics::Mutex;
use crate::waiter::{Admission, Calls, Turn, WaitList};

/// A count that threads and tasks wait on.
#[derive(Debug)]
pub(crate) struct Semaphore {
    /// Units free. Below zero: units owed, which later releases pay first.
    units: Mutex<i64>,
    line: WaitList,
}

impl Semaphore {
    /// With so many units, and waiters that let newcomers pass as those of a buffer so large.
    pub(crate) fn new(units: usize, capacity: usize) -> Self {
        Self {
            units: Mutex::new(i64::try_from(units).unwrap_or(i64::MAX)),
            line: WaitList::new(capacity),
        }
    }

    /// P, if a unit is free now and nobody is due for it.
    pub(crate) fn try_acquire(&self) -> bool {
        let mut units = self.units.lock();
        let free = *units > 0 && self.line.admits(&Turn::default()) != Admission::Refused;
        *units -= i64::from(free);
        free
    }

    /// P: true once a unit is the caller's, else the waker will be woken.
    pub(crate) fn poll_acquire(
        &self,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) -> bool {
        let mut units = self.units.lock();
        if *units > 0 && self.line.admits(turn) != Admission::Refused {
            *units -= 1;
            self.line.leave(turn, calls, || *units > 0);
            return true;
        }
        self.line.lock().wait(turn, waker, calls);
        false
    }

    /// Leaves the line, and passes on a wake that came meanwhile.
    pub(crate) fn cancel(&self, turn: &mut Turn, calls: &mut Calls) {
        let units = self.units.lock();
        self.line.leave(turn, calls, || *units > 0);
    }

    /// V.
    pub(crate) fn release(&self, calls: &mut Calls) {
        let mut units = self.units.lock();
        *units += 1;
        if *units > 0 {
            self.line.call(calls);
        }
    }

    /// Takes a unit whether there is one or not.
    pub(crate) fn owe(&self) {
        *self.units.lock() -= 1;
    }

    /// Has all waiters look at whatever else they watch.
    pub(crate) fn rouse(&self, calls: &mut Calls) {
        self.line.rouse(calls);
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.line.asleep()
    }
}

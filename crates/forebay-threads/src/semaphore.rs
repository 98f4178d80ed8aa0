//! The counting semaphore.
//!
//! E. W. Dijkstra, *Cooperating Sequential Processes* (1965): a count of units; P takes one, or waits
//! for one; V brings one. Here V hands its unit to whoever has waited longest, so nobody is ever
//! passed, and P never finds a unit that is somebody else's.

use std::task::Waker;

use crate::atomics::Mutex;
use crate::waiter::{Turn, WaitList};

/// A count that threads and tasks wait on, first come first served.
#[derive(Debug)]
pub(crate) struct Semaphore {
    /// Units free. Below zero: units owed, which later releases pay first. Above zero only while
    /// nobody waits.
    units: Mutex<i64>,
    /// A waiter that has been called owns a unit.
    line: WaitList,
}

impl Semaphore {
    pub(crate) fn new(units: usize) -> Self {
        Self { units: Mutex::new(i64::try_from(units).unwrap_or(i64::MAX)), line: WaitList::new(0) }
    }

    /// P, if a unit is free now.
    pub(crate) fn try_acquire(&self) -> bool {
        let mut units = self.units.lock();
        let free = *units > 0;
        *units -= i64::from(free);
        free
    }

    /// P: true once the unit is the caller's, else the waker will be woken.
    pub(crate) fn poll_acquire(&self, turn: &mut Turn, waker: &Waker) -> bool {
        let mut units = self.units.lock();
        let mut line = self.line.lock();
        if line.called(turn) {
            line.leave(turn);
            return true;
        }
        if *units > 0 && !turn.waits() {
            *units -= 1;
            return true;
        }
        line.wait(turn, waker);
        false
    }

    /// Leaves the line; a unit that was handed over meanwhile goes on to the next.
    pub(crate) fn cancel(&self, turn: &mut Turn) {
        let owned = self.line.lock().leave(turn);
        if owned {
            self.release();
        }
    }

    /// V.
    pub(crate) fn release(&self) {
        let mut units = self.units.lock();
        let next = if *units < 0 { None } else { self.line.lock().call() };
        if next.is_none() {
            *units += 1;
        }
        drop(units);
        if let Some(waker) = next {
            waker.wake();
        }
    }

    /// Takes a unit whether there is one or not.
    pub(crate) fn owe(&self) {
        *self.units.lock() -= 1;
    }

    /// Has all waiters look at whatever else they watch.
    pub(crate) fn rouse(&self) {
        self.line.rouse();
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.line.asleep()
    }
}

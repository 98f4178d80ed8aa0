//! The counting semaphore.
//!
//! E. W. Dijkstra, *Cooperating Sequential Processes* (1965): a count of units; P takes one, or waits
//! for one; V brings one, and wakes who waits. Who is woken owns nothing yet, so a newcomer may come
//! first, as often as the line allows (C10): handing each unit to a sleeper would be fairer still, and
//! cost a context switch a unit.

use std::task::Waker;

use crate::atomics::Mutex;
use crate::store::Progress;
use crate::waiter::{Calls, Turn, WaitList};

/// A count that threads and tasks wait on.
#[derive(Debug)]
pub(crate) struct Semaphore {
    units: Mutex<Units>,
    line: WaitList,
}

#[derive(Debug)]
struct Units {
    /// Below zero: units owed, which later releases pay first.
    free: i64,
    /// Units taken so far.
    taken: u64,
}

impl Units {
    fn take(&mut self) {
        self.free -= 1;
        self.taken += 1;
    }
}

impl Semaphore {
    /// With so many units, and waiters that let newcomers pass as those of a buffer so large.
    pub(crate) fn new(units: usize, capacity: usize) -> Self {
        Self {
            units: Mutex::new(Units { free: i64::try_from(units).unwrap_or(i64::MAX), taken: 0 }),
            line: WaitList::new(capacity),
        }
    }

    /// P, if a unit is free now and nobody is due for it.
    pub(crate) fn try_acquire(&self) -> bool {
        let mut units = self.units.lock();
        let free = units.free > 0 && self.line.admits(&Turn::default(), units.taken);
        if free {
            units.take();
        }
        free
    }

    /// P, unless it is not the time for it; else the waker will be woken.
    pub(crate) fn poll_acquire(
        &self,
        now: bool,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) -> Progress<()> {
        let mut units = self.units.lock();
        if now && units.free > 0 && self.line.admits(turn, units.taken) {
            units.take();
            self.line.leave(turn, calls, || units.free > 0);
            return Progress::Done(());
        }
        self.line.lock().wait(turn, waker, units.taken, calls);
        Progress::Asleep
    }

    /// Leaves the line, and passes on a wake that came meanwhile.
    pub(crate) fn cancel(&self, turn: &mut Turn, calls: &mut Calls) {
        let units = self.units.lock();
        self.line.leave(turn, calls, || units.free > 0);
    }

    /// V, so many times; with 0, only lets the first in line look again.
    pub(crate) fn release(&self, count: u64, calls: &mut Calls) {
        let mut units = self.units.lock();
        units.free += i64::try_from(count).unwrap_or(i64::MAX);
        if units.free > 0 {
            self.line.call_many(count.max(1), calls);
        }
    }

    /// Takes a unit whether there is one or not.
    pub(crate) fn owe(&self) {
        self.units.lock().free -= 1;
    }

    /// Whether any stand in line, woken or not.
    pub(crate) fn has_line(&self) -> bool {
        !self.line.lock().is_empty()
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

//! P and V, as polls and under the names that E. W. Dijkstra gave them.
//!
//! Who is woken owns nothing yet, so a newcomer may come first, as often as the line allows (C10):
//! handing each unit to a sleeper would be fairer still, and cost a context switch a unit.

use super::Semaphore;
use crate::calls::Calls;
use crate::store::Progress;
use crate::waiter::{Sleeper, Turn};

/// What a semaphore counts.
#[derive(Debug)]
pub(super) struct Count {
    /// Units free. Below zero: units owed, which later releases pay first.
    pub(super) free: i64,
    /// How often units were taken, for those who count their turns.
    turns: u64,
}

impl Count {
    pub(super) fn of(units: usize) -> Self {
        Self { free: signed(units), turns: 0 }
    }

    fn take(&mut self, wanted: i64) {
        self.free -= wanted;
        self.turns += 1;
    }
}

impl Semaphore {
    /// P, so many times at once, if the units are free now and nobody is due for them.
    pub(crate) fn try_p(&self, wanted: usize) -> bool {
        let wanted = signed(wanted);
        let mut count = self.count.lock();
        let had = count.free >= wanted
            && (wanted == 0 || self.line.admits(&Turn::default(), count.turns));
        if had {
            count.take(wanted);
        }
        had
    }

    /// P, so many times at once, unless it is not the time for it; else the waker will be woken.
    pub(crate) fn poll_p(
        &self,
        now: bool,
        wanted: usize,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        calls: &mut Calls,
    ) -> Progress<()> {
        let wanted = signed(wanted);
        let mut count = self.count.lock();
        if now && count.free >= wanted && self.line.admits(turn, count.turns) {
            count.take(wanted);
            self.line.leave(turn, calls, || count.free > 0);
            return Progress::Done(());
        }
        self.line.lock().wait(turn, sleeper, count.turns, calls);
        Progress::Asleep
    }

    /// Leaves the line, and passes on a wake that came meanwhile.
    pub(crate) fn cancel_p(&self, turn: &mut Turn, calls: &mut Calls) {
        let count = self.count.lock();
        self.line.leave(turn, calls, || count.free > 0);
    }

    /// V, so many times, for waiters that each want one unit: wakes as many. With 0, only lets the
    /// first in line look again.
    pub(crate) fn v(&self, times: u64, calls: &mut Calls) {
        let mut count = self.count.lock();
        count.free = count.free.saturating_add(i64::try_from(times).unwrap_or(i64::MAX));
        if count.free > 0 {
            self.line.call_many(times.max(1), calls);
        }
    }

    /// V, so many times, for waiters that may want many: wakes the first, who wakes the next if
    /// something is left. To wake more at once would let small wants pass a large one before it.
    pub(super) fn v_in_turn(&self, times: usize, calls: &mut Calls) {
        let mut count = self.count.lock();
        count.free = count.free.saturating_add(signed(times));
        if count.free > 0 {
            self.line.call(calls);
        }
    }

    /// P, whether there is a unit or not.
    pub(crate) fn owe(&self) {
        self.count.lock().free -= 1;
    }

    /// Whether any stand in line, woken or not.
    pub(crate) fn has_line(&self) -> bool {
        !self.line.lock().is_empty()
    }

    /// Has all waiters look at whatever else they watch.
    pub(crate) fn rouse(&self, calls: &mut Calls) {
        self.line.rouse(calls);
    }

    /// How many wait, and have not been woken.
    pub(crate) fn waiting(&self) -> usize {
        self.line.asleep()
    }
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

//! Waiting for units: the call, as threads and tasks poll it.

use super::Semaphore;
use crate::call::Call;
use crate::calls::Calls;
use crate::store::Progress;
use crate::waiter::{Sleeper, Turn};

/// Dropped before it is done, it leaves the line and passes on a wake that came meanwhile.
pub(super) struct Acquire<'a> {
    semaphore: &'a Semaphore,
    wanted: usize,
    turn: Turn,
}

impl<'a> Acquire<'a> {
    pub(super) fn new(semaphore: &'a Semaphore, wanted: usize) -> Self {
        Self { semaphore, wanted, turn: Turn::default() }
    }
}

impl Call for Acquire<'_> {
    /// The units are the caller's.
    type Output = ();

    fn poll(&mut self, sleeper: &mut Sleeper<'_>) -> Progress<()> {
        sleeper.prepare();
        let mut calls = Calls::default();
        self.semaphore.poll_p(true, self.wanted, &mut self.turn, sleeper, &mut calls)
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        if self.turn.waits() {
            self.semaphore.cancel_p(&mut self.turn, &mut Calls::default());
        }
    }
}

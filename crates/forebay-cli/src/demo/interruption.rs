//! Ctrl-C, as something that those who sleep can be woken by.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Whether the scene has been interrupted.
#[derive(Debug, Default)]
pub(super) struct Interruption {
    came: Mutex<bool>,
    changed: Condvar,
}

impl Interruption {
    /// It came.
    pub(super) fn come(&self) {
        *self.came() = true;
        self.changed.notify_all();
    }

    /// Sleeps, but not past the interruption; whether it has come.
    pub(super) fn pause(&self, duration: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.came(), duration, |came| !*came);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn came(&self) -> MutexGuard<'_, bool> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

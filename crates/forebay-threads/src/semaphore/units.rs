//! Units held.

use std::fmt;
use std::ops::Deref;

use super::Semaphore;

/// Units of a [`Semaphore`], held until this is dropped, also by a panic: then they are free again.
///
/// `S` is how the semaphore is held: `Units<&Semaphore>`, or `Units<Arc<Semaphore>>` for who outlives
/// the borrow. Leaked with [`mem::forget`](std::mem::forget), the units stay out, which is what
/// [`forget`](Self::forget) says aloud.
#[must_use = "units that are dropped are free again"]
pub struct Units<S: Deref<Target = Semaphore>> {
    semaphore: S,
    count: usize,
}

impl<S: Deref<Target = Semaphore>> Units<S> {
    pub(super) fn new(semaphore: S, count: usize) -> Self {
        Self { semaphore, count }
    }

    /// How many these are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Gives the units up for good: the semaphore has so many fewer, until somebody
    /// [releases](Semaphore::release) new ones.
    pub fn forget(mut self) {
        self.count = 0;
    }
}

impl<S: Deref<Target = Semaphore>> Drop for Units<S> {
    fn drop(&mut self) {
        if self.count > 0 {
            self.semaphore.give_back(self.count);
        }
    }
}

impl<S: Deref<Target = Semaphore>> fmt::Debug for Units<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Units").field("count", &self.count).finish_non_exhaustive()
    }
}

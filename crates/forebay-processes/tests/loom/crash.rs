//! The death of a process, as a thread that stops: nothing of it runs on, and what it had stored stays.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

loom::thread_local! {
    /// How many points this thread comes to before the one at which it dies.
    static LEFT: Cell<Option<u32>> = Cell::new(None);
}

std::thread_local! {
    /// In any schedule of the model, all of which run in one thread of the system: nothing of the model itself.
    static HAPPENED: Cell<bool> = const { Cell::new(false) };
}

struct Death;

/// Where one can die.
pub(crate) fn point() {
    let dies = LEFT.with(|left| {
        let now = left.get();
        left.set(now.and_then(|left| left.checked_sub(1)));
        now == Some(0)
    });
    if dies {
        HAPPENED.set(true);
        // Past the hook for panics: this is none.
        resume_unwind(Box::new(Death));
    }
}

/// Does this work, and dies before its point number `at`, from 0, if it comes to it.
pub(crate) fn mortal<R>(at: u32, work: impl FnOnce() -> R) -> Option<R> {
    LEFT.with(|left| left.set(Some(at)));
    let done = catch_unwind(AssertUnwindSafe(work));
    LEFT.with(|left| left.set(None));
    match done {
        Ok(done) => Some(done),
        Err(cause) if cause.is::<Death>() => None,
        Err(cause) => resume_unwind(cause),
    }
}

pub(crate) fn forget() {
    HAPPENED.set(false);
}

/// Whether anybody died, in any schedule since.
pub(crate) fn has_happened() -> bool {
    HAPPENED.get()
}

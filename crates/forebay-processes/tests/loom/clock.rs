//! Time, which passes for a thread only while it sleeps: each has its own, so that no schedule depends on it otherwise.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

loom::thread_local! {
    static SLEPT: Cell<Duration> = Cell::new(Duration::ZERO);
}

pub(crate) fn now() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now) + SLEPT.with(Cell::get)
}

pub(crate) fn pass(time: Duration) {
    SLEPT.with(|slept| slept.set(slept.get() + time));
}

//! Giving the processor up for a moment, as long as that is cheap.
//!
//! Where only those who use the buffer want the processor, one who gives it up has it back within microseconds, and
//! what it waits for is there. Beside others who use it fully, it has it back when their time is over, milliseconds
//! later; then to sleep and be woken is faster by far. So each time is measured, and after a dear one, in which the
//! buffer hardly moved, a thread sleeps at once for a while.

use std::cell::Cell;
use std::thread;
use std::time::Duration;

use crate::clock;

/// Whoever is away so long may have been away for a stranger.
const DEAR: u64 = Duration::from_millis(1).as_nanos() as u64;
/// It was none if the buffer was used once in so long meanwhile.
const BUSY: u64 = Duration::from_micros(10).as_nanos() as u64;
/// No stranger is let go on for longer: whoever was away more was stopped, or the machine slept.
const SLICE: u64 = Duration::from_millis(20).as_nanos() as u64;
/// A dear one is tried again after so many times what it cost.
const AGAIN: u64 = 64;

thread_local! {
    /// In nanoseconds since the machine started.
    static DEAR_UNTIL: Cell<u64> = const { Cell::new(0) };
}

/// Whether to give the processor up was dear lately.
pub(crate) fn is_dear() -> bool {
    is_dear_at(clock::since_boot())
}

/// Gives the processor up, unless that was dear lately: says whether it did. `turns` counts up with each use of the
/// buffer.
pub(crate) fn yield_now(turns: impl Fn() -> u64) -> bool {
    let before = clock::since_boot();
    if is_dear_at(before) {
        return false;
    }
    let used = turns();
    thread::yield_now();
    note(before, clock::since_boot(), || turns().wrapping_sub(used));
    true
}

fn is_dear_at(now: u64) -> bool {
    now < DEAR_UNTIL.get()
}

fn note(before: u64, after: u64, turns: impl Fn() -> u64) {
    let away = after.saturating_sub(before);
    if away > DEAR && turns() < away / BUSY {
        DEAR_UNTIL.set(after.saturating_add(AGAIN * away.min(SLICE)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_dear_is_left_alone_for_a_while() {
        note(0, DEAR, || 0);
        assert!(!is_dear_at(DEAR), "it was not so long");
        let after = 2 * DEAR;
        note(0, after, || after / BUSY);
        assert!(!is_dear_at(after), "the buffer was in use");
        note(0, after, || after / BUSY - 1);
        assert!(is_dear_at(after) && is_dear_at(after + AGAIN * after - 1));
        assert!(!is_dear_at(after + AGAIN * after));
    }

    #[test]
    fn a_thread_for_which_it_is_dear_does_not() {
        let now = clock::since_boot();
        assert!(yield_now(|| 0));
        note(now, now + 1000 * DEAR, || 0);
        assert!(!is_dear_at(now + 1000 * DEAR + AGAIN * SLICE), "it was stopped");
        assert!(is_dear() && !yield_now(|| 0));
        DEAR_UNTIL.set(0);
        assert!(!is_dear() && yield_now(|| 0));
    }
}

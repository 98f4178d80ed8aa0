//! A peer that hangs ends the measurement with its name, not the day.

use std::process;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Longer than any round that is still worth waiting for.
pub const LIMIT: Duration = Duration::from_mins(1);

/// Does `work`; if it takes longer than `limit`, says that `what` hangs and ends the process.
///
/// A thread that hangs cannot be ended from outside, so nothing less would do.
pub fn watch<R>(what: &str, limit: Duration, work: impl FnOnce() -> R) -> R {
    let (done, end) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if end.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                eprintln!("bench: {what} hangs: nothing came of it in {limit:?}");
                process::exit(1);
            }
        });
        let outcome = work();
        drop(done);
        outcome
    })
}

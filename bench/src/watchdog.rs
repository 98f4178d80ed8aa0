//! A peer that hangs ends the measurement with its name, not the day.

use std::process;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Longer than anything that is still worth waiting for takes beyond the time it was given.
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

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::Command;

    use super::*;

    /// What the next test runs in a process of its own.
    #[test]
    #[ignore = "it ends its process, as it should"]
    fn hangs() {
        watch("a peer at some place", Duration::from_millis(1), || {
            loop {
                thread::park();
            }
        });
    }

    #[test]
    fn whoever_hangs_is_named() {
        let tests = env::current_exe().expect("this runs somewhere");
        let mut hanging = Command::new(tests);
        hanging.args(["--exact", "watchdog::tests::hangs", "--ignored", "--nocapture"]);
        let output = hanging.output().expect("it starts");
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("bench: a peer at some place hangs"), "{said}");
    }

    #[test]
    fn whoever_does_not_hang_is_left_alone() {
        assert_eq!(watch("nobody", LIMIT, || 7), 7);
    }
}

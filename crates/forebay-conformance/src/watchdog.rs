//! The guard against hangs: no check measures speed, but none may wait for ever.
//!
//! A check runs on a thread of its own. When it does not end in time, it is reported and left
//! behind, still waiting; the test process ends without it.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a check may take when nobody says otherwise: far past what a slow machine needs.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Between two looks at something that another thread is about to do.
const LOOK: Duration = Duration::from_millis(1);

/// How a watched call ended badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mishap {
    /// It panicked with this message.
    Panicked(String),
    /// It did not end in this time.
    Hung(Duration),
}

/// Runs `call` on a thread of that name, and leaves it behind when it does not end in time.
pub fn watch<T: Send + 'static>(
    name: &str,
    limit: Duration,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Mishap> {
    let (tell, told) = mpsc::channel();
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let result = panic::catch_unwind(AssertUnwindSafe(call));
            // Nobody listens any more once the limit has passed.
            let _ = tell.send(result);
        })
        .expect("a thread can be started");
    match told.recv_timeout(limit) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(payload)) => Err(Mishap::Panicked(message(payload.as_ref()))),
        Err(_) => Err(Mishap::Hung(limit)),
    }
}

/// Sleeps until `condition` holds; false when it did not within a time far past what a slow machine
/// needs, and short of [`PATIENCE`], so that a check can say what it missed.
pub fn comes_true(condition: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE / 3;
    while !condition() {
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(LOOK);
    }
    true
}

/// Sleeps until `condition` holds. A check waits here for what another thread must do sooner or
/// later, and hangs into its watchdog when that never happens.
///
/// # Panics
///
/// With `what` when it did not hold within [`PATIENCE`].
pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not seen in {PATIENCE:?}");
        thread::sleep(LOOK);
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panicked without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ending_is_told() {
        assert_eq!(watch("ends", PATIENCE, || 3), Ok(3));
        let panicked = watch("panics", PATIENCE, || panic!("C{}", 1));
        assert_eq!(panicked, Err(Mishap::Panicked("C1".to_owned())));
        let short = Duration::from_millis(5);
        assert_eq!(watch("hangs", short, || thread::sleep(PATIENCE)), Err(Mishap::Hung(short)));
    }
}

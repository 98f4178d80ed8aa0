//! What this process has used of its processors.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Of all its threads, those that have ended included, so far.
pub fn time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).expect("it never runs backwards")
}

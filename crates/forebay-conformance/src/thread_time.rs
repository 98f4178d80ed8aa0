//! The processor time of one thread: what waiting must not cost (C5).
//!
//! Processor time, unlike wall time, does not grow when the machine is busy with something else,
//! so that a bound on it can be checked anywhere.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What the calling thread has used so far.
pub fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

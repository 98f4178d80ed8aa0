//! Threads that stay on one processor.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Keeps the calling thread on the first processor that this process may use; it never leaves it.
pub fn to_one_core() {
    let allowed = sched_getaffinity(None).expect("a thread may ask where it may run");
    let first = (0..CpuSet::MAX_CPU).find(|core| allowed.is_set(*core));
    let mut one = CpuSet::new();
    one.set(first.expect("it runs somewhere"));
    sched_setaffinity(None, &one).expect("a thread may stay on a core that it may use");
}

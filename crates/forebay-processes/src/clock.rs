//! What time it is, for three purposes: deadlines of leases, which survive a step of the wall clock; the times
//! that people are shown; and how long somebody waits.

use std::fs;
use std::sync::OnceLock;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds since the machine started, sleep included.
pub(crate) fn since_boot() -> u64 {
    nanoseconds(ClockId::Boottime)
}

/// Nanoseconds since 1970, as exact as a tick.
pub(crate) fn wall() -> u64 {
    nanoseconds(ClockId::RealtimeCoarse)
}

/// For how long one has waited.
pub(crate) fn now() -> Instant {
    Instant::now()
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
}

/// Which start of the machine this is.
pub(crate) fn boot() -> (u64, u64) {
    static BOOT: OnceLock<(u64, u64)> = OnceLock::new();
    *BOOT.get_or_init(|| {
        let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let digits: String = id.chars().filter(char::is_ascii_hexdigit).collect();
        let number = u128::from_str_radix(&digits, 16).unwrap_or(1);
        (number as u64, (number >> 64) as u64)
    })
}

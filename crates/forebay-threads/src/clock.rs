//! The two clocks by which waits are told.

/// Which clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// To the nanosecond.
    Precise,
    /// In steps of some milliseconds, at a fifth of the cost. A short wait is told as nothing, or now and then as
    /// a whole step; the sum over many is right.
    Coarse,
}

impl Clock {
    /// Nanoseconds since some moment, the same for both.
    #[cfg(target_os = "linux")]
    pub(crate) fn now(self) -> u64 {
        use rustix::time::{ClockId, clock_gettime};
        let now = clock_gettime(match self {
            Self::Precise => ClockId::Monotonic,
            Self::Coarse => ClockId::MonotonicCoarse,
        });
        now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn now(self) -> u64 {
        use std::sync::OnceLock;
        use std::time::Instant;
        static BEGINNING: OnceLock<Instant> = OnceLock::new();
        BEGINNING.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }
}

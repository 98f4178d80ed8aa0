//! Waiting for one operation of another thread that is already halfway.

use crate::atomics::thread;

/// A few spins, then a few yields, then short sleeps: the other thread is usually a few instructions
/// from done, and if it was switched out in between, spinning would keep it out.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    rests: u32,
}

impl Pause {
    #[cfg(not(loom))]
    const SPINS: u32 = 6;
    #[cfg(not(loom))]
    const YIELDS: u32 = 16;

    /// Rests once, longer than the last time.
    #[cfg(not(loom))]
    pub(crate) fn rest(&mut self) {
        if self.rests < Self::SPINS {
            (0..1 << self.rests).for_each(|_| std::hint::spin_loop());
        } else if self.rests < Self::SPINS + Self::YIELDS {
            thread::yield_now();
        } else {
            thread::sleep(Self::slice(self.rests - Self::SPINS - Self::YIELDS));
        }
        self.rests = self.rests.saturating_add(1);
    }

    #[cfg(loom)]
    pub(crate) fn rest(&mut self) {
        self.rests += 1;
        thread::yield_now();
    }

    /// How long to sleep the nth time: 50 µs, doubling, at most 1 ms.
    #[cfg(not(loom))]
    fn slice(nth: u32) -> std::time::Duration {
        std::time::Duration::from_micros((50 << nth.min(5)).min(1000))
    }
}

//! Where a process can be made to die: before any store to shared memory.
//!
//! Without the feature `crash-points`, nothing.

#[cfg(not(feature = "crash-points"))]
#[inline(always)]
#[allow(clippy::inline_always)] // nothing is left of it
pub(crate) fn point() {}

#[cfg(feature = "crash-points")]
pub(crate) use armed::point;
#[cfg(feature = "crash-points")]
pub use armed::{arm, disarm, reached};

#[cfg(feature = "crash-points")]
mod armed {
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Stores that are still let through; 0 when nobody is to die.
    static LEFT: AtomicU64 = AtomicU64::new(0);
    static REACHED: AtomicU64 = AtomicU64::new(0);

    /// Kills this process before its store number `store`, from 1, counted from now.
    pub fn arm(store: u64) {
        REACHED.store(0, Ordering::SeqCst);
        LEFT.store(store, Ordering::SeqCst);
    }

    /// Lets the process live; says how many stores there were since it was armed.
    pub fn disarm() -> u64 {
        LEFT.store(0, Ordering::SeqCst);
        reached()
    }

    /// Stores since the process was armed.
    pub fn reached() -> u64 {
        REACHED.load(Ordering::SeqCst)
    }

    pub(crate) fn point() {
        if LEFT.load(Ordering::Relaxed) == 0 {
            return;
        }
        if REACHED.fetch_add(1, Ordering::SeqCst) + 1 == LEFT.load(Ordering::SeqCst) {
            let _ = rustix::process::kill_process(
                rustix::process::getpid(),
                rustix::process::Signal::KILL,
            );
            // The signal is pending; nothing of ours runs on.
            loop {
                std::thread::park();
            }
        }
    }
}

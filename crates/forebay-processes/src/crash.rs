//! Where a process can be made to die, or to stop: before any store to shared memory.
//!
//! Without the feature `crash-points`, nothing.

#[cfg(not(feature = "crash-points"))]
#[inline(always)]
#[allow(clippy::inline_always)] // nothing is left of it
pub(crate) fn point() {}

#[cfg(feature = "crash-points")]
pub(crate) use armed::point;
#[cfg(feature = "crash-points")]
pub use armed::{arm, arm_stop, disarm, reached};

#[cfg(feature = "crash-points")]
mod armed {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use rustix::process::{Signal, getpid, kill_process};

    /// The store before which something happens; 0 when nothing is to.
    static AT: AtomicU64 = AtomicU64::new(0);
    static REACHED: AtomicU64 = AtomicU64::new(0);
    static ONLY_STOPS: AtomicBool = AtomicBool::new(false);

    /// Kills this process before its store number `store`, from 1, counted from now.
    pub fn arm(store: u64) {
        ONLY_STOPS.store(false, Ordering::SeqCst);
        REACHED.store(0, Ordering::SeqCst);
        AT.store(store, Ordering::SeqCst);
    }

    /// As [`arm`], but stops the process there, until somebody continues it.
    pub fn arm_stop(store: u64) {
        arm(store);
        ONLY_STOPS.store(true, Ordering::SeqCst);
    }

    /// Lets the process live; says how many stores there were since it was armed.
    pub fn disarm() -> u64 {
        AT.store(0, Ordering::SeqCst);
        reached()
    }

    /// Stores since the process was armed.
    pub fn reached() -> u64 {
        REACHED.load(Ordering::SeqCst)
    }

    pub(crate) fn point() {
        let at = AT.load(Ordering::Relaxed);
        if at == 0 || REACHED.fetch_add(1, Ordering::SeqCst) + 1 != at {
            return;
        }
        if ONLY_STOPS.load(Ordering::SeqCst) {
            let _ = kill_process(getpid(), Signal::STOP);
            return;
        }
        let _ = kill_process(getpid(), Signal::KILL);
        // The signal is pending; nothing of ours runs on.
        loop {
            std::thread::park();
        }
    }
}

//! Where a process can be made to die or to stop, power to fail, and another to go on: before any store to shared memory,
//! at each sync, and where one would sleep.
//!
//! Without the feature `crash-points`, nothing.

#[cfg(not(feature = "crash-points"))]
#[inline(always)]
#[allow(clippy::inline_always)] // nothing is left of it
pub(crate) fn point() {}

#[cfg(not(feature = "crash-points"))]
#[inline(always)]
#[allow(clippy::inline_always)] // nothing is left of it
pub(crate) fn around_sync(
    _: u64,
    _: u64,
    sync: impl FnOnce() -> std::io::Result<()>,
) -> std::io::Result<()> {
    sync()
}

#[cfg(not(feature = "crash-points"))]
#[inline(always)]
#[allow(clippy::inline_always)] // nothing is left of it
pub(crate) fn sleeps() -> bool {
    false
}

#[cfg(feature = "crash-points")]
pub use armed::{Moment, arm, arm_stop, disarm, fail_next_sync, reached, unwatch, watch};
#[cfg(feature = "crash-points")]
pub(crate) use armed::{around_sync, point, sleeps};

#[cfg(feature = "crash-points")]
mod armed {
    use std::cell::{Cell, RefCell};
    use std::io;
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

    /// What a watcher is told of.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Moment {
        /// A store is about to be made; all before it were.
        Store,
        /// These bytes of the file, first and end, are about to be synced.
        SyncBegins(u64, u64),
        /// They were.
        Synced(u64, u64),
        /// A sleep begins, and ends at once, for no reason.
        Sleeps,
    }

    type Watcher = Box<dyn FnMut(Moment)>;

    thread_local! {
        static WATCHER: RefCell<Option<Watcher>> = const { RefCell::new(None) };
        static FAILS: Cell<bool> = const { Cell::new(false) };
    }

    /// Tells the watcher of what this thread does, until [`unwatch`].
    pub fn watch(watcher: impl FnMut(Moment) + 'static) {
        WATCHER.set(Some(Box::new(watcher)));
    }

    /// Tells nobody any more.
    pub fn unwatch() {
        WATCHER.set(None);
    }

    /// Lets this thread's next sync fail, with nothing written.
    pub fn fail_next_sync() {
        FAILS.set(true);
    }

    /// Says whether anybody was told.
    fn tell(moment: Moment) -> bool {
        WATCHER.with_borrow_mut(|watcher| match watcher {
            Some(watcher) => {
                watcher(moment);
                true
            }
            None => false,
        })
    }

    /// Whether this thread is watched, and so does not sleep.
    pub(crate) fn sleeps() -> bool {
        tell(Moment::Sleeps)
    }

    pub(crate) fn around_sync(
        from: u64,
        to: u64,
        sync: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        if FAILS.take() {
            return Err(rustix::io::Errno::IO.into());
        }
        tell(Moment::SyncBegins(from, to));
        sync()?;
        tell(Moment::Synced(from, to));
        Ok(())
    }

    pub(crate) fn point() {
        tell(Moment::Store);
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

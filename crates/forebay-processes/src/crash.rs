//! Where a process can be made to die, and power to fail: before any store to shared memory, and at each sync.
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

#[cfg(feature = "crash-points")]
pub use armed::{Moment, arm, disarm, fail_next_sync, reached, unwatch, watch};
#[cfg(feature = "crash-points")]
pub(crate) use armed::{around_sync, point};

#[cfg(feature = "crash-points")]
mod armed {
    use std::cell::{Cell, RefCell};
    use std::io;
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

    /// What a watcher is told of.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Moment {
        /// A store is about to be made; all before it were.
        Store,
        /// These bytes of the file, first and end, are about to be synced.
        SyncBegins(u64, u64),
        /// They were.
        Synced(u64, u64),
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

    fn tell(moment: Moment) {
        WATCHER.with_borrow_mut(|watcher| {
            if let Some(watcher) = watcher {
                watcher(moment);
            }
        });
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

//! Ctrl-C, SIGTERM or SIGHUP while items are put: it ends the process between two steps, also where it waits; or is seen by
//! who has something to give back.

use std::io;
use std::pin::pin;
use std::process;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::run::interrupt::is_ignored;

/// How long the end of a step is waited for: it may hang on a process that was stopped.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between two looks whether it has come about.
const LOOK: Duration = Duration::from_millis(1);

/// Whether there was one.
#[derive(Debug)]
pub(super) struct Interruption {
    /// The signal; 0 while there was none.
    signal: AtomicI32,
    /// Locked during a step.
    step: Mutex<()>,
    main: Thread,
}

impl Interruption {
    /// From here on an interruption ends the process between two steps of this thread, after `tell`, which hears whether that
    /// is so: a step that comes to no end is not waited for.
    pub(super) fn listen(tell: impl Fn(bool) + Send + 'static) -> io::Result<Arc<Self>> {
        Self::hear(move |own, _| {
            let deadline = Instant::now() + PATIENCE;
            let mut is_between = true;
            while let Err(TryLockError::WouldBlock) = own.step.try_lock() {
                if Instant::now() >= deadline {
                    is_between = false;
                    break;
                }
                thread::sleep(LOOK);
            }
            tell(is_between);
        })
    }

    /// From here on an interruption is [seen](Self::signal) by this thread, which ends the process; `at_once` is done first.
    /// Where the process has not ended after a while, or is interrupted again, it ends as it is, after `late`.
    pub(super) fn see(
        at_once: impl Fn() + Send + 'static,
        late: impl Fn(i32) + Send + 'static,
    ) -> io::Result<Arc<Self>> {
        Self::hear(move |own, signals| {
            at_once();
            let deadline = Instant::now() + PATIENCE;
            while Instant::now() < deadline && signals.pending().next().is_none() {
                thread::sleep(LOOK);
            }
            late(own.signal().unwrap_or_default());
        })
    }

    /// Does this after the first signal, and ends the process then.
    fn hear(end: impl Fn(&Self, &mut Signals) + Send + 'static) -> io::Result<Arc<Self>> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        if !is_ignored(SIGHUP) {
            signals.add_signal(SIGHUP)?;
        }
        let step = Mutex::new(());
        let it = Arc::new(Self { signal: AtomicI32::new(0), step, main: thread::current() });
        let own = Arc::clone(&it);
        thread::Builder::new().name("interrupt".to_owned()).spawn(move || {
            if let Some(signal) = signals.forever().next() {
                // Pairs with the load in `signal`: who sees it does nothing more.
                own.signal.store(signal, Ordering::SeqCst);
                own.main.unpark();
                end(&own, &mut signals);
                process::exit(128 + signal);
            }
        })?;
        Ok(it)
    }

    /// The signal, if there was an interruption.
    pub(super) fn signal(&self) -> Option<i32> {
        Some(self.signal.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    /// Waits so long, unless there is an interruption.
    pub(super) fn pause(&self, time: Duration) {
        let deadline = Instant::now() + time;
        while self.signal().is_none() && Instant::now() < deadline {
            thread::park_timeout(deadline.saturating_duration_since(Instant::now()));
        }
    }

    /// Begins a step, which nothing interrupts. After an interruption there is none any more.
    pub(super) fn step(&self) -> MutexGuard<'_, ()> {
        let step = self.step.lock();
        if self.signal().is_none()
            && let Ok(step) = step
        {
            return step;
        }
        drop(step);
        Self::wait_for_the_end()
    }

    /// Does nothing more, after an interruption: the thread that was told of it ends the process.
    pub(super) fn wait_for_the_end() -> ! {
        loop {
            thread::park();
        }
    }

    /// Waits for this, unless there is an interruption: then it is dropped.
    pub(super) fn unless<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let waker = Waker::from(Arc::new(Unpark(self.main.clone())));
        while self.signal().is_none() {
            if let Poll::Ready(it) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Some(it);
            }
            thread::park();
        }
        None
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

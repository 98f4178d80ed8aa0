//! Ctrl-C, SIGTERM or SIGHUP while items are put: it ends the process between two steps, also where it waits.

use std::io;
use std::pin::pin;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::run::interrupt::is_ignored;

/// How long the end of a step is waited for: it may hang on a process that was stopped.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether there was one.
#[derive(Debug)]
pub(super) struct Interruption {
    is_there: AtomicBool,
    /// Locked during a step.
    step: Mutex<()>,
    main: Thread,
}

impl Interruption {
    /// From here on an interruption ends the process between two steps of this thread, after `tell`, which hears whether that
    /// is so: a step that comes to no end is not waited for.
    pub(super) fn listen(tell: impl Fn(bool) + Send + 'static) -> io::Result<Arc<Self>> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        if !is_ignored(SIGHUP) {
            signals.add_signal(SIGHUP)?;
        }
        let step = Mutex::new(());
        let it = Arc::new(Self { is_there: AtomicBool::new(false), step, main: thread::current() });
        let own = Arc::clone(&it);
        thread::Builder::new().name("interrupt".to_owned()).spawn(move || {
            if let Some(signal) = signals.forever().next() {
                // Pairs with the loads in `step` and `unless`: who sees it does nothing more.
                own.is_there.store(true, Ordering::SeqCst);
                own.main.unpark();
                let deadline = Instant::now() + PATIENCE;
                let mut is_between = true;
                while let Err(TryLockError::WouldBlock) = own.step.try_lock() {
                    if Instant::now() >= deadline {
                        is_between = false;
                        break;
                    }
                    thread::sleep(Duration::from_millis(1));
                }
                tell(is_between);
                process::exit(128 + signal);
            }
        })?;
        Ok(it)
    }

    /// Begins a step, which nothing interrupts. After an interruption there is none any more.
    pub(super) fn step(&self) -> MutexGuard<'_, ()> {
        let step = self.step.lock();
        if !self.is_there.load(Ordering::SeqCst)
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
        while !self.is_there.load(Ordering::SeqCst) {
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

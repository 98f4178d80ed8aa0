//! How a thread waits: by polling, asleep in between.
//!
//! Every wait is written once, as a [`Call`] that is polled with a [`Waker`]. A task passes its own; a thread
//! passes one that unparks it, and parks. So threads and tasks wait in the same lines by the same
//! code.

use std::sync::Arc;
use std::task::{Wake, Waker};

use forebay_contract::Patience;

use crate::atomics::{Thread, thread};
use crate::call::Call;
use crate::pause::Pause;
use crate::store::Progress;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

fn with_waker<R>(wait: impl FnOnce(&Waker) -> R) -> R {
    let waker = || Waker::from(Arc::new(Unpark(thread::current())));
    #[cfg(not(loom))]
    {
        std::thread_local! {
            static WAKER: Waker = Waker::from(Arc::new(Unpark(thread::current())));
        }
        // While the thread's locals are being torn down, a waker for this one wait will do.
        if let Ok(waker) = WAKER.try_with(Waker::clone) {
            return wait(&waker);
        }
    }
    wait(&waker())
}

/// Polls until done, asleep in between; `None` once the patience is over. The poll that finds the
/// patience over is the last, so what came at the last moment is not missed.
pub(crate) fn wait<C: Call>(patience: Patience, call: &mut C) -> Option<C::Output> {
    with_waker(|waker| {
        let mut pause = Pause::default();
        loop {
            let over = is_over(patience);
            match call.poll(waker) {
                Progress::Done(result) => return Some(result),
                // What is in flight is not waited for: it ends by itself.
                Progress::InFlight => pause.rest(),
                Progress::Asleep if over => return None,
                Progress::Asleep => {
                    pause = Pause::default();
                    park(patience);
                }
            }
        }
    })
}

#[cfg(not(loom))]
fn is_over(patience: Patience) -> bool {
    match patience {
        Patience::Try => true,
        Patience::Until(deadline) => std::time::Instant::now() >= deadline,
        Patience::Forever => false,
    }
}

#[cfg(not(loom))]
fn park(patience: Patience) {
    match patience {
        Patience::Until(deadline) => {
            thread::park_timeout(deadline.saturating_duration_since(std::time::Instant::now()));
        }
        Patience::Try | Patience::Forever => thread::park(),
    }
}

/// Loom has no clock: a deadline may pass at any poll, so it passes at once.
#[cfg(loom)]
fn is_over(patience: Patience) -> bool {
    patience != Patience::Forever
}

#[cfg(loom)]
fn park(_: Patience) {
    thread::park();
}

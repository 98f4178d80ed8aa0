//! How a thread waits: by polling, asleep in between.
//!
//! Every wait is written once, as a [`Call`] that is polled with a [`Waker`]. A task passes its own; a thread
//! passes one that unparks it, and parks. So threads and tasks wait in the same lines by the same
//! code.

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Instant;

use forebay_contract::Patience;

use crate::atomics::Parker;
use crate::call::Call;
use crate::pause::Mood;
use crate::store::Progress;
use crate::waiter::Sleeper;

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}

/// Polls until done, asleep in between; `None` once the patience is over. The poll that finds the
/// patience over is the last, so what came at the last moment is not missed.
pub(crate) fn wait<C: Call>(patience: Patience, call: &mut C) -> Option<C::Output> {
    with_parker(|parker, waker| {
        loop {
            let over = is_over(patience);
            match call.poll(&mut Sleeper::thread(waker)) {
                Progress::Done(result) => return Some(result),
                Progress::Asleep if over => return None,
                Progress::Asleep => park(parker, patience),
            }
        }
    })
}

/// As [`wait`], after other ways to wait; notes in `mood` how long the sleep was.
pub(crate) fn sleep<C: Call>(patience: Patience, call: &mut C, mood: &Mood) -> Option<C::Output> {
    let begun = Instant::now();
    let over = wait(patience, call);
    mood.slept(begun.elapsed());
    over
}

/// The thread's own parker, made once.
#[cfg(not(any(loom, shuttle)))]
fn with_parker<R>(wait: impl FnOnce(&Parker, &Waker) -> R) -> R {
    std::thread_local! {
        static OWN: (Arc<Parker>, Waker) = make_parker();
    }
    // While the thread's locals are being torn down, one made for this wait will do.
    let (parker, waker) = OWN
        .try_with(|(parker, waker)| (Arc::clone(parker), waker.clone()))
        .unwrap_or_else(|_| make_parker());
    wait(&parker, &waker)
}

#[cfg(any(loom, shuttle))]
fn with_parker<R>(wait: impl FnOnce(&Parker, &Waker) -> R) -> R {
    let (parker, waker) = make_parker();
    wait(&parker, &waker)
}

fn make_parker() -> (Arc<Parker>, Waker) {
    let parker = Arc::new(Parker::current());
    let waker = Waker::from(Arc::clone(&parker));
    (parker, waker)
}

#[cfg(not(any(loom, shuttle)))]
fn is_over(patience: Patience) -> bool {
    match patience {
        Patience::Try => true,
        Patience::Until(deadline) => Instant::now() >= deadline,
        Patience::Forever => false,
    }
}

#[cfg(not(any(loom, shuttle)))]
fn park(_: &Parker, patience: Patience) {
    match patience {
        Patience::Until(deadline) => {
            let rest = deadline.saturating_duration_since(Instant::now());
            std::thread::park_timeout(rest);
        }
        Patience::Try | Patience::Forever => std::thread::park(),
    }
}

/// Loom and shuttle have no clock: a deadline may pass at any poll, so it passes at once.
#[cfg(any(loom, shuttle))]
fn is_over(patience: Patience) -> bool {
    patience != Patience::Forever
}

#[cfg(any(loom, shuttle))]
fn park(parker: &Parker, _: Patience) {
    parker.park();
}

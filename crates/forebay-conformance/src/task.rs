//! The smallest executor: a future, polled by hand, whose wakes are counted.
//!
//! The contract's async half is about when a waiter is woken and what its cancelling leaves behind,
//! so the checks poll by hand and drop where they please; an executor would hide both.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::Factory;
use crate::watchdog::comes_true;

/// Polls that a future may ask for by waking itself before it must settle: a short bounded yield
/// is allowed (C5), a loop is not.
const MOST_YIELDS: usize = 1_000;

/// An answer that travels is there after so long, unless it is none that anybody owes.
const ON_ITS_WAY: Duration = Duration::from_millis(50);

#[derive(Debug)]
struct Wakes {
    count: AtomicUsize,
    thread: Thread,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.thread.unpark();
    }
}

/// A future and its wakes. Dropping it cancels what it waits for.
pub struct Task<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
    wakes: Arc<Wakes>,
    seen: usize,
    is_answered: bool,
}

impl<'a, T> Task<'a, T> {
    /// A task that was not polled yet.
    pub fn new(future: impl Future<Output = T> + Send + 'a) -> Self {
        let wakes = Wakes { count: AtomicUsize::new(0), thread: thread::current() };
        Self { future: Box::pin(future), wakes: Arc::new(wakes), seen: 0, is_answered: false }
    }

    /// Whether it was woken since its last poll began.
    pub fn is_woken(&self) -> bool {
        self.wakes.count.load(Ordering::SeqCst) > self.seen
    }

    /// Whether it was woken, now that it had to be: at once, or, where wakes travel, as soon as its wake
    /// has come.
    pub fn gets_woken<F: Factory>(&self) -> bool {
        if F::WAKES_TRAVEL { comes_true(|| self.is_woken()) } else { self.is_woken() }
    }

    /// Whether it is to be polled: it was woken, or its wake may be on the way.
    pub fn is_due<F: Factory>(&self) -> bool {
        F::WAKES_TRAVEL || self.is_woken()
    }

    /// Polls once.
    pub fn poll(&mut self) -> Poll<T> {
        self.seen = self.wakes.count.load(Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&self.wakes));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// Polls until it is ready or waits to be woken.
    ///
    /// # Panics
    ///
    /// When it keeps waking itself: that is waiting by spinning (C5).
    pub fn settle(&mut self) -> Poll<T> {
        for _ in 0..MOST_YIELDS {
            let polled = self.poll();
            if polled.is_ready() || !self.is_woken() {
                return polled;
            }
            self.is_answered = true;
        }
        panic!("C5 waiting: a future that has to wait wakes itself again and again");
    }

    /// [Settles](Task::settle). Where answers travel, the first one is waited for, which wakes the task
    /// whether it is ready or has to wait; and later ones as long as one may be on its way.
    pub fn settled<F: Factory>(&mut self) -> Poll<T> {
        let mut polled = self.settle();
        while F::ANSWERS_TRAVEL && polled.is_pending() {
            let is_told = if self.is_answered {
                self.is_woken_within(ON_ITS_WAY)
            } else {
                comes_true(|| self.is_woken())
            };
            self.is_answered = true;
            if !is_told {
                break;
            }
            polled = self.settle();
        }
        polled
    }

    fn is_woken_within(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        while !self.is_woken() && Instant::now() < end {
            thread::park_timeout(end.saturating_duration_since(Instant::now()));
        }
        self.is_woken()
    }

    /// [Settles](Task::settled), now that it had to become ready: at once, or, where wakes travel, as
    /// soon as the wake that matters has come, which need not be the first.
    pub fn gets_ready<F: Factory>(&mut self) -> Poll<T> {
        let mut polled = self.settled::<F>();
        while F::WAKES_TRAVEL && polled.is_pending() && self.gets_woken::<F>() {
            polled = self.settled::<F>();
        }
        polled
    }
}

/// Runs the future on this thread, which sleeps between wakes.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let wakes = Arc::new(Wakes { count: AtomicUsize::new(0), thread: thread::current() });
    let waker = Waker::from(Arc::clone(&wakes));
    let mut future = pin!(future);
    loop {
        let seen = wakes.count.load(Ordering::SeqCst);
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        while wakes.count.load(Ordering::SeqCst) == seen {
            thread::park();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future;

    use super::*;

    #[test]
    fn a_woken_task_says_so_until_it_is_polled() {
        let mut polls = 0;
        let mut task = Task::new(future::poll_fn(move |context| {
            polls += 1;
            if polls == 1 {
                context.waker().wake_by_ref();
                Poll::Pending
            } else {
                Poll::Ready(polls)
            }
        }));
        assert!(!task.is_woken());
        assert!(task.poll().is_pending());
        assert!(task.is_woken());
        assert_eq!(task.settle(), Poll::Ready(2));
    }

    #[test]
    #[should_panic(expected = "C5 waiting")]
    fn a_future_that_spins_is_found() {
        let mut task = Task::new(future::poll_fn(|context| -> Poll<()> {
            context.waker().wake_by_ref();
            Poll::Pending
        }));
        let _ = task.settle();
    }

    #[test]
    fn block_on_sleeps_until_woken_from_another_thread() {
        let mut asked = false;
        let output = block_on(future::poll_fn(|context| {
            if asked {
                return Poll::Ready(5);
            }
            asked = true;
            let waker = context.waker().clone();
            thread::spawn(move || waker.wake());
            Poll::Pending
        }));
        assert_eq!(output, 5);
    }
}

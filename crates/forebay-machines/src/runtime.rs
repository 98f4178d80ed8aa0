//! The one runtime of this crate, on which all connections live.
//!
//! It is started by the first connection, and is the same for every buffer of the process. What is begun there from one
//! thread is begun in that order, and reaches its server in that order: a lease that is dropped is back before the next
//! call of its thread looks.
//!
//! Who waits for an answer drives it meanwhile, and nobody else has to be woken for that, twice an answer. A thread of the
//! crate drives it while nobody waits: it makes way at once, and comes back when there has been a [lull](LULL).

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Notify, oneshot};
use tokio::time;

/// So long after the last call the thread drives again. What is begun and waited for by nobody may rest for that time.
const LULL: Duration = Duration::from_millis(1);

/// Longer than an answer takes where a server is not busy.
const SOON: Duration = Duration::from_millis(10);

static DRIVERS: LazyLock<Drivers> = LazyLock::new(Drivers::start);

/// Those who drive the runtime. At any moment one of them does; tokio sees to it that another takes over from one who goes.
struct Drivers {
    /// With one thread at a time, not several: so that what is begun first is sent first.
    runtime: Runtime,
    turn: Mutex<Turn>,
    /// Asks the thread to make way.
    wanted: Notify,
    /// The last caller has gone.
    none: Condvar,
}

/// Whose turn it is.
struct Turn {
    /// Those who wait for something, and drive.
    callers: usize,
    /// Whether one has come since the thread looked last.
    is_busy: bool,
    /// Whether the thread drives.
    is_kept: bool,
    /// Whether the thread sleeps until there are no callers.
    sleeps: bool,
}

impl Drivers {
    fn start() -> Self {
        let runtime =
            Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
        thread::Builder::new()
            .name("forebay-machines".to_owned())
            .spawn(|| DRIVERS.keep())
            .expect("a thread can be started");
        let turn = Turn { callers: 0, is_busy: false, is_kept: true, sleeps: false };
        Self { runtime, turn: Mutex::new(turn), wanted: Notify::new(), none: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the thread does.
    fn keep(&self) {
        loop {
            self.runtime.block_on(self.wanted.notified());
            self.await_lull();
        }
    }

    /// Sleeps until nobody calls any more. Then it is the thread's turn.
    fn await_lull(&self) {
        loop {
            thread::sleep(LULL);
            let mut turn = self.lock();
            turn.sleeps = true;
            let callers = |turn: &mut Turn| turn.callers > 0;
            turn = self.none.wait_while(turn, callers).unwrap_or_else(PoisonError::into_inner);
            turn.sleeps = false;
            if !turn.is_busy {
                turn.is_kept = true;
                return;
            }
            turn.is_busy = false;
        }
    }

    /// Drives until this is ready.
    fn drive<T>(&self, future: impl Future<Output = T>) -> T {
        let _caller = Caller::new(self);
        self.runtime.block_on(future)
    }
}

/// One of those who wait, while it does.
struct Caller<'a>(&'a Drivers);

impl<'a> Caller<'a> {
    fn new(drivers: &'a Drivers) -> Self {
        let mut turn = drivers.lock();
        turn.callers += 1;
        turn.is_busy = true;
        let was_kept = std::mem::take(&mut turn.is_kept);
        drop(turn);
        if was_kept {
            drivers.wanted.notify_one();
        }
        Self(drivers)
    }
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        let mut turn = self.0.lock();
        turn.callers -= 1;
        if turn.callers == 0 && turn.sleeps {
            self.0.none.notify_one();
        }
    }
}

/// Wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Sleeps until this is ready, and leaves the driving to others.
pub(crate) fn sleep_until<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(ready) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return ready;
        }
        thread::park();
    }
}

/// Waits for what is begun here until it is ready, or for longer than an answer takes: who waits on sleeps, and leaves
/// the driving to others.
pub(crate) fn block_on_soon<T>(future: impl Future<Output = T>) -> Option<T> {
    // Within somebody's runtime no other may be driven.
    match Handle::try_current() {
        Ok(_) => Some(sleep_until(future)),
        Err(_) => DRIVERS.drive(async { time::timeout(SOON, future).await.ok() }),
    }
}

/// Waits for what is begun here until it is ready.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    // Within somebody's runtime no other may be driven.
    match Handle::try_current() {
        Ok(_) => sleep_until(future),
        Err(_) => DRIVERS.drive(future),
    }
}

/// Begins something that goes on by itself.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    drop(DRIVERS.runtime.spawn(task));
}

/// Runs something there, and sleeps until it is done.
pub(crate) fn wait<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> T {
    let (tell, told) = oneshot::channel();
    spawn(async move {
        // Whoever waits for it is still there.
        let _ = tell.send(task.await);
    });
    block_on(told).expect("what was begun comes to its end")
}

/// Runs something there, for a task of any executor.
pub(crate) async fn wait_async<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> T {
    DRIVERS.runtime.spawn(task).await.expect("what was begun comes to its end")
}

#[cfg(test)]
mod tests {
    use std::future;
    use std::sync::mpsc;

    use super::*;

    /// Longer than anything here takes: only a hang is told by it.
    const HANG: Duration = Duration::from_mins(1);

    #[test]
    fn what_is_begun_goes_on_when_its_callers_have_gone() {
        let (tell, told) = mpsc::channel();
        for number in 0..20 {
            let tell = tell.clone();
            spawn(async move {
                time::sleep(Duration::from_millis(3)).await;
                tell.send(number).expect("it is waited for");
            });
            // The thread makes way for this, and has to come back.
            assert_eq!(wait(async move { number }), number);
        }
        let all: Vec<i32> = (0..20).map(|_| told.recv_timeout(HANG).expect("it goes on")).collect();
        assert_eq!(all, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn callers_take_over_from_each_other() {
        let (tell, told) = mpsc::channel();
        for thread in 0..8_u64 {
            let tell = tell.clone();
            thread::spawn(move || {
                for call in 0..200 {
                    let pause = Duration::from_micros((thread * 37 + call * 11) % 300);
                    wait(async move { time::sleep(pause).await });
                }
                tell.send(thread).expect("it is waited for");
            });
        }
        for _ in 0..8 {
            told.recv_timeout(HANG).expect("all of them come to their end");
        }
    }

    #[test]
    fn who_waits_for_long_leaves_the_driving_to_others() {
        let (tell, told) = mpsc::channel();
        assert_eq!(block_on_soon(future::ready(3)), Some(3));
        assert_eq!(block_on_soon(future::pending::<()>()), None);
        spawn(async move { tell.send(7).expect("it is waited for") });
        assert_eq!(told.recv_timeout(HANG), Ok(7));
    }

    #[test]
    fn who_waits_within_another_runtime_leaves_that_alone() {
        let other = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let answer = other.block_on(async { wait(async { 7 }) });
        assert_eq!(answer, 7);
    }
}

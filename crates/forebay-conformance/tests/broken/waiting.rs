//! How the callers of the reference buffer wait and give up, as threads and as tasks.

use std::future::{Future, poll_fn};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use forebay_contract::{JoinError, Patience};

use crate::fault::Fault;
use crate::monitor::Monitor;
use crate::state::{State, Want};

/// Tries until it is answered, in line, as long as the caller is patient. `None` is giving up.
pub(crate) fn wait<T>(
    monitor: &Monitor,
    want: Want,
    patience: Patience,
    mut attempt: impl FnMut(&mut State, Option<u64>) -> Option<T>,
) -> Option<T> {
    let mut state = monitor.lock();
    if let Some(answer) = attempt(&mut state, None) {
        let takes = matches!(want, Want::Item { .. });
        if !(takes && monitor.has(Fault::TakeWakesNobody)) {
            monitor.announce(&mut state);
        }
        return Some(answer);
    }
    let deadline = match patience {
        Patience::Try => return None,
        Patience::Until(deadline) => Some(deadline),
        Patience::Forever => None,
    };
    let ticket = Monitor::enter(&mut state, want, None);
    let answer = loop {
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            break None;
        }
        state = monitor.sleep(state, deadline);
        let is_over = deadline.is_some_and(|deadline| deadline <= Instant::now());
        if is_over && monitor.has(Fault::SwallowsWakeAtDeadline) {
            monitor.leave(&mut state, ticket);
            return None;
        }
        // Leases may have expired meanwhile.
        drop(state);
        state = monitor.lock();
        if let Some(answer) = attempt(&mut state, Some(ticket)) {
            break Some(answer);
        }
    };
    monitor.leave(&mut state, ticket);
    monitor.announce(&mut state);
    answer
}

/// A place in the line that is left when the future goes.
struct Queued<'a> {
    monitor: &'a Arc<Monitor>,
    want: Want,
    deadline: Option<Instant>,
    ticket: Option<u64>,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut state = self.monitor.lock();
            let roused = Monitor::is_roused(&state, ticket);
            self.monitor.leave(&mut state, ticket);
            let takes = matches!(self.want, Want::Item { .. } | Want::Lease { .. });
            if roused && self.monitor.has(Fault::LosesOnCancel) && takes {
                Monitor::lose_one(&mut state);
            }
            if !self.monitor.has(Fault::SwallowsWake) {
                self.monitor.announce(&mut state);
            }
        }
    }
}

impl Queued<'_> {
    fn poll<T>(
        &mut self,
        context: &Context<'_>,
        mut attempt: impl FnMut(&mut State, Option<u64>) -> Option<T>,
    ) -> Poll<Option<T>> {
        let mut state = self.monitor.lock();
        let answer = attempt(&mut state, self.ticket);
        if answer.is_some() || self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            if let Some(ticket) = self.ticket.take() {
                self.monitor.leave(&mut state, ticket);
            }
            let puts = matches!(self.want, Want::Place { .. });
            if !(puts && self.monitor.has(Fault::WakesOneOfMany)) {
                self.monitor.announce(&mut state);
            }
            return Poll::Ready(answer);
        }
        let waker = context.waker();
        if let Some(ticket) = self.ticket {
            Monitor::set_waker(&mut state, ticket, waker);
        } else {
            let ticket = Monitor::enter(&mut state, self.want, Some(waker.clone()));
            self.ticket = Some(ticket);
            if let Some(deadline) = self.deadline {
                let monitor = Arc::downgrade(self.monitor);
                thread::spawn(move || rouse_at(&monitor, ticket, deadline));
            }
        }
        Poll::Pending
    }
}

/// Rouses whoever holds this ticket at its deadline, if it still waits then.
fn rouse_at(monitor: &Weak<Monitor>, ticket: u64, deadline: Instant) {
    while let Some(monitor) = monitor.upgrade() {
        let mut state = monitor.lock();
        if !state.line.iter().any(|waiter| waiter.ticket == ticket) {
            return;
        }
        if deadline <= Instant::now() {
            monitor.rouse(&mut state, ticket);
            return;
        }
        drop(state);
        drop(monitor);
        let left = deadline.saturating_duration_since(Instant::now());
        thread::sleep(left.min(Duration::from_millis(2)));
    }
}

/// Tries until it is answered, as a task, as long as the caller is patient. `None` is giving up.
pub(crate) async fn wait_async<T>(
    monitor: &Arc<Monitor>,
    want: Want,
    patience: Patience,
    mut attempt: impl FnMut(&mut State, Option<u64>) -> Option<T> + Send,
) -> Option<T> {
    let deadline = match patience {
        Patience::Try => Some(Instant::now()),
        Patience::Until(deadline) => Some(deadline),
        Patience::Forever => None,
    };
    let mut queued = Queued { monitor, want, deadline, ticket: None };
    poll_fn(move |context| queued.poll(context, &mut attempt)).await
}

/// Tries until it is answered, as a task.
pub(crate) async fn wait_forever<T>(
    monitor: &Arc<Monitor>,
    want: Want,
    attempt: impl FnMut(&mut State, Option<u64>) -> Option<T> + Send,
) -> T {
    let answer = wait_async(monitor, want, Patience::Forever, attempt).await;
    answer.expect("who has no deadline does not give up")
}

pub(crate) fn join_within(monitor: &Monitor, patience: Patience) -> Result<(), JoinError> {
    wait(monitor, Want::Join, patience, |state, _| monitor.is_joined(state).then_some(()))
        .ok_or(JoinError::TimedOut)
}

pub(crate) fn join_async(monitor: &Arc<Monitor>) -> impl Future<Output = ()> + Send {
    wait_forever(monitor, Want::Join, |state, _| monitor.is_joined(state).then_some(()))
}

/// Wakes, after a while on the way.
pub(crate) fn wake_later(waker: Waker) {
    thread::spawn(|| {
        thread::sleep(Duration::from_millis(1));
        waker.wake();
    });
}

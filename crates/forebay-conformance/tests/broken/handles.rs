//! The handles of the reference buffer: how its callers wait, give up and go.

use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use forebay_conformance::{Counted, Factory, Item, Ledger, Settings};
use forebay_contract::{
    Consume, DeadLetter, LeaseError, Leased, Patience, Produce, PutError, Refusal, Statistics,
    TakeError, TimedOut,
};

use crate::fault::Fault;
use crate::monitor::Monitor;
use crate::state::{Entry, State, Want};

/// Makes reference buffers, right ones or with one fault.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference(pub(crate) Option<Fault>);

impl Factory for Reference {
    type Item = Counted;
    type Producer = Producer;
    type Consumer = Consumer;

    fn build(&self, settings: &Settings) -> Result<(Producer, Consumer), String> {
        if settings.capacity == 0 && self.0 != Some(Fault::AcceptsCapacityZero) {
            return Err("a capacity of 0 would hold no item: choose at least 1".to_owned());
        }
        if settings.capacity == 1 && self.0 == Some(Fault::RefusesCapacityOne) {
            return Err("this one is broken".to_owned());
        }
        let monitor = Arc::new(Monitor::new(*settings, self.0));
        let number = {
            let mut state = monitor.lock();
            state.producers = 1;
            Monitor::new_consumer(&mut state)
        };
        if settings.lease_time.is_some() {
            let watched = Arc::downgrade(&monitor);
            thread::spawn(move || watch_deadlines(&watched));
        }
        Ok((Producer(Arc::clone(&monitor)), Consumer { monitor, number }))
    }
}

/// Ends expired leases while nobody calls, for the tasks that wait for their items.
fn watch_deadlines(monitor: &Weak<Monitor>) {
    while let Some(monitor) = monitor.upgrade() {
        drop(monitor.lock());
        drop(monitor);
        thread::sleep(Duration::from_millis(2));
    }
}

/// Tries until it is answered, in line, as long as the caller is patient. `None` is giving up.
fn wait<T>(
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
    monitor: &'a Monitor,
    want: Want,
    ticket: Option<u64>,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut state = self.monitor.lock();
            let roused = Monitor::is_roused(&state, ticket);
            self.monitor.leave(&mut state, ticket);
            if roused && self.monitor.has(Fault::LosesOnCancel) && self.want != Want::Place {
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
    ) -> Poll<T> {
        let mut state = self.monitor.lock();
        if let Some(answer) = attempt(&mut state, self.ticket) {
            if let Some(ticket) = self.ticket.take() {
                self.monitor.leave(&mut state, ticket);
            }
            self.monitor.announce(&mut state);
            return Poll::Ready(answer);
        }
        let waker = context.waker();
        match self.ticket {
            Some(ticket) => Monitor::set_waker(&mut state, ticket, waker),
            None => self.ticket = Some(Monitor::enter(&mut state, self.want, Some(waker.clone()))),
        }
        Poll::Pending
    }
}

fn wait_async<'a, T>(
    monitor: &'a Monitor,
    want: Want,
    mut attempt: impl FnMut(&mut State, Option<u64>) -> Option<T> + Send + 'a,
) -> impl Future<Output = T> + Send + 'a {
    let mut queued = Queued { monitor, want, ticket: None };
    poll_fn(move |context| queued.poll(context, &mut attempt))
}

/// Calls `place` with the item until it is placed or refused for good.
fn attempt_put(
    monitor: &Monitor,
    item: &mut Option<Counted>,
    state: &mut State,
    ticket: Option<u64>,
) -> Option<Result<(), PutError<Counted>>> {
    let held = item.take().expect("the item is here until it is placed");
    match monitor.place(state, held, ticket) {
        Ok(()) => Some(Ok(())),
        Err((back, Refusal::Full)) => {
            *item = Some(back);
            None
        }
        Err((item, refusal)) => Some(Err(PutError { item, refusal })),
    }
}

/// What the waiting caller does with a refusal that only means that it has to wait.
fn settled<T>(result: Result<T, TakeError>) -> Option<Result<T, TakeError>> {
    match result {
        Err(TakeError::Empty | TakeError::LeaseLimit) => None,
        other => Some(other),
    }
}

fn join_within(monitor: &Monitor, patience: Patience) -> Result<(), TimedOut> {
    wait(monitor, Want::Join, patience, |state, _| monitor.is_joined(state).then_some(()))
        .ok_or(TimedOut)
}

fn join_async(monitor: &Monitor) -> impl Future<Output = ()> + Send {
    wait_async(monitor, Want::Join, |state, _| monitor.is_joined(state).then_some(()))
}

pub(crate) struct Producer(Arc<Monitor>);

impl Clone for Producer {
    fn clone(&self) -> Self {
        self.0.lock().producers += 1;
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.producers -= 1;
        let last = state.producers == 0;
        drop(state);
        if last && !self.0.has(Fault::OutlivesProducers) {
            self.0.close();
        }
    }
}

impl Produce<Counted> for Producer {
    fn put_within(&self, item: Counted, patience: Patience) -> Result<(), PutError<Counted>> {
        let monitor = &*self.0;
        let mut item = Some(item);
        let answer = wait(monitor, Want::Place, patience, |state, ticket| {
            attempt_put(monitor, &mut item, state, ticket)
        });
        answer.unwrap_or_else(|| {
            let mut item = item.expect("a put that gives up still has its item");
            let timed = patience != Patience::Try;
            if timed && monitor.has(Fault::PlacesTimedOutPut) {
                let mut state = monitor.lock();
                Monitor::force(&mut state, item.clone());
            }
            if monitor.has(Fault::HandsBackAnother) {
                item = Counted::new(u64::MAX, &Ledger::default());
            }
            let refusal = if timed { Refusal::TimedOut } else { Refusal::Full };
            Err(PutError { item, refusal })
        })
    }

    fn put_async(
        &self,
        item: Counted,
    ) -> impl Future<Output = Result<(), PutError<Counted>>> + Send {
        let monitor = &*self.0;
        let mut item = Some(item);
        if monitor.has(Fault::PutsBeforeFirstPoll) {
            let _ = attempt_put(monitor, &mut item, &mut monitor.lock(), None);
        }
        wait_async(monitor, Want::Place, move |state, ticket| {
            attempt_put(monitor, &mut item, state, ticket)
        })
    }

    fn close(&self) {
        self.0.close();
    }

    fn join_within(&self, patience: Patience) -> Result<(), TimedOut> {
        join_within(&self.0, patience)
    }

    fn join_async(&self) -> impl Future<Output = ()> + Send {
        join_async(&self.0)
    }

    fn statistics(&self) -> Statistics {
        self.0.statistics()
    }
}

pub(crate) struct Consumer {
    monitor: Arc<Monitor>,
    number: u64,
}

impl Consumer {
    fn hold(&self, (position, entry): (u64, Entry)) -> Lease {
        Lease { monitor: Arc::clone(&self.monitor), position, entry, answered: false }
    }
}

impl Clone for Consumer {
    fn clone(&self) -> Self {
        let number = Monitor::new_consumer(&mut self.monitor.lock());
        Self { monitor: Arc::clone(&self.monitor), number }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let mut state = self.monitor.lock();
        self.monitor.remove_consumer(&mut state, self.number);
    }
}

impl Consume<Counted> for Consumer {
    type Lease = Lease;

    fn take_within(&self, patience: Patience) -> Result<Counted, TakeError> {
        let want = Want::Item { consumer: self.number };
        let mut last = TakeError::TimedOut;
        let answer = wait(&self.monitor, want, patience, |state, ticket| {
            let result = self.monitor.take(state, self.number, ticket);
            if patience == Patience::Try {
                last = result.as_ref().err().copied().unwrap_or(last);
            }
            settled(result)
        });
        answer.unwrap_or(Err(last))
    }

    fn take_async(&self) -> impl Future<Output = Result<Counted, TakeError>> + Send {
        let want = Want::Item { consumer: self.number };
        wait_async(&self.monitor, want, |state, ticket| {
            settled(self.monitor.take(state, self.number, ticket))
        })
    }

    fn lease_within(&self, patience: Patience) -> Result<Lease, TakeError> {
        let want = Want::Lease { consumer: self.number };
        let mut last = TakeError::TimedOut;
        let answer = wait(&self.monitor, want, patience, |state, ticket| {
            let result = self.monitor.lease(state, self.number, ticket);
            if patience == Patience::Try {
                last = result.as_ref().err().copied().unwrap_or(last);
            }
            settled(result)
        });
        answer.unwrap_or(Err(last)).map(|leased| self.hold(leased))
    }

    fn lease_async(&self) -> impl Future<Output = Result<Lease, TakeError>> + Send {
        let want = Want::Lease { consumer: self.number };
        wait_async(&self.monitor, want, |state, ticket| {
            let leased = settled(self.monitor.lease(state, self.number, ticket))?;
            Some(leased.map(|leased| self.hold(leased)))
        })
    }

    fn take_dead(&self) -> Option<DeadLetter<Counted>> {
        self.monitor.take_dead()
    }

    fn close(&self) {
        self.monitor.close();
    }

    fn join_within(&self, patience: Patience) -> Result<(), TimedOut> {
        join_within(&self.monitor, patience)
    }

    fn join_async(&self) -> impl Future<Output = ()> + Send {
        join_async(&self.monitor)
    }

    fn statistics(&self) -> Statistics {
        self.monitor.statistics()
    }
}

#[derive(Debug)]
pub(crate) struct Lease {
    monitor: Arc<Monitor>,
    position: u64,
    entry: Entry,
    answered: bool,
}

impl Deref for Lease {
    type Target = Counted;

    fn deref(&self) -> &Counted {
        &self.entry.item
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.answered && !self.monitor.has(Fault::ForgetsDroppedLease) {
            // Expired: then there is nothing to give back.
            let _ = self.monitor.nack(self.position, self.entry.deliveries);
        }
    }
}

impl Leased<Counted> for Lease {
    fn ack(mut self) -> Result<Counted, LeaseError> {
        self.answered = true;
        self.monitor.ack(self.position, self.entry.deliveries)
    }

    fn nack(mut self) -> Result<(), LeaseError> {
        self.answered = true;
        self.monitor.nack(self.position, self.entry.deliveries)
    }

    fn fail(mut self, reason: &str) -> Result<(), LeaseError> {
        self.answered = true;
        self.monitor.fail(self.position, self.entry.deliveries, reason)
    }

    fn reject(mut self, reason: &str) -> Result<(), LeaseError> {
        self.answered = true;
        self.monitor.reject(self.position, self.entry.deliveries, reason)
    }

    fn extend(&mut self, duration: Duration) -> Result<(), LeaseError> {
        self.monitor.extend(self.position, self.entry.deliveries, duration)
    }

    fn deliveries(&self) -> u32 {
        self.entry.deliveries
    }

    fn failures(&self) -> u32 {
        self.entry.failures
    }
}

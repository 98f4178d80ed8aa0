//! C5 for tasks: a call may be cancelled at any moment, and its wake goes to the next in line.
//!
//! A wake eaten by a waiter that was cancelled meanwhile is the commonest lost wakeup there is; so
//! these checks drop futures before the first poll, after it, and after the wake.

use std::thread;
use std::time::Duration;

use forebay_contract::{Consume, Produce, Refusal, TakeError};

use crate::ensure::{ensure, ensure_eq};
use crate::task::Task;
use crate::watchdog::eventually;
use crate::worker::{Worker, blocked_consumer, blocked_producer};
use crate::{Factory, Item, Settings, Subject};

/// A put or take that is never polled does nothing.
pub fn c5_unpolled_calls_do_nothing<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    drop(subject.producer.put_async(subject.item(0)));
    drop(subject.consumer.take_async());
    drop(subject.consumer.lease_async());
    let s = subject.ensure_accounted();
    ensure_eq!(Waiting, (s.produced, s.finished, s.leased), (0, 0, 0), "after calls never polled");
    ensure_eq!(Waiting, subject.ledger.alive(), 0, "the item goes with its future");
}

/// A put cancelled while it waits for room is not placed, and its item goes with it.
pub fn c5_cancelled_put_goes_with_its_item<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    subject.fill([0]);
    let mut task = Task::new(subject.producer.put_async(subject.item(1)));
    ensure!(Waiting, task.settled::<F>().is_pending(), "a put on a full buffer waits");
    drop(task);
    let s = subject.ensure_accounted();
    ensure_eq!(Waiting, (s.produced, s.producers_waiting), (1, 0), "produced and waiting puts");
    ensure_eq!(Waiting, subject.drain(), vec![0], "what was placed");
    ensure_eq!(Waiting, subject.ledger.alive(), 0, "items left");
}

/// A put cancelled after it was woken is placed whole or not at all, and what it does not use goes
/// to the next put that waits.
pub fn c5_cancelled_put_passes_its_wake_on<F: Factory>(factory: &F) {
    for blocked in [false, true] {
        let subject = Subject::with_capacity(factory, 1);
        subject.fill([0]);
        let mut first = Task::new(subject.producer.put_async(subject.item(1)));
        ensure!(Waiting, first.settled::<F>().is_pending(), "a put on a full buffer waits");
        let item = subject.item(2);
        let (mut second, mut thread) = (None, None);
        if blocked {
            thread =
                Some(blocked_producer::<F, _>(&subject.producer, move |p| p.put(item).is_ok()));
        } else {
            let mut task = Task::new(subject.producer.put_async(item));
            ensure!(Waiting, task.settled::<F>().is_pending(), "a second put waits too");
            second = Some(task);
        }
        ensure_eq!(Order, subject.try_take(), Ok(0), "the item that filled the buffer");
        // Cancelled without a poll in between: its wake, if it has one, is in its hands.
        drop(first);
        if subject.statistics().produced == 2 && !blocked {
            // A buffer may place a waiting item as soon as there is room: the first one before it
            // was cancelled, which is whole, or the second one after it.
            let placed = subject.try_take();
            ensure!(Waiting, placed == Ok(1) || placed == Ok(2), "placed, but {placed:?} came");
        }
        if let Some(mut task) = second {
            ensure!(Waiting, task.gets_woken::<F>(), "the wake was passed on to the second put");
            let polled = task.gets_ready::<F>();
            ensure!(Waiting, polled.is_ready(), "the second put is placed when polled");
        }
        if let Some(thread) = thread {
            // Whole or not at all: the first item may stand in the way, and is then taken.
            eventually("C5 waiting: the put that was next is roused", || {
                thread.has_ended() || subject.try_take().is_ok_and(|id| id == 2)
            });
            ensure!(Waiting, thread.finish(), "the put that was next is placed");
        }
        subject.drain();
        subject.ensure_accounted();
        ensure_eq!(Waiting, subject.ledger.alive(), 0, "items left");
    }
}

/// A take or a lease cancelled after it was woken leaves the item and its wake to the next.
pub fn c5_cancelled_take_passes_its_wake_on<F: Factory>(factory: &F) {
    for leases in [false, true] {
        let subject = Subject::with_capacity(factory, 2);
        let (mut take, mut lease) = (None, None);
        if leases {
            let mut task = Task::new(subject.consumer.lease_async());
            ensure!(Waiting, task.settled::<F>().is_pending(), "a lease on an empty buffer waits");
            lease = Some(task);
        } else {
            let mut task = Task::new(subject.consumer.take_async());
            ensure!(Waiting, task.settled::<F>().is_pending(), "a take on an empty buffer waits");
            take = Some(task);
        }
        let mut second = Task::new(subject.consumer.take_async());
        ensure!(Waiting, second.settled::<F>().is_pending(), "a second take waits too");
        let third = blocked_consumer::<F, _>(&subject.consumer, |c| c.take().map(|i| i.id()));
        subject.fill([0]);
        drop(take);
        drop(lease);
        eventually("C5 waiting: the wake is passed on", || second.is_woken() || third.has_ended());
        drop(second);
        ensure_eq!(Waiting, third.finish(), Ok(0), "the item, after two cancelled calls");
        let s = subject.ensure_accounted();
        ensure_eq!(Waiting, s.consumers_waiting, 0, "takes that still wait");
    }
}

/// Takes at their deadline pass their wake on as well.
pub fn c5_timed_out_take_passes_its_wake_on<F: Factory>(factory: &F) {
    let rounds = F::scaled(150);
    let subject = Subject::with_capacity(factory, 1);
    let mut rng = fastrand::Rng::with_seed(5);
    for id in 0..rounds {
        let timeout = Duration::from_millis(1);
        let own = subject.consumer.clone();
        let hasty = Worker::start(move || own.take_timeout(timeout).map(|item| item.id()));
        let own = subject.consumer.clone();
        let patient = Worker::start(move || own.take().map(|item| item.id()));
        // Around the deadline, where the wake and the giving up meet.
        thread::sleep(timeout.mul_f64(0.8 + 0.4 * rng.f64()));
        ensure!(Waiting, subject.producer.put(subject.item(id)).is_ok(), "put {id}");
        match hasty.finish() {
            Ok(taken) => {
                ensure_eq!(NothingLost, taken, id, "the item, in time");
                ensure!(Waiting, subject.producer.put(subject.item(id)).is_ok(), "put again");
            }
            Err(error) => ensure_eq!(Waiting, error, TakeError::TimedOut, "a take that timed out"),
        }
        ensure_eq!(Waiting, patient.finish(), Ok(id), "the item, to the take that waited on");
    }
}

/// A waiter in the middle of the line leaves it without a trace.
pub fn c5_cancelling_in_the_middle_keeps_the_line<F: Factory>(factory: &F) {
    let subject = Subject::new(factory, Settings::new(1));
    subject.fill([0]);
    let mut tasks: Vec<_> = (1..5)
        .map(|id| {
            let mut task = Task::new(subject.producer.put_async(subject.item(id)));
            ensure!(Waiting, task.settled::<F>().is_pending(), "put {id} on a full buffer waits");
            task
        })
        .collect();
    drop(tasks.remove(1));
    drop(tasks.remove(1));
    ensure_eq!(Waiting, subject.statistics().producers_waiting, 2, "puts that still wait");
    let mut taken = Vec::new();
    for _ in 0..8 {
        taken.extend(subject.drain());
        tasks.retain_mut(|task| task.settled::<F>().is_pending());
    }
    ensure!(Waiting, tasks.is_empty(), "{} puts still wait beside free places", tasks.len());
    taken.extend(subject.drain());
    taken.sort_unstable();
    ensure_eq!(Waiting, taken, vec![0, 1, 4], "what was placed");
    ensure_eq!(Waiting, subject.try_put(9), Ok::<(), Refusal>(()), "the place is free again");
}

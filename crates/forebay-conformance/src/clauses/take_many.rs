//! C2, C3, C5, C6, C7 and C10 for a take of many items: at least one, at most so many.

use std::task::Poll;
use std::time::{Duration, Instant};

use forebay_contract::{Consume, Leased, Patience, Produce, TakeError};

use super::batch::ids;
use crate::ensure::{ensure, ensure_eq};
use crate::task::{Task, block_on};
use crate::watchdog::{PATIENCE, eventually};
use crate::worker::blocked_consumer;
use crate::{Factory, Settings, Subject};

/// A deadline that is meant to pass.
const SHORT: Duration = Duration::from_millis(10);

/// A redelivered item is the first of a batch that is taken.
pub fn c2_redelivered_items_lead_a_batch<F: Factory>(factory: &F) {
    let subject = Subject::new(factory, Settings::new(4).max_leased(2));
    subject.fill(0..4);
    let (first, second) = (subject.consumer.try_lease(), subject.consumer.try_lease());
    ensure!(NothingLost, second.is_ok_and(|lease| lease.nack().is_ok()), "lease and nack");
    ensure!(NothingLost, first.is_ok_and(|lease| lease.nack().is_ok()), "lease and nack");
    let taken = subject.consumer.take_many(3).map(|items| ids(&items));
    ensure_eq!(Order, taken, Ok(vec![0, 1, 2]), "a batch with redelivered items");
    ensure_eq!(Order, subject.drain(), vec![3], "the rest");
    ensure_eq!(Accounting, subject.ensure_accounted().finished, 4, "finished");
}

/// take_many waits for the first, and then takes what there is: at least one, at most so many.
pub fn c5_take_many_takes_what_there_is<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 5);
    let consumer = &subject.consumer;
    let taken = |max| consumer.take_many(max).map(|items| ids(&items));
    let tried = consumer.take_many_within(3, Patience::Try).err();
    ensure_eq!(Waiting, tried, Some(TakeError::Empty), "take_many tried when empty");
    let begun = Instant::now();
    let late = consumer.take_many_within(3, Patience::lasting(SHORT)).err();
    ensure_eq!(Waiting, late, Some(TakeError::TimedOut), "take_many with a deadline, when empty");
    ensure!(Waiting, begun.elapsed() >= SHORT, "it waited for its deadline");
    for (waiting, max) in [(1, 3), (3, 3), (5, 3), (5, 1), (5, 100), (2, usize::MAX)] {
        subject.fill(0..waiting);
        let count = waiting.min(max as u64);
        let promised = Ok((0..count).collect::<Vec<_>>());
        ensure_eq!(Waiting, taken(max), promised, "at most {max} of {waiting}");
        let rest = (count..waiting).collect::<Vec<_>>();
        ensure_eq!(Waiting, subject.drain(), rest, "what is left of {waiting}");
    }
    for form in 0..3 {
        let waiting = blocked_consumer::<F, _>(consumer, move |consumer| {
            let taken = match form {
                0 => consumer.take_many(3),
                1 => consumer.take_many_within(3, Patience::lasting(PATIENCE * 10)),
                _ => block_on(consumer.take_many_async(3)),
            };
            taken.map(|items| ids(&items))
        });
        subject.fill([7]);
        ensure_eq!(Waiting, waiting.finish(), Ok(vec![7]), "take_many that waited ({form})");
    }
    let mut task = Task::new(consumer.take_many_async(3));
    ensure!(Waiting, task.settled::<F>().is_pending(), "take_many on an empty buffer waits");
    subject.fill(0..5);
    ensure!(Waiting, task.gets_woken::<F>(), "items wake take_many");
    let Poll::Ready(many) = task.gets_ready::<F>() else {
        panic!("C5 waiting: take_many waits for more")
    };
    let many = many.map(|items| ids(&items));
    // Where answers travel it is served when the first item is there, whenever it is polled.
    let least = if F::ANSWERS_TRAVEL { 1 } else { 3 };
    let count = many.as_ref().map_or(0, |ids| ids.len().clamp(least, 3)) as u64;
    ensure_eq!(Waiting, many, Ok((0..count).collect()), "what was there when it looked");
    drop(task);
    ensure_eq!(Waiting, subject.drain(), (count..5).collect::<Vec<_>>(), "the rest");
}

/// A take_many that is cancelled, before or after it was woken, leaves everything to others.
pub fn c3_cancelled_take_many_loses_nothing<F: Factory>(factory: &F) {
    for items_before_cancel in 0..4 {
        let subject = Subject::with_capacity(factory, 3);
        drop(subject.consumer.take_many_async(2));
        let mut task = Task::new(subject.consumer.take_many_async(2));
        ensure!(Waiting, task.settled::<F>().is_pending(), "take_many on an empty buffer waits");
        let mut next = Task::new(subject.consumer.take_async());
        ensure!(Waiting, next.settled::<F>().is_pending(), "a take behind it waits");
        subject.fill(0..items_before_cancel);
        drop(task);
        let s = subject.statistics();
        // Where answers travel, the take behind it may have been served by now.
        let there = if F::ANSWERS_TRAVEL { s.unfinished() } else { s.waiting };
        ensure_eq!(NothingLost, there, items_before_cancel, "waiting after the cancelled call");
        if items_before_cancel > 0 {
            ensure!(Waiting, next.gets_woken::<F>(), "the wake is passed on to the next take");
        }
        drop(next);
        subject.fill(items_before_cancel..3);
        if F::ANSWERS_TRAVEL {
            eventually("C3 nothing lost: what nobody receives comes back", || {
                subject.statistics().leased == 0
            });
        }
        let s = subject.ensure_accounted();
        let counts = (s.waiting, s.finished, s.consumers_waiting);
        ensure_eq!(NothingLost, counts, (3, 0, 0), "waiting, finished, takes that wait");
        ensure_eq!(NothingLost, subject.drain(), vec![0, 1, 2], "what is left to take");
    }
}

/// take_many hears the end once nothing is left, and waits for other consumers' leases before.
pub fn c6_take_many_hears_closed<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 3);
    subject.fill(0..3);
    let held = subject.consumer.clone().try_lease();
    subject.producer.close();
    let left = subject.consumer.take_many(9).map(|items| ids(&items));
    ensure_eq!(CloseAndDrain, left, Ok(vec![1, 2]), "what was left");
    let tried = subject.consumer.take_many_within(9, Patience::Try).err();
    ensure_eq!(CloseAndDrain, tried, Some(TakeError::Empty), "beside another's lease");
    let waiting = blocked_consumer::<F, _>(&subject.consumer, |c| c.take_many(9).err());
    let mut task = Task::new(subject.consumer.take_many_async(9));
    ensure!(CloseAndDrain, task.settled::<F>().is_pending(), "take_many waits for another's lease");
    ensure!(CloseAndDrain, held.is_ok_and(|lease| lease.ack().is_ok()), "lease and ack");
    ensure!(CloseAndDrain, task.gets_woken::<F>(), "the last ack wakes the take_many task");
    drop(task);
    let closed = Some(TakeError::Closed);
    ensure_eq!(CloseAndDrain, waiting.finish(), closed, "the take_many that slept");
    let ends = [
        subject.consumer.take_many_within(9, Patience::Try).err(),
        subject.consumer.take_many(9).err(),
        block_on(subject.consumer.take_many_async(9)).err(),
    ];
    ensure_eq!(CloseAndDrain, ends, [closed; 3], "take_many after the last item");
}

/// The last item of a batch taken ends a join, and nothing before it.
pub fn c7_a_batch_taken_ends_a_join<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 3);
    subject.fill(0..3);
    let mut task = Task::new(subject.producer.join_async());
    ensure!(Join, task.settled::<F>().is_pending(), "a join with items waiting");
    ensure_eq!(Order, subject.consumer.take_many(2).map(|i| i.len()), Ok(2), "two of three");
    ensure!(Join, task.settled::<F>().is_pending(), "a join with one item waiting");
    ensure_eq!(Order, subject.consumer.take_many(2).map(|i| i.len()), Ok(1), "the last");
    ensure!(Join, task.gets_woken::<F>(), "the last of a batch wakes the join");
    ensure!(Join, task.gets_ready::<F>().is_ready(), "the join with nothing unfinished");
}

/// `take_many` of many in a loop, against takes that wait: each gets its item.
pub fn c10_take_many_starves_no_take_that_waits<F: Factory>(factory: &F) {
    for (capacity, waiters) in [(1, 1), (2, 3), (5, 2)] {
        let subject = Subject::with_capacity(factory, capacity);
        let mut tasks: Vec<_> = (0..waiters)
            .map(|_| {
                let mut task = Task::new(subject.consumer.take_async());
                ensure!(
                    Waiting,
                    task.settled::<F>().is_pending(),
                    "a take on an empty buffer waits"
                );
                task
            })
            .collect();
        let limit = 2 * (capacity + waiters);
        let mut times = 0;
        let mut next = 0;
        while !tasks.is_empty() {
            while subject.try_put(next).is_ok() {
                next += 1;
            }
            times += subject.consumer.take_many_within(9, Patience::Try).map_or(0, |i| i.len());
            let before = tasks.len();
            tasks.retain_mut(|task| !task.is_due::<F>() || task.settled::<F>().is_pending());
            if tasks.len() < before {
                // The next waiter's turn.
                times = 0;
            }
            ensure!(
                Fairness,
                times <= limit,
                "capacity {capacity}, {waiters} waiters: take_many took {times} items before a \
                 take that waits, {limit} are allowed"
            );
        }
    }
}

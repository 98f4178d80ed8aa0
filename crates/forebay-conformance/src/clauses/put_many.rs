//! C5, C6 and C10 for a put of many items: a part may be placed, the rest comes back.

use std::task::Poll;
use std::time::{Duration, Instant};

use forebay_contract::{Consume, Patience, Produce, Refusal};

use super::batch::{ids, items, told};
use crate::ensure::{ensure, ensure_eq};
use crate::task::{Task, block_on};
use crate::watchdog::eventually;
use crate::worker::blocked_producer;
use crate::{Factory, Subject};

/// A deadline that is meant to pass.
const SHORT: Duration = Duration::from_millis(10);

/// What has no room comes back, in order, with what was done and why it stopped.
pub fn c5_a_batch_places_a_part_and_hands_back_the_rest<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 3);
    subject.fill([0]);
    let batch = || items::<F>(1..6, &subject.ledger);
    let tried = told(subject.producer.put_many_within(batch(), Patience::Try));
    let stopped = Err((2, Refusal::Full, vec![3, 4, 5]));
    ensure_eq!(Waiting, tried, stopped, "five into two places, tried");
    let tried = told(subject.producer.put_many_within(batch(), Patience::Try));
    let stopped = Err((0, Refusal::Full, vec![1, 2, 3, 4, 5]));
    ensure_eq!(Waiting, tried, stopped, "five into no place, tried");
    ensure_eq!(Waiting, subject.drain(), vec![0, 1, 2], "what was placed");

    let begun = Instant::now();
    let late = told(subject.producer.put_many_within(batch(), Patience::lasting(SHORT)));
    let stopped = Err((3, Refusal::TimedOut, vec![4, 5]));
    ensure_eq!(Waiting, late, stopped, "five into three places, with a deadline");
    ensure!(Waiting, begun.elapsed() >= SHORT, "it waited for its deadline");
    ensure_eq!(Waiting, subject.drain(), vec![1, 2, 3], "what was placed");
    let s = subject.ensure_accounted();
    ensure_eq!(Waiting, (s.produced, s.producers_waiting), (6, 0), "produced, puts that wait");
    ensure_eq!(Waiting, subject.ledger.alive(), 0, "items left");
}

/// A batch that is cancelled has placed a part, from the front, and the rest goes with it.
pub fn c5_a_cancelled_batch_has_placed_its_front<F: Factory>(factory: &F) {
    for room in 0..3 {
        let subject = Subject::with_capacity(factory, 3);
        subject.fill(100..103 - room);
        drop(subject.producer.put_many_async(items::<F>(0..5, &subject.ledger)));
        let produced = subject.statistics().produced;
        ensure_eq!(Waiting, produced, 3 - room, "produced after a batch never polled");
        let mut task =
            Task::new(subject.producer.put_many_async(items::<F>(0..5, &subject.ledger)));
        ensure!(Waiting, task.settled::<F>().is_pending(), "a batch that has no room waits");
        drop(task);
        let s = subject.ensure_accounted();
        ensure_eq!(Waiting, (s.produced, s.producers_waiting), (3, 0), "produced, puts that wait");
        ensure_eq!(Waiting, subject.ledger.alive(), F::kept(3), "items that exist");
        let promised: Vec<u64> = (100..103 - room).chain(0..room).collect();
        ensure_eq!(Waiting, subject.drain(), promised, "what was placed, with room for {room}");
    }
}

/// Close hands the rest of a batch back that waits, and what was placed of it is drained.
pub fn c6_close_hands_back_the_rest_of_a_batch<F: Factory>(factory: &F) {
    for tasks in [false, true] {
        let subject = Subject::with_capacity(factory, 2);
        let batch = items::<F>(0..5, &subject.ledger);
        let putting = blocked_producer::<F, _>(&subject.producer, move |producer| {
            told(if tasks {
                block_on(producer.put_many_async(batch))
            } else {
                producer.put_many(batch)
            })
        });
        ensure_eq!(Order, subject.try_take(), Ok(0), "the first of the batch");
        eventually("C5 waiting: a batch goes on where there is room", || {
            let s = subject.statistics();
            s.produced == 3 && s.producers_waiting == 1
        });
        subject.consumer.close();
        let stopped = Err((3, Refusal::Closed, vec![3, 4]));
        ensure_eq!(CloseAndDrain, putting.finish(), stopped, "a batch that met close");
        let late = told(subject.producer.put_many(items::<F>(5..7, &subject.ledger)));
        let refused = Err((0, Refusal::Closed, vec![5, 6]));
        ensure_eq!(CloseAndDrain, late, refused, "a batch after close");
        let left = subject.consumer.take_many(9).map(|items| ids(&items));
        ensure_eq!(CloseAndDrain, left, Ok(vec![1, 2]), "what was placed before");
        subject.ensure_accounted();
    }
    let Subject { producer, consumer, ledger } = Subject::with_capacity(factory, 2);
    drop(consumer);
    let late = told(producer.put_many(items::<F>(0..2, &ledger)));
    let refused = Err((0, Refusal::Abandoned, vec![0, 1]));
    let promised = if F::STAYS_OPEN { Ok(2) } else { refused };
    ensure_eq!(CloseAndDrain, late, promised, "a batch for nobody");
}

/// `try_put` in a loop, against a batch that stands in line: each of its items gets its turn.
pub fn c10_a_batch_in_line_is_not_overtaken_without_end<F: Factory>(factory: &F) {
    const COUNT: u64 = 4;
    for capacity in [1, 3] {
        let subject = Subject::with_capacity(factory, capacity);
        subject.fill(100..100 + capacity as u64);
        let batch = items::<F>(0..COUNT, &subject.ledger);
        let mut task = Task::new(subject.producer.put_many_async(batch));
        ensure!(Waiting, task.settled::<F>().is_pending(), "a batch on a full buffer waits");
        // For each of its items it may be overtaken as often as any waiter.
        let limit = COUNT as usize * 2 * (capacity + 1);
        let mut times = 0;
        let mut next = 1_000;
        let mut taken = Vec::new();
        let done = loop {
            taken.extend(subject.try_take());
            times += usize::from(subject.try_put(next).is_ok());
            next += 1;
            if task.is_due::<F>()
                && let Poll::Ready(done) = task.settled::<F>()
            {
                break told(done);
            }
            ensure!(
                Fairness,
                times <= limit,
                "capacity {capacity}: {times} calls of try_put overtook a batch that waits, \
                 {limit} are allowed"
            );
        };
        ensure_eq!(Waiting, done, Ok(COUNT as usize), "the batch is placed");
        taken.extend(subject.drain());
        let own: Vec<u64> = taken.into_iter().filter(|id| *id < COUNT).collect();
        ensure_eq!(Order, own, (0..COUNT).collect::<Vec<_>>(), "the batch, in its order");
    }
}

//! C2, C3, C5 and C8 for calls with many items at once: what holds of both sides.

use std::task::Poll;
use std::time::Duration;

use forebay_contract::{Batch, Consume, Patience, Produce, PutManyError, Refusal, TakeError};

use crate::ensure::{ensure, ensure_eq};
use crate::task::{Task, block_on};
use crate::watchdog::PATIENCE;
use crate::worker::{Worker, blocked_consumer, blocked_producer, finish_all};
use crate::{Factory, Item, Ledger, Subject};

pub(super) fn items<F: Factory>(
    ids: impl IntoIterator<Item = u64>,
    ledger: &Ledger,
) -> Vec<F::Item> {
    ids.into_iter().map(|id| F::Item::new(id, ledger)).collect()
}

pub(super) fn ids<T: Item>(items: &[T]) -> Vec<u64> {
    items.iter().map(Item::id).collect()
}

/// How many were placed; the rest and the reason, where it stopped.
pub(super) type Told = Result<usize, (usize, Refusal, Vec<u64>)>;

/// What a batch of a producer that drops nothing tells.
pub(super) fn told<T: Item>(put: Result<Batch, PutManyError<T>>) -> Told {
    let placed = |done: Batch| {
        let only = Batch { placed: done.placed, ..Batch::default() };
        ensure_eq!(Overflow, done, only, "what a batch says that drops nothing");
        done.placed
    };
    match put {
        Ok(done) => Ok(placed(done)),
        Err(error) => Err((placed(error.done), error.refusal, ids(&error.rest))),
    }
}

/// Items put in one call come in their order, before later ones, and are taken so in one call.
pub fn c2_batches_keep_their_order<F: Factory>(factory: &F) {
    for tasks in [false, true] {
        let subject = Subject::with_capacity(factory, 10);
        let (producer, consumer) = (&subject.producer, &subject.consumer);
        for lap in 0..4 {
            let put = |range| {
                let items = items::<F>(range, &subject.ledger);
                told(if tasks {
                    block_on(producer.put_many_async(items))
                } else {
                    producer.put_many(items)
                })
            };
            let take = |max| {
                let taken = if tasks {
                    block_on(consumer.take_many_async(max))
                } else {
                    consumer.take_many(max)
                };
                taken.map(|items| ids(&items))
            };
            subject.fill([0]);
            ensure_eq!(Order, put(1..5), Ok(4), "a batch of four, lap {lap}");
            subject.fill([5]);
            ensure_eq!(Order, put(6..9), Ok(3), "a batch of three, lap {lap}");
            ensure_eq!(Order, take(3), Ok(vec![0, 1, 2]), "the first three, lap {lap}");
            ensure_eq!(Order, subject.try_take(), Ok(3), "the fourth, lap {lap}");
            ensure_eq!(Order, take(20), Ok((4..9).collect()), "all the rest, lap {lap}");
        }
    }
}

/// A batch larger than the capacity goes through as the consumer makes room.
pub fn c5_a_batch_may_be_larger_than_the_capacity<F: Factory>(factory: &F) {
    let many = F::scaled(300).max(30);
    for capacity in [1, 3] {
        for form in 0..3 {
            let subject = Subject::with_capacity(factory, capacity);
            let batch = items::<F>(0..many, &subject.ledger);
            let own = subject.producer.clone();
            let putting = Worker::start(move || match form {
                0 => told(own.put_many(batch)),
                1 => told(own.put_many_within(batch, Patience::lasting(PATIENCE * 10))),
                _ => told(block_on(own.put_many_async(batch))),
            });
            let mut taken = Vec::new();
            while taken.len() < many as usize {
                match taken.len() % 3 {
                    0 => taken.extend(subject.consumer.take().map(|item| item.id())),
                    1 => taken.extend(subject.consumer.take_many(5).map_or(vec![], |i| ids(&i))),
                    _ => {
                        let many = block_on(subject.consumer.take_many_async(2));
                        taken.extend(many.map_or(vec![], |items| ids(&items)));
                    }
                }
            }
            ensure_eq!(Order, taken, (0..many).collect::<Vec<_>>(), "items taken ({form})");
            ensure_eq!(Waiting, putting.finish(), Ok(many as usize), "placed ({form})");
            let high_water = subject.ensure_accounted().high_water;
            ensure!(Bound, high_water <= capacity as u64, "high-water mark {high_water}");
        }
    }
}

/// Nothing put and nothing asked for is done at once, and means nothing, even after the end.
pub fn c5_batches_of_nothing_are_done<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    let ensure_done = |when: &str| {
        let puts = [
            told(subject.producer.put_many(Vec::new())),
            told(subject.producer.put_many_within(Vec::new(), Patience::Try)),
            told(block_on(subject.producer.put_many_async(Vec::new()))),
        ];
        ensure_eq!(Waiting, puts, [const { Ok(0) }; 3], "put_many of nothing, {when}");
        let takes = [
            subject.consumer.take_many(0),
            subject.consumer.take_many_within(0, Patience::Try),
            block_on(subject.consumer.take_many_async(0)),
        ];
        for taken in takes {
            let taken = taken.map(|items| ids(&items));
            ensure_eq!(Waiting, taken, Ok(vec![]), "take_many of nothing, {when}");
        }
    };
    ensure_done("empty");
    subject.fill([0]);
    ensure_done("full");
    subject.producer.close();
    ensure_done("closed");
    ensure_eq!(Waiting, subject.drain(), vec![0], "what was waiting");
    ensure_done("drained");
    let s = subject.ensure_accounted();
    ensure_eq!(Waiting, (s.produced, s.finished), (1, 1), "produced and finished");
}

/// A batch taken frees as many places, and wakes as many puts; a batch put wakes as many takes.
pub fn c5_a_batch_wakes_as_many_as_it_serves<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 3);
    subject.fill(0..3);
    let mut puts: Vec<_> = (3..5)
        .map(|id| {
            let mut task = Task::new(subject.producer.put_async(subject.item(id)));
            ensure!(Waiting, task.settled::<F>().is_pending(), "a put on a full buffer waits");
            task
        })
        .collect();
    let item = subject.item(5);
    let sleeper = blocked_producer::<F, _>(&subject.producer, move |p| p.put(item).is_ok());
    let taken = subject.consumer.take_many(3).map(|items| ids(&items));
    ensure_eq!(Order, taken, Ok(vec![0, 1, 2]), "all three");
    for put in &mut puts {
        ensure!(Waiting, put.gets_woken::<F>(), "each freed place wakes a put");
        ensure!(Waiting, put.gets_ready::<F>().is_ready(), "each freed place is for a put");
    }
    ensure!(Waiting, sleeper.finish(), "the put that sleeps is placed");
    let mut rest = subject.drain();
    rest.sort_unstable();
    ensure_eq!(Waiting, rest, vec![3, 4, 5], "what was placed");

    let mut takes: Vec<_> = (0..2)
        .map(|_| {
            let mut task = Task::new(subject.consumer.take_async());
            ensure!(Waiting, task.settled::<F>().is_pending(), "a take on an empty buffer waits");
            task
        })
        .collect();
    let sleeper = blocked_consumer::<F, _>(&subject.consumer, |c| c.take().is_ok());
    let put = told(subject.producer.put_many(items::<F>(6..9, &subject.ledger)));
    ensure_eq!(Waiting, put, Ok(3), "a batch of three");
    for take in &mut takes {
        ensure!(Waiting, take.gets_woken::<F>(), "each item wakes a take");
        ensure!(Waiting, take.gets_ready::<F>().is_ready(), "each item is for a take");
    }
    ensure!(Waiting, sleeper.finish(), "the take that sleeps");
    ensure_eq!(Accounting, subject.ensure_accounted().finished, 9, "items taken");
}

/// Batches with deadlines on both sides, cancelled ones among them: each item placed comes once, and
/// each that was not came back.
pub fn c3_batches_lose_nothing_while_everything_moves<F: Factory>(factory: &F) {
    const EACH: u64 = 7;
    let batches = F::scaled(150);
    let subject = Subject::with_capacity(factory, 4);
    let producing = (0..2)
        .map(|number| {
            let (own, ledger) = (subject.producer.clone(), subject.ledger.clone());
            Worker::start(move || {
                let mut placed = Vec::new();
                let mut rng = fastrand::Rng::with_seed(number);
                for batch in 0..batches {
                    let first = (number * batches + batch) * EACH;
                    let mut left: Vec<u64> = (first..first + EACH).collect();
                    while !left.is_empty() {
                        let items = items::<F>(left.iter().copied(), &ledger);
                        let patience = match rng.u8(0..3) {
                            0 => Patience::Try,
                            1 => Patience::Forever,
                            _ => Patience::lasting(Duration::from_micros(rng.u64(0..300))),
                        };
                        let (count, rest) = match told(own.put_many_within(items, patience)) {
                            Ok(count) => (count, vec![]),
                            Err((count, Refusal::Full | Refusal::TimedOut, rest)) => (count, rest),
                            Err((_, refusal, _)) => panic!("C5 waiting: a put said: {refusal}"),
                        };
                        ensure_eq!(NothingLost, rest, left[count..], "the rest handed back");
                        placed.extend_from_slice(&left[..count]);
                        left = rest;
                        std::thread::yield_now();
                    }
                }
                placed.len()
            })
        })
        .collect();
    let consuming = (0..3)
        .map(|number| {
            let own = subject.consumer.clone();
            Worker::start(move || {
                let mut rng = fastrand::Rng::with_seed(10 + number);
                let mut taken = Vec::new();
                loop {
                    let max = rng.usize(1..6);
                    let many = match rng.u8(0..5) {
                        0 => own.take_many(max),
                        1 => block_on(own.take_many_async(max)),
                        2 => own.take_many_within(max, Patience::Try),
                        3 => {
                            let short = Duration::from_micros(rng.u64(0..300));
                            own.take_many_within(max, Patience::lasting(short))
                        }
                        _ => match Task::new(own.take_many_async(max)).settled::<F>() {
                            Poll::Ready(many) => many,
                            Poll::Pending => continue,
                        },
                    };
                    match many {
                        Ok(items) => {
                            let count = items.len();
                            ensure!(Waiting, (1..=max).contains(&count), "{count} of {max} came");
                            taken.extend(ids(&items));
                        }
                        Err(TakeError::Closed) => return taken,
                        Err(_) => std::thread::yield_now(),
                    }
                }
            })
        })
        .collect();
    let placed: usize = finish_all(producing).into_iter().sum();
    ensure_eq!(NothingLost, placed as u64, 2 * batches * EACH, "items placed");
    subject.producer.close();
    let taken = finish_all(consuming);
    for ids in &taken {
        for number in 0..2 {
            let of_one = ids.iter().filter(|id| **id / (batches * EACH) == number);
            ensure!(Order, of_one.is_sorted(), "producer {number}: its items came out of order");
        }
    }
    let mut taken: Vec<u64> = taken.into_iter().flatten().collect();
    taken.sort_unstable();
    ensure_eq!(NothingLost, taken, (0..2 * batches * EACH).collect::<Vec<_>>(), "items taken");
    ensure_eq!(Accounting, subject.ledger.alive(), 0, "items left");
}

/// Each item of a batch counts as one, on both sides, and as its consumer's share.
pub fn c8_batches_are_counted<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 5);
    let second = subject.consumer.clone();
    let put = told(subject.producer.put_many(items::<F>(0..4, &subject.ledger)));
    ensure_eq!(Waiting, put, Ok(4), "a batch of four");
    let s = subject.ensure_accounted();
    let counts = (s.produced, s.waiting, s.high_water);
    ensure_eq!(Accounting, counts, (4, 4, 4), "produced, waiting, high-water mark");
    let stopped =
        subject.producer.put_many_within(items::<F>(4..7, &subject.ledger), Patience::Try);
    ensure!(Bound, stopped.is_err(), "a batch of three into one place");
    ensure_eq!(
        Accounting,
        subject.ensure_accounted().produced,
        5,
        "produced, with a part of three"
    );
    ensure_eq!(Accounting, second.take_many(3).map(|items| items.len()), Ok(3), "three of five");
    ensure_eq!(Accounting, subject.consumer.take_many(9).map(|i| i.len()), Ok(2), "the rest");
    let s = subject.ensure_accounted();
    ensure_eq!(Accounting, (s.finished, s.waiting), (5, 0), "finished and waiting");
    let shares: Vec<(u64, u64)> = s.shares.iter().map(|one| (one.consumer, one.items)).collect();
    ensure_eq!(Accounting, shares, vec![(0, 2), (1, 3)], "(consumer, items) of each share");
}

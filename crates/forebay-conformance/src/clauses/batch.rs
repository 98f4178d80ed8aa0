//! C2, C3, C5, C6, C8 and C10 for calls with many items at once.

use std::task::Poll;
use std::time::{Duration, Instant};

use forebay_contract::{
    Batch, Consume, Leased, Patience, Produce, PutManyError, Refusal, TakeError,
};

use crate::ensure::{ensure, ensure_eq};
use crate::task::{Task, block_on};
use crate::watchdog::{PATIENCE, eventually};
use crate::worker::{Worker, blocked_consumer, blocked_producer, finish_all};
use crate::{Factory, Item, Ledger, Settings, Subject};

/// A deadline that is meant to pass.
const SHORT: Duration = Duration::from_millis(10);

fn items<F: Factory>(ids: impl IntoIterator<Item = u64>, ledger: &Ledger) -> Vec<F::Item> {
    ids.into_iter().map(|id| F::Item::new(id, ledger)).collect()
}

fn ids<T: Item>(items: &[T]) -> Vec<u64> {
    items.iter().map(Item::id).collect()
}

/// How many were placed; the rest and the reason, where it stopped.
type Told = Result<usize, (usize, Refusal, Vec<u64>)>;

/// What a batch of a producer that drops nothing tells.
fn told<T: Item>(put: Result<Batch, PutManyError<T>>) -> Told {
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

/// A batch larger than the capacity goes through as the consumer makes room.
pub fn c5_a_batch_may_be_larger_than_the_capacity<F: Factory>(factory: &F) {
    const ITEMS: u64 = 300;
    for capacity in [1, 3] {
        for form in 0..3 {
            let subject = Subject::with_capacity(factory, capacity);
            let batch = items::<F>(0..ITEMS, &subject.ledger);
            let own = subject.producer.clone();
            let putting = Worker::start(move || match form {
                0 => told(own.put_many(batch)),
                1 => told(own.put_many_within(batch, Patience::lasting(PATIENCE * 10))),
                _ => told(block_on(own.put_many_async(batch))),
            });
            let mut taken = Vec::new();
            while taken.len() < ITEMS as usize {
                match taken.len() % 3 {
                    0 => taken.extend(subject.consumer.take().map(|item| item.id())),
                    1 => taken.extend(subject.consumer.take_many(5).map_or(vec![], |i| ids(&i))),
                    _ => {
                        let many = block_on(subject.consumer.take_many_async(2));
                        taken.extend(many.map_or(vec![], |items| ids(&items)));
                    }
                }
            }
            ensure_eq!(Order, taken, (0..ITEMS).collect::<Vec<_>>(), "items taken ({form})");
            ensure_eq!(Waiting, putting.finish(), Ok(ITEMS as usize), "placed ({form})");
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
    ensure!(Waiting, task.settle().is_pending(), "take_many on an empty buffer waits");
    subject.fill(0..5);
    ensure!(Waiting, task.is_woken(), "items wake take_many");
    let Poll::Ready(many) = task.settle() else { panic!("C5 waiting: take_many waits for more") };
    let many = many.map(|items| ids(&items));
    ensure_eq!(Waiting, many, Ok(vec![0, 1, 2]), "what was there when it looked");
    drop(task);
    ensure_eq!(Waiting, subject.drain(), vec![3, 4], "the rest");
}

/// A batch taken frees as many places, and wakes as many puts; a batch put wakes as many takes.
pub fn c5_a_batch_wakes_as_many_as_it_serves<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 3);
    subject.fill(0..3);
    let mut puts: Vec<_> = (3..5)
        .map(|id| {
            let mut task = Task::new(subject.producer.put_async(subject.item(id)));
            ensure!(Waiting, task.settle().is_pending(), "a put on a full buffer waits");
            task
        })
        .collect();
    let item = subject.item(5);
    let sleeper = blocked_producer::<F, _>(&subject.producer, move |p| p.put(item).is_ok());
    let taken = subject.consumer.take_many(3).map(|items| ids(&items));
    ensure_eq!(Order, taken, Ok(vec![0, 1, 2]), "all three");
    for put in &mut puts {
        ensure!(Waiting, put.is_woken(), "each freed place wakes a put");
        ensure!(Waiting, put.settle().is_ready(), "each freed place is for a put");
    }
    ensure!(Waiting, sleeper.finish(), "the put that sleeps is placed");
    let mut rest = subject.drain();
    rest.sort_unstable();
    ensure_eq!(Waiting, rest, vec![3, 4, 5], "what was placed");

    let mut takes: Vec<_> = (0..2)
        .map(|_| {
            let mut task = Task::new(subject.consumer.take_async());
            ensure!(Waiting, task.settle().is_pending(), "a take on an empty buffer waits");
            task
        })
        .collect();
    let sleeper = blocked_consumer::<F, _>(&subject.consumer, |c| c.take().is_ok());
    let put = told(subject.producer.put_many(items::<F>(6..9, &subject.ledger)));
    ensure_eq!(Waiting, put, Ok(3), "a batch of three");
    for take in &mut takes {
        ensure!(Waiting, take.is_woken(), "each item wakes a take");
        ensure!(Waiting, take.settle().is_ready(), "each item is for a take");
    }
    ensure!(Waiting, sleeper.finish(), "the take that sleeps");
    ensure_eq!(Accounting, subject.ensure_accounted().finished, 9, "items taken");
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
        ensure!(Waiting, task.settle().is_pending(), "a batch that has no room waits");
        drop(task);
        let s = subject.ensure_accounted();
        ensure_eq!(Waiting, (s.produced, s.producers_waiting), (3, 0), "produced, puts that wait");
        ensure_eq!(Waiting, subject.ledger.alive(), 3, "items that exist");
        let promised: Vec<u64> = (100..103 - room).chain(0..room).collect();
        ensure_eq!(Waiting, subject.drain(), promised, "what was placed, with room for {room}");
    }
}

/// A take_many that is cancelled, before or after it was woken, leaves everything to others.
pub fn c3_cancelled_take_many_loses_nothing<F: Factory>(factory: &F) {
    for items_before_cancel in 0..4 {
        let subject = Subject::with_capacity(factory, 3);
        drop(subject.consumer.take_many_async(2));
        let mut task = Task::new(subject.consumer.take_many_async(2));
        ensure!(Waiting, task.settle().is_pending(), "take_many on an empty buffer waits");
        let mut next = Task::new(subject.consumer.take_async());
        ensure!(Waiting, next.settle().is_pending(), "a take behind it waits");
        subject.fill(0..items_before_cancel);
        drop(task);
        if items_before_cancel > 0 {
            ensure!(Waiting, next.is_woken(), "the wake is passed on to the next take");
        }
        drop(next);
        subject.fill(items_before_cancel..3);
        let s = subject.ensure_accounted();
        let counts = (s.waiting, s.finished, s.consumers_waiting);
        ensure_eq!(NothingLost, counts, (3, 0, 0), "waiting, finished, takes that wait");
        ensure_eq!(NothingLost, subject.drain(), vec![0, 1, 2], "what is left to take");
    }
}

/// Batches with deadlines on both sides, cancelled ones among them: each item placed comes once, and
/// each that was not came back.
pub fn c3_batches_lose_nothing_while_everything_moves<F: Factory>(factory: &F) {
    const BATCHES: u64 = 150;
    const EACH: u64 = 7;
    let subject = Subject::with_capacity(factory, 4);
    let producing = (0..2)
        .map(|number| {
            let (own, ledger) = (subject.producer.clone(), subject.ledger.clone());
            Worker::start(move || {
                let mut placed = Vec::new();
                let mut rng = fastrand::Rng::with_seed(number);
                for batch in 0..BATCHES {
                    let first = (number * BATCHES + batch) * EACH;
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
                        _ => match Task::new(own.take_many_async(max)).settle() {
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
    ensure_eq!(NothingLost, placed as u64, 2 * BATCHES * EACH, "items placed");
    subject.producer.close();
    let taken = finish_all(consuming);
    for ids in &taken {
        for number in 0..2 {
            let of_one = ids.iter().filter(|id| **id / (BATCHES * EACH) == number);
            ensure!(Order, of_one.is_sorted(), "producer {number}: its items came out of order");
        }
    }
    let mut taken: Vec<u64> = taken.into_iter().flatten().collect();
    taken.sort_unstable();
    ensure_eq!(NothingLost, taken, (0..2 * BATCHES * EACH).collect::<Vec<_>>(), "items taken");
    ensure_eq!(Accounting, subject.ledger.alive(), 0, "items left");
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
    ensure_eq!(CloseAndDrain, late, refused, "a batch for nobody");
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
    ensure!(CloseAndDrain, task.settle().is_pending(), "take_many waits for another's lease");
    ensure!(CloseAndDrain, held.is_ok_and(|lease| lease.ack().is_ok()), "lease and ack");
    ensure!(CloseAndDrain, task.is_woken(), "the last ack wakes the take_many task");
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
    ensure!(Join, task.settle().is_pending(), "a join with items waiting");
    ensure_eq!(Order, subject.consumer.take_many(2).map(|i| i.len()), Ok(2), "two of three");
    ensure!(Join, task.settle().is_pending(), "a join with one item waiting");
    ensure_eq!(Order, subject.consumer.take_many(2).map(|i| i.len()), Ok(1), "the last");
    ensure!(Join, task.is_woken(), "the last of a batch wakes the join");
    ensure!(Join, task.settle().is_ready(), "the join with nothing unfinished");
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

/// `try_put` in a loop, against a batch that stands in line: each of its items gets its turn.
pub fn c10_a_batch_in_line_is_not_overtaken_without_end<F: Factory>(factory: &F) {
    const COUNT: u64 = 4;
    for capacity in [1, 3] {
        let subject = Subject::with_capacity(factory, capacity);
        subject.fill(100..100 + capacity as u64);
        let batch = items::<F>(0..COUNT, &subject.ledger);
        let mut task = Task::new(subject.producer.put_many_async(batch));
        ensure!(Waiting, task.settle().is_pending(), "a batch on a full buffer waits");
        // For each of its items it may be overtaken as often as any waiter.
        let limit = COUNT as usize * 2 * (capacity + 1);
        let mut times = 0;
        let mut next = 1_000;
        let mut taken = Vec::new();
        let done = loop {
            taken.extend(subject.try_take());
            if task.is_woken()
                && let Poll::Ready(done) = task.settle()
            {
                break told(done);
            }
            times += usize::from(subject.try_put(next).is_ok());
            next += 1;
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

/// `take_many` of many in a loop, against takes that wait: each gets its item.
pub fn c10_take_many_starves_no_take_that_waits<F: Factory>(factory: &F) {
    for (capacity, waiters) in [(1, 1), (2, 3), (5, 2)] {
        let subject = Subject::with_capacity(factory, capacity);
        let mut tasks: Vec<_> = (0..waiters)
            .map(|_| {
                let mut task = Task::new(subject.consumer.take_async());
                ensure!(Waiting, task.settle().is_pending(), "a take on an empty buffer waits");
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
            tasks.retain_mut(|task| !task.is_woken() || task.settle().is_pending());
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

//! C9: what happens on full is the producer's choice, told by its put and counted.

use std::time::{Duration, Instant};

use forebay_contract::{
    Batch, Consume, Leased, Outcome, Overflow, Patience, Produce, PutError, Refusal,
};

use crate::ensure::{ensure, ensure_eq};
use crate::task::{Task, block_on};
use crate::watchdog::PATIENCE;
use crate::worker::{Worker, blocked_producer, finish_all};
use crate::{Factory, Item, Settings, Subject};

/// Time that is meant to pass while a put waits in vain.
const SHORT: Duration = Duration::from_millis(10);
/// The policies that drop.
const DROPS: [Overflow; 2] = [Overflow::DropOldest, Overflow::DropThis];

/// The id handed back, and why.
fn told<T: Item>(put: Result<Outcome, PutError<T>>) -> Result<Outcome, (u64, Refusal)> {
    put.map_err(|error| (error.item.id(), error.refusal))
}

/// Another producer of the buffer, with this policy.
fn choosing<F: Factory>(subject: &Subject<F>, overflow: Overflow) -> F::Producer {
    subject.producer.clone().with_overflow(overflow)
}

/// Refusing drops nothing and produces nothing: the waiting items stay, the refused one goes back.
pub fn c9_refusing_drops_nothing<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 2);
    subject.fill(0..2);
    for id in 2..5 {
        ensure_eq!(Overflow, subject.try_put(id), Err(Refusal::Full), "a put on a full buffer");
    }
    let timed = told(subject.producer.put_timeout(subject.item(5), Duration::from_millis(1)));
    ensure_eq!(Overflow, timed, Err((5, Refusal::TimedOut)), "a put on a full buffer");
    let refusing = choosing(&subject, Overflow::Refuse);
    let put = told(refusing.put(subject.item(6)));
    ensure_eq!(Overflow, put, Err((6, Refusal::Full)), "a put that refuses, on a full buffer");
    let s = subject.statistics();
    let counts = (s.produced, s.waiting, s.dropped);
    ensure_eq!(Overflow, counts, (2, 2, 0), "produced, waiting and dropped after refusals");
    ensure_eq!(Overflow, subject.drain(), vec![0, 1], "what was waiting");
    let put = told(refusing.put(subject.item(7)));
    ensure_eq!(Overflow, put, Ok(Outcome::Placed), "a put that refuses, with room");
    subject.ensure_accounted();
}

/// Waiting drops nothing either, and the put says when it is done.
pub fn c9_waiting_drops_nothing<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    subject.fill([0]);
    let item = subject.item(1);
    let put = blocked_producer::<F, _>(&subject.producer, move |producer| told(producer.put(item)));
    let s = subject.statistics();
    ensure_eq!(Overflow, (s.produced, s.dropped), (1, 0), "produced and dropped while a put waits");
    let first = subject.consumer.take().map(|item| item.id());
    ensure_eq!(Overflow, first, Ok(0), "the item that was waiting");
    ensure_eq!(Overflow, put.finish(), Ok(Outcome::Placed), "what the put says that waited");
    ensure_eq!(Overflow, subject.drain(), vec![1], "its item");
    ensure_eq!(Overflow, subject.ensure_accounted().dropped, 0, "drops that nobody chose");
}

/// Each choice does on full what it says, says what it did, and is counted; with room, every one of
/// them places the item.
pub fn c9_each_policy_says_what_it_did<F: Factory>(factory: &F) {
    for (overflow, on_full, left) in [
        (Overflow::WaitFor(Duration::from_millis(1)), Err((2, Refusal::TimedOut)), vec![0, 1]),
        (Overflow::Refuse, Err((2, Refusal::Full)), vec![0, 1]),
        (Overflow::DropOldest, Ok(Outcome::DroppedOldest(1)), vec![1, 2]),
        (Overflow::DropThis, Ok(Outcome::DroppedThis), vec![0, 1]),
    ] {
        for tasks in [false, true] {
            let subject = Subject::with_capacity(factory, 2);
            let producer = choosing(&subject, overflow);
            let put = |id| {
                let item = subject.item(id);
                told(if tasks { block_on(producer.put_async(item)) } else { producer.put(item) })
            };
            for id in 0..2 {
                ensure_eq!(Overflow, put(id), Ok(Outcome::Placed), "{overflow:?}, with room");
            }
            ensure_eq!(Overflow, put(2), on_full, "{overflow:?}, on full");
            let s = subject.statistics();
            let (kept, drops) = (u64::from(on_full.is_ok()), u64::from(overflow.drops()));
            let counts = (s.produced, s.dropped, s.waiting, s.high_water);
            let promised = (2 + kept, drops, 2, 2);
            ensure_eq!(
                Overflow,
                counts,
                promised,
                "{overflow:?}: produced, dropped, waiting and high-water mark"
            );
            ensure_eq!(
                Overflow,
                subject.ledger.alive(),
                F::kept(2),
                "{overflow:?}: items that exist"
            );
            ensure_eq!(Overflow, subject.drain(), left, "{overflow:?}: what is left");
            subject.ensure_accounted();
        }
    }
}

/// To wait is the default; a clone has its original's policy, and a change is one handle's own.
pub fn c9_a_policy_belongs_to_its_handle<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    ensure_eq!(Overflow, subject.producer.overflow(), Overflow::Wait, "the policy of a new handle");
    subject.fill([0]);
    let refusing = choosing(&subject, Overflow::Refuse);
    let inheriting = refusing.clone();
    let dropping = refusing.clone().with_overflow(Overflow::DropThis);
    let policies = [&subject.producer, &refusing, &inheriting, &dropping].map(Produce::overflow);
    let promised = [Overflow::Wait, Overflow::Refuse, Overflow::Refuse, Overflow::DropThis];
    ensure_eq!(Overflow, policies, promised, "the policies that the handles tell");
    let full = Err((1, Refusal::Full));
    ensure_eq!(Overflow, told(refusing.put(subject.item(1))), full, "the original's put");
    ensure_eq!(Overflow, told(inheriting.put(subject.item(1))), full, "the clone's put");
    let dropped = Ok(Outcome::DroppedThis);
    ensure_eq!(Overflow, told(dropping.put(subject.item(1))), dropped, "the changed clone's put");
    // The first handle still waits.
    let item = subject.item(2);
    let put = blocked_producer::<F, _>(&subject.producer, move |producer| told(producer.put(item)));
    ensure_eq!(Overflow, subject.try_take(), Ok(0), "the item that was waiting");
    ensure_eq!(Overflow, put.finish(), Ok(Outcome::Placed), "the put of the first handle");
    ensure_eq!(Overflow, subject.statistics().producers, 4, "producers alive");
}

/// A put that waits so long waits at least so long, then hands its item back; when there is room
/// before, it is placed.
pub fn c9_wait_for_waits_so_long<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    subject.fill([0]);
    let hasty = choosing(&subject, Overflow::WaitFor(SHORT));
    for form in 0..3 {
        let begun = Instant::now();
        let (refused, rest) = match form {
            0 => (told(hasty.put(subject.item(1))), vec![1]),
            1 => (told(block_on(hasty.put_async(subject.item(1)))), vec![1]),
            _ => {
                let many = hasty.put_many(vec![subject.item(1), subject.item(2)]);
                let Err(error) = many else { panic!("C1 bound: two were placed on full") };
                (Err((1, error.refusal)), error.rest.iter().map(Item::id).collect())
            }
        };
        let timed_out = Err((1, Refusal::TimedOut));
        ensure_eq!(Overflow, refused, timed_out, "a put that waits {SHORT:?} in vain ({form})");
        ensure!(Overflow, rest.starts_with(&[1]), "the item comes back ({form}): {rest:?}");
        let waited = begun.elapsed();
        ensure!(Overflow, waited >= SHORT, "it waited {waited:?} of {SHORT:?} ({form})");
    }
    let s = subject.statistics();
    let counts = (s.produced, s.dropped, s.producers_waiting);
    ensure_eq!(Overflow, counts, (1, 0, 0), "produced, dropped and waiting puts");

    let patient = choosing(&subject, Overflow::WaitFor(PATIENCE * 10));
    let item = subject.item(3);
    let put = blocked_producer::<F, _>(&patient, move |producer| told(producer.put(item)));
    let mut task = Task::new(patient.put_async(subject.item(4)));
    ensure!(Overflow, task.settled::<F>().is_pending(), "a put task that may wait for long");
    ensure_eq!(Overflow, subject.try_take(), Ok(0), "the item that was waiting");
    ensure_eq!(Overflow, put.finish(), Ok(Outcome::Placed), "the put that had the time");
    ensure_eq!(Overflow, subject.try_take(), Ok(3), "its item");
    ensure!(Overflow, task.gets_woken::<F>(), "room wakes the task that may wait for long");
    ensure!(Overflow, task.gets_ready::<F>().is_ready(), "the put task is placed");
    ensure_eq!(Overflow, subject.drain(), vec![4], "its item");
}

/// A form that names its own patience goes by that, whatever the handle would wait.
pub fn c9_a_named_patience_goes_before_the_policy<F: Factory>(factory: &F) {
    let waits = [Overflow::Wait, Overflow::WaitFor(PATIENCE * 10), Overflow::Refuse];
    for overflow in waits {
        let subject = Subject::with_capacity(factory, 1);
        subject.fill([0]);
        let producer = choosing(&subject, overflow);
        let tried = told(producer.try_put(subject.item(1)));
        ensure_eq!(Overflow, tried, Err((1, Refusal::Full)), "{overflow:?}: try_put");
        let begun = Instant::now();
        let timed_out = Err((1, Refusal::TimedOut));
        let timed = told(producer.put_timeout(subject.item(1), SHORT));
        ensure_eq!(Overflow, timed, timed_out, "{overflow:?}: put_timeout");
        let timed = told(producer.put_deadline(subject.item(1), Instant::now() + SHORT));
        ensure_eq!(Overflow, timed, timed_out, "{overflow:?}: put_deadline");
        ensure!(Overflow, begun.elapsed() >= SHORT * 2, "{overflow:?}: both waited");
        let item = subject.item(1);
        let put = blocked_producer::<F, _>(&producer, move |producer| {
            told(producer.put_within(item, Patience::Forever))
        });
        ensure_eq!(Overflow, subject.try_take(), Ok(0), "the item that was waiting");
        let placed = put.finish();
        ensure_eq!(Overflow, placed, Ok(Outcome::Placed), "{overflow:?}: a put told to wait");
        ensure_eq!(Overflow, subject.drain(), vec![1], "its item");
    }
}

/// What drops never waits, in any form.
pub fn c9_a_put_that_drops_never_waits<F: Factory>(factory: &F) {
    for overflow in DROPS {
        let subject = Subject::with_capacity(factory, 1);
        subject.fill([0]);
        let producer = choosing(&subject, overflow);
        let item = |id| subject.item(id);
        let puts = [
            told(producer.put(item(1))),
            told(producer.try_put(item(2))),
            told(producer.put_timeout(item(3), PATIENCE * 10)),
            told(producer.put_within(item(4), Patience::Forever)),
            told(block_on(producer.put_async(item(5)))),
        ];
        let (dropped, left) = match overflow {
            Overflow::DropOldest => (Outcome::DroppedOldest(1), 5),
            _ => (Outcome::DroppedThis, 0),
        };
        ensure_eq!(Overflow, puts, [Ok(dropped); 5], "{overflow:?}: every form on full");
        ensure_eq!(Overflow, subject.drain(), vec![left], "{overflow:?}: what is left");
        ensure_eq!(Overflow, subject.ensure_accounted().dropped, 5, "{overflow:?}: drops");
    }
}

/// Tasks of producers that do not wait are answered at their first poll, and do nothing before.
pub fn c9_tasks_that_do_not_wait_end_at_once<F: Factory>(factory: &F) {
    for overflow in [Overflow::Refuse, Overflow::DropOldest, Overflow::DropThis] {
        let subject = Subject::with_capacity(factory, 1);
        subject.fill([0]);
        let producer = choosing(&subject, overflow);
        drop(producer.put_async(subject.item(1)));
        let s = subject.ensure_accounted();
        let counts = (s.produced, s.dropped);
        ensure_eq!(Overflow, counts, (1, 0), "{overflow:?}: produced and dropped, never polled");
        let left = subject.ledger.alive();
        ensure_eq!(Overflow, left, F::kept(1), "{overflow:?}: the item goes with it");
        let mut task = Task::new(producer.put_async(subject.item(2)));
        ensure!(Overflow, task.settled::<F>().is_ready(), "{overflow:?}: a put task on full waits");
        drop(task);
        ensure_eq!(Overflow, subject.statistics().producers_waiting, 0, "{overflow:?}: who waits");
    }
}

/// A put that would drop is refused like any other once nobody may put, and drops nothing.
pub fn c9_nothing_is_dropped_after_the_end<F: Factory>(factory: &F) {
    for overflow in DROPS {
        let subject = Subject::with_capacity(factory, 1);
        subject.fill([0]);
        let producer = choosing(&subject, overflow);
        subject.consumer.close();
        let put = told(producer.put(subject.item(1)));
        ensure_eq!(Overflow, put, Err((1, Refusal::Closed)), "{overflow:?} after close");
        let s = subject.ensure_accounted();
        ensure_eq!(Overflow, (s.produced, s.dropped), (1, 0), "{overflow:?}: produced, dropped");
        ensure_eq!(Overflow, subject.drain(), vec![0], "{overflow:?}: what was waiting");

        let Subject { producer, consumer, ledger } = Subject::with_capacity(factory, 1);
        let producer = producer.with_overflow(overflow);
        drop(consumer);
        let put = told(producer.put(F::Item::new(1, &ledger)));
        let (promised, produced) = if F::STAYS_OPEN {
            (Ok(Outcome::Placed), 1)
        } else {
            (Err((1, Refusal::Abandoned)), 0)
        };
        ensure_eq!(Overflow, put, promised, "{overflow:?} for nobody");
        let s = producer.statistics();
        let counts = (s.produced, s.dropped);
        ensure_eq!(Overflow, counts, (produced, 0), "{overflow:?}: produced, dropped");
    }
}

/// What became of each item of a batch is in its sum.
pub fn c9_drops_of_a_batch_are_summed<F: Factory>(factory: &F) {
    for tasks in [false, true] {
        for (overflow, promised, left) in [
            (
                Overflow::DropOldest,
                Batch { placed: 5, dropped_oldest: 4, dropped_these: 0 },
                [4, 5, 6],
            ),
            (
                Overflow::DropThis,
                Batch { placed: 1, dropped_oldest: 0, dropped_these: 4 },
                [0, 1, 2],
            ),
        ] {
            let subject = Subject::with_capacity(factory, 3);
            subject.fill(0..2);
            let producer = choosing(&subject, overflow);
            let items = (2..7).map(|id| subject.item(id)).collect();
            let put = if tasks {
                block_on(producer.put_many_async(items))
            } else {
                producer.put_many(items)
            };
            let done = put.map_err(|error| error.refusal);
            ensure_eq!(Overflow, done, Ok(promised), "{overflow:?}: what the batch tells");
            let s = subject.ensure_accounted();
            ensure_eq!(
                Overflow,
                (s.produced, s.dropped),
                (7, 4),
                "{overflow:?}: produced, dropped"
            );
            ensure_eq!(Overflow, subject.drain(), left, "{overflow:?}: what is left");
        }
    }
}

/// While everything moves: what was put is taken once, or was told and counted as dropped.
pub fn c9_drops_are_counted_while_everything_moves<F: Factory>(factory: &F) {
    let each = F::scaled(1_500);
    let subject = Subject::new(factory, Settings::new(3).max_leased(2));
    let policies = [Overflow::DropOldest, Overflow::DropThis, Overflow::DropOldest];
    let producing = (0..)
        .zip(policies)
        .map(|(number, overflow)| {
            let (own, ledger) = (choosing(&subject, overflow), subject.ledger.clone());
            Worker::start(move || {
                let mut done = Batch::default();
                let mut refused = 0;
                for id in number * each..(number + 1) * each {
                    match told(own.put(F::Item::new(id, &ledger))) {
                        Ok(outcome) => done.add(outcome),
                        Err(back) => {
                            // Nobody waits for room here, so that a place is never another's.
                            ensure_eq!(Overflow, back, (id, Refusal::Full), "a put that drops");
                            refused += 1;
                        }
                    }
                    if id % 16 == 0 {
                        std::thread::yield_now();
                    }
                }
                ensure_eq!(Overflow, refused, 0, "refusals where no producer waits");
                done
            })
        })
        .collect();
    let consuming = (0..2)
        .map(|number| {
            let own = subject.consumer.clone();
            Worker::start(move || {
                let mut taken = Vec::new();
                loop {
                    let next = if number == 0 {
                        own.take().map(|item| item.id())
                    } else {
                        own.lease().map(finish)
                    };
                    match next {
                        Ok(id) => taken.push(id),
                        Err(_) => return taken,
                    }
                }
            })
        })
        .collect();
    let done = finish_all(producing).into_iter().fold(Batch::default(), |sum, one| Batch {
        placed: sum.placed + one.placed,
        dropped_oldest: sum.dropped_oldest + one.dropped_oldest,
        dropped_these: sum.dropped_these + one.dropped_these,
    });
    subject.producer.close();
    let taken = finish_all(consuming);
    for ids in &taken {
        for number in 0..policies.len() as u64 {
            let of_one = ids.iter().filter(|id| **id / each == number);
            ensure!(Order, of_one.is_sorted(), "producer {number}: its items came out of order");
        }
    }
    let mut all: Vec<u64> = taken.into_iter().flatten().collect();
    let count = all.len() as u64;
    all.sort_unstable();
    all.dedup();
    ensure_eq!(NothingTwice, all.len() as u64, count, "different items among those taken");
    let s = subject.ensure_accounted();
    let told = (s.produced, s.dropped, s.finished);
    let drops = done.dropped_oldest + done.dropped_these as u64;
    ensure_eq!(Overflow, told, (3 * each, drops, count), "produced, dropped and finished");
    ensure_eq!(NothingLost, count, done.placed as u64 - done.dropped_oldest, "items taken");
    ensure_eq!(Accounting, subject.ledger.alive(), 0, "items left");
}

/// Finishes the leased item; its id.
fn finish<T: Item>(lease: impl Leased<T>) -> u64 {
    let id = lease.id();
    ensure!(NothingTwice, lease.ack().is_ok(), "an ack of a lease without deadline");
    id
}

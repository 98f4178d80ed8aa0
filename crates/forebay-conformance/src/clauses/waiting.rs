//! C5: who waits is asleep, is woken, and loses nothing by giving up.

use std::thread;
use std::time::{Duration, Instant};

use forebay_contract::{Consume, Leased, Overflow, Patience, Produce, Refusal, TakeError};

use crate::ensure::{ensure, ensure_eq};
use crate::task::block_on;
use crate::thread_time::thread_time;
use crate::worker::{Worker, blocked_consumer, blocked_producer, finish_all};
use crate::{Factory, Item, Settings, Subject};

/// How long the sleepers sleep.
const NAP: Duration = Duration::from_millis(250);
/// The most processor time that such a nap may cost: far more than going to sleep and waking up,
/// far less than a nap spent awake on a machine shared with others.
const NAP_COST: Duration = Duration::from_millis(5);
/// A deadline that is meant to pass.
const SHORT: Duration = Duration::from_millis(10);

/// `try_` never waits, neither for room nor for an item, and says why not.
pub fn c5_try_never_waits<F: Factory>(factory: &F) {
    let subject = Subject::new(factory, Settings::new(1).max_leased(1));
    ensure_eq!(Waiting, subject.try_take(), Err(TakeError::Empty), "try_take when empty");
    let leased = subject.consumer.try_lease().err();
    ensure_eq!(Waiting, leased, Some(TakeError::Empty), "try_lease when empty");
    subject.fill([0]);
    ensure_eq!(Waiting, subject.try_put(1), Err(Refusal::Full), "try_put when full");
    let held = subject.consumer.try_lease();
    ensure!(Waiting, held.is_ok(), "try_lease of a waiting item: {:?}", held.as_ref().err());
    ensure_eq!(Waiting, subject.try_take(), Err(TakeError::Empty), "try_take of a leased item");
    subject.fill([1]);
    let beyond = subject.consumer.try_lease().err();
    ensure_eq!(Waiting, beyond, Some(TakeError::LeaseLimit), "try_lease at the limit");
}

/// A deadline that passes ends the wait: the put hands its item back, the take says `TimedOut`, and
/// nothing has moved. One that has passed already still gets what is there.
pub fn c5_deadlines_pass_and_nothing_moves<F: Factory>(factory: &F) {
    let subject = Subject::new(factory, Settings::new(1).max_leased(1));
    let begun = Instant::now();
    let none = subject.consumer.take_timeout(SHORT).err();
    ensure_eq!(Waiting, none, Some(TakeError::TimedOut), "a take on an empty buffer");
    let none = subject.consumer.lease_timeout(SHORT).err();
    ensure_eq!(Waiting, none, Some(TakeError::TimedOut), "a lease on an empty buffer");
    subject.fill([0]);
    let Err(refused) = subject.producer.put_timeout(subject.item(1), SHORT) else {
        panic!("C1 bound: a put on a full buffer was placed");
    };
    ensure_eq!(Waiting, refused.refusal, Refusal::TimedOut, "a put on a full buffer");
    ensure_eq!(Waiting, refused.item.id(), 1, "the put that timed out hands back its item");
    ensure!(Waiting, begun.elapsed() >= SHORT * 3, "all three waited for their deadlines");
    let s = subject.ensure_accounted();
    ensure_eq!(Waiting, (s.produced, s.waiting), (1, 1), "after the put that timed out");
    let held = subject.consumer.try_lease();
    subject.fill([2]);
    let at_limit = subject.consumer.lease_timeout(SHORT).err();
    ensure_eq!(Waiting, at_limit, Some(TakeError::TimedOut), "a lease at the lease limit");
    drop(held);
    let s = subject.statistics();
    let waiters = (s.producers_waiting, s.consumers_waiting);
    ensure_eq!(Waiting, waiters, (0, 0), "waiters after all have given up");

    let past = Patience::Until(begun);
    let taken = subject.consumer.take_within(past).map(|item| item.id());
    ensure_eq!(Waiting, taken, Ok(0), "a take whose deadline has passed, with items waiting");
    let _ = subject.consumer.take_within(past);
    let put = subject.producer.put_within(subject.item(3), past).is_ok();
    ensure!(Waiting, put, "a put whose deadline has passed, with room");
}

/// A put that gave up is not placed later, when room comes.
pub fn c5_timed_out_put_is_not_placed<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 2);
    subject.fill(0..2);
    let Err(back) = subject.producer.put_timeout(subject.item(2), SHORT) else {
        panic!("C1 bound: a put on a full buffer was placed");
    };
    ensure_eq!(Waiting, back.item.id(), 2, "the put that timed out hands back its item");
    drop(back);
    ensure_eq!(Waiting, subject.drain(), vec![0, 1], "what was placed");
    ensure_eq!(Waiting, subject.try_take(), Err(TakeError::Empty), "nothing comes afterwards");
}

/// A wait costs no processor time: the waiting thread sleeps.
pub fn c5_waiting_is_sleeping<F: Factory>(factory: &F) {
    fn cost(call: impl FnOnce()) -> Duration {
        let before = thread_time();
        call();
        thread_time().saturating_sub(before)
    }
    let full = Subject::new(factory, Settings::new(1).max_leased(1));
    full.fill([0]);
    let empty = Subject::with_capacity(factory, 1);
    let late = full.item(1);
    let later = full.item(2);
    let later_still = full.item(3);
    let batches = [vec![full.item(4)], vec![full.item(5)]];
    let [batch, batch_of_a_task] = batches;
    let sleepers = vec![
        ("put", blocked_producer::<F, _>(&full.producer, |p| cost(|| drop(p.put(late))))),
        (
            "put_timeout",
            blocked_producer::<F, _>(&full.producer, |p| {
                cost(|| drop(p.put_timeout(later, Duration::from_mins(10))))
            }),
        ),
        (
            "put_async",
            blocked_producer::<F, _>(&full.producer, |p| {
                cost(|| drop(block_on(p.put_async(later_still))))
            }),
        ),
        ("put_async under WaitFor", {
            let item = full.item(6);
            let waits = Overflow::WaitFor(Duration::from_mins(10));
            let producer = full.producer.clone().with_overflow(waits);
            blocked_producer::<F, _>(&producer, |p| cost(|| drop(block_on(p.put_async(item)))))
        }),
        (
            "put_many",
            blocked_producer::<F, _>(&full.producer, |p| cost(|| drop(p.put_many(batch)))),
        ),
        (
            "put_many_async",
            blocked_producer::<F, _>(&full.producer, |p| {
                cost(|| drop(block_on(p.put_many_async(batch_of_a_task))))
            }),
        ),
        ("reserve", blocked_producer::<F, _>(&full.producer, |p| cost(|| drop(p.reserve())))),
        (
            "reserve_async",
            blocked_producer::<F, _>(&full.producer, |p| {
                cost(|| drop(block_on(p.reserve_async())))
            }),
        ),
        ("take_many", blocked_consumer::<F, _>(&empty.consumer, |c| cost(|| drop(c.take_many(3))))),
        (
            "take_many_async",
            blocked_consumer::<F, _>(&empty.consumer, |c| {
                cost(|| drop(block_on(c.take_many_async(3))))
            }),
        ),
        ("take", blocked_consumer::<F, _>(&empty.consumer, |c| cost(|| drop(c.take())))),
        (
            "take_timeout",
            blocked_consumer::<F, _>(&empty.consumer, |c| {
                cost(|| drop(c.take_timeout(Duration::from_mins(10))))
            }),
        ),
        (
            "take_async",
            blocked_consumer::<F, _>(&empty.consumer, |c| cost(|| drop(block_on(c.take_async())))),
        ),
        ("lease", blocked_consumer::<F, _>(&empty.consumer, |c| cost(|| drop(c.lease())))),
        ("join", {
            let own = full.producer.clone();
            Worker::start(move || cost(|| assert_eq!(own.join(), Ok(()))))
        }),
    ];
    thread::sleep(NAP);
    // The closing of one buffer and the last consumer of the other end every wait; what stays open is
    // closed and drained.
    empty.consumer.close();
    if F::STAYS_OPEN {
        full.consumer.close();
        ensure_eq!(Order, full.drain(), vec![0], "what was waiting");
    }
    drop(full.consumer);
    for (form, sleeper) in sleepers {
        let cost = sleeper.finish();
        ensure!(Waiting, cost < NAP_COST, "{form} used {cost:?} of processor time to wait {NAP:?}");
    }
}

/// Each place freed wakes a put that waits, each item a take: nobody sleeps beside work.
pub fn c5_each_change_wakes_a_waiter<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 2);
    subject.fill(0..2);
    let puts = (2..5)
        .map(|id| {
            let item = subject.item(id);
            blocked_producer::<F, _>(&subject.producer, move |producer| match id {
                2 => producer.put(item).is_ok(),
                3 => producer.put_timeout(item, Duration::from_mins(10)).is_ok(),
                _ => block_on(producer.put_async(item)).is_ok(),
            })
        })
        .collect();
    let mut taken: Vec<u64> =
        (0..5).map_while(|_| subject.consumer.take().ok()).map(|i| i.id()).collect();
    ensure!(Waiting, finish_all(puts).into_iter().all(|placed| placed), "every put was placed");
    taken.sort_unstable();
    ensure_eq!(NothingLost, taken, vec![0, 1, 2, 3, 4], "items taken");

    let takes = (0..3)
        .map(|form| {
            blocked_consumer::<F, _>(&subject.consumer, move |consumer| match form {
                0 => consumer.take().map(|item| item.id()),
                1 => consumer.take_timeout(Duration::from_mins(10)).map(|item| item.id()),
                _ => block_on(consumer.take_async()).map(|item| item.id()),
            })
        })
        .collect();
    for id in 5..8 {
        ensure!(Waiting, subject.producer.put(subject.item(id)).is_ok(), "put {id}");
    }
    let mut taken: Vec<u64> = finish_all(takes).into_iter().flatten().collect();
    taken.sort_unstable();
    ensure_eq!(NothingLost, taken, vec![5, 6, 7], "items taken by those who waited");
}

/// An item given back, in any way, wakes a consumer that sleeps on the empty buffer.
pub fn c5_giving_back_wakes_a_waiter<F: Factory>(factory: &F) {
    for how in 0..3 {
        for leases in [false, true] {
            let subject = Subject::with_capacity(factory, 1);
            subject.fill([0]);
            let Ok(held) = subject.consumer.try_lease() else {
                panic!("C3 nothing lost: no item to lease");
            };
            let waiting = blocked_consumer::<F, _>(&subject.consumer, move |consumer| {
                if leases {
                    consumer.lease().and_then(|lease| lease.ack().map_err(|_| TakeError::Empty))
                } else {
                    consumer.take()
                }
                .map(|item| item.id())
            });
            match how {
                0 => drop(held.nack()),
                1 => drop(held.fail("again")),
                _ => drop(held),
            }
            ensure_eq!(Waiting, waiting.finish(), Ok(0), "the item given back, to who waited");
        }
    }
}

/// Hand to hand through the smallest buffer: a lost wake ends it at once.
pub fn c5_ping_pong_never_stalls<F: Factory>(factory: &F) {
    let rounds = F::scaled(3_000);
    let there = Subject::with_capacity(factory, 1);
    let back = Subject::with_capacity(factory, 1);
    let (from, to) = (there.consumer.clone(), back.producer.clone());
    let echo = Worker::start(move || {
        let mut count = 0;
        while let Ok(item) = if count % 3 == 0 { block_on(from.take_async()) } else { from.take() }
        {
            count += 1;
            ensure!(Waiting, to.put(item).is_ok(), "the way back is open");
        }
    });
    for id in 0..rounds {
        ensure!(Waiting, there.producer.put(there.item(id)).is_ok(), "the way there is open");
        let returned =
            if id % 2 == 0 { back.consumer.take() } else { block_on(back.consumer.take_async()) };
        ensure_eq!(Waiting, returned.map(|item| item.id()), Ok(id), "what comes back");
    }
    there.producer.close();
    echo.finish();
}

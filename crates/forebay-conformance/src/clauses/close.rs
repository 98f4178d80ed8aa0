//! C6: no more puts, then the rest, then the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use forebay_contract::{Consume, JoinError, Leased, Patience, Produce, Refusal, TakeError};

use crate::ensure::{ensure, ensure_eq};
use crate::task::{Task, block_on};
use crate::watchdog::{PATIENCE, eventually};
use crate::worker::{Worker, blocked_consumer, blocked_producer, finish_all};
use crate::{Factory, Item, Settings, Subject};

/// A deadline that is meant to pass.
const SHORT: Duration = Duration::from_millis(10);

/// After close every form of put is refused with its item, and what is left can be taken.
pub fn c6_close_refuses_puts_and_drains<F: Factory>(factory: &F) {
    for from_the_consumer in [false, true] {
        let subject = Subject::with_capacity(factory, 4);
        subject.fill(0..2);
        ensure!(CloseAndDrain, !subject.statistics().closed, "a fresh buffer is open");
        // Closing twice is closing once.
        for _ in 0..2 {
            if from_the_consumer {
                subject.consumer.close();
            } else {
                subject.producer.close();
            }
        }
        ensure!(
            CloseAndDrain,
            subject.statistics().closed,
            "the statistics tell that it is closed"
        );
        let refused = [
            subject.producer.try_put(subject.item(9)),
            subject.producer.put(subject.item(9)),
            subject.producer.put_timeout(subject.item(9), PATIENCE),
            block_on(subject.producer.put_async(subject.item(9))),
        ];
        for put in refused {
            let refusal = put.map_err(|error| (error.item.id(), error.refusal));
            ensure_eq!(CloseAndDrain, refusal, Err((9, Refusal::Closed)), "a put after close");
        }
        ensure_eq!(CloseAndDrain, subject.drain(), vec![0, 1], "what was left");
        let ends = [
            subject.consumer.try_take().err(),
            subject.consumer.take().err(),
            subject.consumer.take_timeout(PATIENCE).err(),
            block_on(subject.consumer.take_async()).err(),
            subject.consumer.try_lease().err(),
            subject.consumer.lease().err(),
            block_on(subject.consumer.lease_async()).err(),
        ];
        for end in ends {
            ensure_eq!(CloseAndDrain, end, Some(TakeError::Closed), "a take after the last item");
        }
        subject.ensure_accounted();
    }
}

/// Close wakes every put that waits, each with its item.
pub fn c6_close_wakes_producers_with_their_items<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    subject.fill([0]);
    let blocked: Vec<_> = (1..4)
        .map(|id| {
            let item = subject.item(id);
            blocked_producer::<F, _>(&subject.producer, move |producer| {
                match id {
                    1 => producer.put(item),
                    2 => producer.put_timeout(item, PATIENCE * 10),
                    _ => block_on(producer.put_async(item)),
                }
                .map_err(|error| (error.item.id(), error.refusal))
            })
        })
        .collect();
    let mut task = Task::new(subject.producer.put_async(subject.item(4)));
    ensure!(Waiting, task.settled::<F>().is_pending(), "a put on a full buffer waits");
    subject.consumer.close();
    ensure!(CloseAndDrain, task.gets_woken::<F>(), "close wakes the task that waits for room");
    for (id, put) in (1..).zip(finish_all(blocked)) {
        ensure_eq!(CloseAndDrain, put, Err((id, Refusal::Closed)), "the put that waited at close");
    }
    ensure_eq!(CloseAndDrain, subject.drain(), vec![0], "what was placed before close");
    ensure_eq!(Accounting, subject.ensure_accounted().produced, 1, "produced");
}

/// Close wakes every take and lease that waits, with `Closed`.
pub fn c6_close_wakes_consumers<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    let blocked: Vec<_> = (0..4)
        .map(|form| {
            blocked_consumer::<F, _>(&subject.consumer, move |consumer| match form {
                0 => consumer.take().err(),
                1 => consumer.take_timeout(PATIENCE * 10).err(),
                2 => consumer.lease().err(),
                _ => block_on(consumer.take_async()).err(),
            })
        })
        .collect();
    let mut take = Task::new(subject.consumer.take_async());
    let mut lease = Task::new(subject.consumer.lease_async());
    ensure!(Waiting, take.settled::<F>().is_pending(), "a take on an empty buffer waits");
    ensure!(Waiting, lease.settled::<F>().is_pending(), "a lease on an empty buffer waits");
    subject.producer.close();
    let woken = take.gets_woken::<F>() && lease.gets_woken::<F>();
    ensure!(CloseAndDrain, woken, "close wakes the tasks that wait for an item");
    for end in finish_all(blocked) {
        ensure_eq!(CloseAndDrain, end, Some(TakeError::Closed), "the call that waited at close");
    }
}

/// `Closed` waits for the leases of other consumers, which could still bring an item back.
pub fn c6_closed_waits_for_other_leases<F: Factory>(factory: &F) {
    for answer in 0..4 {
        let subject = Subject::with_capacity(factory, 2);
        subject.fill([0]);
        let holder = subject.consumer.clone();
        let Ok(held) = holder.try_lease() else {
            panic!("C3 nothing lost: no item to lease");
        };
        subject.producer.close();
        let early = subject.try_take();
        ensure_eq!(
            CloseAndDrain,
            early,
            Err(TakeError::Empty),
            "a try_take beside another's lease"
        );
        let early = subject.consumer.try_lease().err();
        ensure_eq!(CloseAndDrain, early, Some(TakeError::Empty), "a try_lease beside another's");
        let mut task = Task::new(subject.consumer.take_async());
        ensure!(
            CloseAndDrain,
            task.settled::<F>().is_pending(),
            "a take waits for another's lease"
        );
        drop(task);
        let waiting = blocked_consumer::<F, _>(&subject.consumer, |consumer| {
            consumer.take().map(|item| item.id())
        });
        let (accepted, expected) = match answer {
            0 => (held.ack().is_ok(), Err(TakeError::Closed)),
            1 => (held.reject("no use").is_ok(), Err(TakeError::Closed)),
            2 => (held.nack().is_ok(), Ok(0)),
            _ => {
                drop(held);
                (true, Ok(0))
            }
        };
        ensure!(CloseAndDrain, accepted, "an answer after close is accepted");
        ensure_eq!(CloseAndDrain, waiting.finish(), expected, "the take that waited ({answer})");
        let end = subject.try_take();
        ensure_eq!(CloseAndDrain, end, Err(TakeError::Closed), "after the last lease ended");
    }
}

/// A consumer's own lease does not keep it from hearing `Closed`, and can still bring its item
/// back afterwards.
pub fn c6_own_lease_does_not_block_closed<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 2);
    subject.fill([0]);
    let other = subject.consumer.clone();
    let held = subject.consumer.try_lease();
    subject.producer.close();
    let own = subject.consumer.take().err();
    ensure_eq!(CloseAndDrain, own, Some(TakeError::Closed), "take, with one's own lease out");
    let own = subject.consumer.lease().err();
    ensure_eq!(CloseAndDrain, own, Some(TakeError::Closed), "lease, with one's own lease out");
    let own = block_on(subject.consumer.take_async()).err();
    ensure_eq!(CloseAndDrain, own, Some(TakeError::Closed), "take_async, with one's own lease out");
    let theirs = other.try_take().err();
    ensure_eq!(CloseAndDrain, theirs, Some(TakeError::Empty), "another consumer waits for it");
    let nacked = held.map(Leased::nack);
    ensure_eq!(CloseAndDrain, nacked, Ok(Ok(())), "a nack after close");
    ensure_eq!(CloseAndDrain, other.try_take().map(|i| i.id()), Ok(0), "the nacked item");
    ensure_eq!(CloseAndDrain, subject.try_take(), Err(TakeError::Closed), "the end");
}

/// Two consumers asleep beside the last lease both hear `Closed` when it is acked.
pub fn c6_the_last_ack_wakes_everyone<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    subject.fill([0]);
    let held = subject.consumer.clone().try_lease();
    subject.producer.close();
    let sleepers: Vec<_> = (0..3)
        .map(|_| blocked_consumer::<F, _>(&subject.consumer, |consumer| consumer.take().err()))
        .collect();
    let mut task = Task::new(subject.consumer.lease_async());
    ensure!(CloseAndDrain, task.settled::<F>().is_pending(), "a lease waits for another's lease");
    ensure!(CloseAndDrain, held.is_ok_and(|lease| lease.ack().is_ok()), "lease and ack");
    ensure!(
        CloseAndDrain,
        task.gets_woken::<F>(),
        "the last ack wakes the task that waits beside it"
    );
    for end in finish_all(sleepers) {
        ensure_eq!(CloseAndDrain, end, Some(TakeError::Closed), "who slept beside the last lease");
    }
}

/// Dropping the last producer closes, and wakes; dropping another does not. What stays open until
/// somebody closes it stays so.
pub fn c6_dropping_the_last_producer_closes<F: Factory>(factory: &F) {
    let Subject { producer, consumer, ledger } = Subject::with_capacity(factory, 2);
    let another = producer.clone();
    ensure!(CloseAndDrain, producer.try_put(F::Item::new(0, &ledger)).is_ok(), "put");
    drop(producer);
    let taken = consumer.try_take().map(|item| item.id());
    ensure_eq!(CloseAndDrain, taken, Ok(0), "the item of the dropped producer");
    let open = consumer.try_take().err();
    ensure_eq!(CloseAndDrain, open, Some(TakeError::Empty), "one producer is left: open");
    let waiting =
        blocked_consumer::<F, _>(&consumer, |c| (c.take().map(|item| item.id()), c.take().err()));
    ensure!(CloseAndDrain, another.try_put(F::Item::new(1, &ledger)).is_ok(), "put");
    drop(another);
    if F::STAYS_OPEN {
        eventually("C5 waiting: the take after the last item waits", || {
            let s = consumer.statistics();
            (s.producers, s.finished, s.consumers_waiting) == (0, 2, 1)
        });
        ensure!(CloseAndDrain, !consumer.statistics().closed, "closed before anybody closed");
        ensure!(CloseAndDrain, !waiting.has_ended(), "a take ended before anybody closed");
        let open = consumer.take_timeout(SHORT).err();
        ensure_eq!(CloseAndDrain, open, Some(TakeError::TimedOut), "no producer is left: open");
        consumer.close();
    }
    let rest = waiting.finish();
    ensure_eq!(CloseAndDrain, rest, (Ok(1), Some(TakeError::Closed)), "the rest, and the end");
    ensure!(CloseAndDrain, consumer.statistics().closed, "the statistics tell that it is closed");
    ensure_eq!(CloseAndDrain, consumer.statistics().producers, 0, "producers alive");
}

/// Dropping the last consumer refuses puts with their items and wakes those that wait. Where the buffer
/// stays open until somebody closes it, puts wait on, and what waits stays.
pub fn c6_dropping_the_last_consumer_refuses_puts<F: Factory>(factory: &F) {
    let Subject { producer, consumer, ledger } = Subject::with_capacity(factory, 1);
    ensure!(CloseAndDrain, producer.try_put(F::Item::new(0, &ledger)).is_ok(), "put");
    let another = consumer.clone();
    drop(consumer);
    let full = producer.try_put(F::Item::new(1, &ledger)).map_err(|error| error.refusal);
    ensure_eq!(CloseAndDrain, full, Err(Refusal::Full), "one consumer is left: full, no more");
    let blocked: Vec<_> = (1..3)
        .map(|id| {
            let item = F::Item::new(id, &ledger);
            blocked_producer::<F, _>(&producer, move |producer| {
                let put =
                    if id == 1 { producer.put(item) } else { block_on(producer.put_async(item)) };
                put.map_err(|error| (error.item.id(), error.refusal))
            })
        })
        .collect();
    drop(another);
    let refused = if F::STAYS_OPEN {
        let full = producer.try_put(F::Item::new(3, &ledger)).map_err(|error| error.refusal);
        ensure_eq!(CloseAndDrain, full, Err(Refusal::Full), "no consumer is left: full, no more");
        let late = producer.put_timeout(F::Item::new(3, &ledger), SHORT);
        let late = late.map_err(|error| error.refusal);
        ensure_eq!(CloseAndDrain, late, Err(Refusal::TimedOut), "no consumer is left: full");
        let ended = blocked.iter().filter(|put| put.has_ended()).count();
        ensure_eq!(CloseAndDrain, ended, 0, "puts that ended before anybody closed");
        producer.close();
        Refusal::Closed
    } else {
        Refusal::Abandoned
    };
    for (id, put) in (1..).zip(finish_all(blocked)) {
        ensure_eq!(CloseAndDrain, put, Err((id, refused)), "the put that waited");
    }
    let puts = [
        producer.try_put(F::Item::new(3, &ledger)),
        producer.put(F::Item::new(3, &ledger)),
        block_on(producer.put_async(F::Item::new(3, &ledger))),
    ];
    for put in puts {
        let refusal = put.map_err(|error| (error.item.id(), error.refusal));
        ensure_eq!(CloseAndDrain, refusal, Err((3, refused)), "a put for nobody");
    }
    let s = producer.statistics();
    let counts = (s.produced, s.waiting, s.dropped, s.consumers);
    let (waiting, dropped) = if F::STAYS_OPEN { (1, 0) } else { (0, 1) };
    let promised = (1, waiting, dropped, 0);
    ensure_eq!(Accounting, counts, promised, "produced, waiting, dropped, consumers");
    if F::STAYS_OPEN {
        let tried = producer.join_within(Patience::Try);
        ensure_eq!(Join, tried, Err(JoinError::TimedOut), "a join with an item for nobody");
    } else {
        ensure_eq!(Join, producer.join(), Ok(()), "a join");
    }
}

/// A put that returned Ok before the close, or in a race with it, is always drained.
pub fn c6_every_put_before_close_is_drained<F: Factory>(factory: &F) {
    for round in 0..F::scaled(80) {
        let subject = Subject::new(factory, Settings::new(3));
        let begun = Arc::new(AtomicU64::new(0));
        let producing: Vec<_> = (0..2)
            .map(|number| {
                let (own, ledger) = (subject.producer.clone(), subject.ledger.clone());
                let begun = Arc::clone(&begun);
                Worker::start(move || {
                    let mut placed = Vec::new();
                    for id in (number..).step_by(2) {
                        match own.put(F::Item::new(id, &ledger)) {
                            Ok(_) => placed.push(id),
                            Err(error) => {
                                let back = (error.item.id(), error.refusal);
                                let closed = (id, Refusal::Closed);
                                ensure_eq!(CloseAndDrain, back, closed, "the put that met close");
                                break;
                            }
                        }
                        begun.fetch_add(1, Ordering::SeqCst);
                    }
                    placed
                })
            })
            .collect();
        let consuming: Vec<_> = (0..2)
            .map(|_| {
                let own = subject.consumer.clone();
                Worker::start(move || {
                    let mut taken = Vec::new();
                    while let Ok(item) = own.take() {
                        taken.push(item.id());
                    }
                    taken
                })
            })
            .collect();
        eventually("C5 waiting: producers get on", || begun.load(Ordering::SeqCst) > round * 5);
        subject.consumer.close();
        let mut placed: Vec<u64> = finish_all(producing).into_iter().flatten().collect();
        let mut taken: Vec<u64> = finish_all(consuming).into_iter().flatten().collect();
        placed.sort_unstable();
        taken.sort_unstable();
        ensure_eq!(CloseAndDrain, taken, placed, "items drained, and items placed");
        subject.ensure_accounted();
    }
}

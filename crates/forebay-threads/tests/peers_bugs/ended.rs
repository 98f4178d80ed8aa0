//! The end: nothing is missed just before it, and nobody is left waiting after it.

use std::thread;
use std::time::Duration;

use forebay_conformance::task::{Task, block_on};
use forebay_threads::{Discipline, Refusal, TakeError};

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    flume_120_the_last_item_comes_before_the_end,
    libra_4479_the_last_producer_to_go_wakes_who_waits,
    tokio_2854_a_permit_does_not_hold_the_end_up,
    tokio_8074_a_try_at_the_end_says_which_it_is,
    tokio_7709_a_permit_that_is_held_keeps_one_place_only,
    tokio_8260_the_last_that_was_out_wakes_who_waits_for_the_end,
);

/// flume #120: a receiver looked for an item, found none, then saw that the sender was gone, and never
/// returned the item that had been sent in between. Here: an item and the end come together, and the item
/// comes first.
fn flume_120_the_last_item_comes_before_the_end(discipline: Discipline) {
    for round in 0..400 {
        let (producer, consumer) = bounded(discipline, 1);
        let other = thread::spawn(move || {
            producer.put(round).unwrap();
            drop(producer);
        });
        let (first, then) = match round % 4 {
            0 => (consumer.take(), consumer.take()),
            1 => (block_on(consumer.take_async()), block_on(consumer.take_async())),
            2 => (
                block_on(consumer.lease_async()).map(|lease| lease.ack().unwrap()),
                consumer.lease().map(|lease| *lease),
            ),
            _ => (
                consumer.take_many(3).map(|items| items[0]),
                block_on(consumer.take_many_async(3)).map(|items| items[0]),
            ),
        };
        assert_eq!((first, then), (Ok(round), Err(TakeError::Closed)));
        other.join().unwrap();
    }
}

/// libra #4479 (and xitca-web #251): the last sender woke the receiver before it had gone, and the
/// receiver, seeing it there still, slept for ever. Here: the last of several producers goes while
/// consumers of both kinds are about to sleep.
fn libra_4479_the_last_producer_to_go_wakes_who_waits(discipline: Discipline) {
    for _ in 0..150 {
        let (producer, consumer) = bounded::<u8>(discipline, 1);
        let threads: Vec<_> = (0..2)
            .map(|n| {
                let consumer = consumer.clone();
                thread::spawn(move || {
                    if n == 0 { consumer.take() } else { block_on(consumer.take_async()) }
                })
            })
            .collect();
        let other = producer.clone();
        let ends = thread::spawn(move || drop(other));
        drop(producer);
        ends.join().unwrap();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Err(TakeError::Closed));
        }
    }
}

/// tokio #2854, #8075 and #8260: on three ways a permit that was given up after the close did not wake
/// the receiver, which slept for ever. Here a permit does not hold the end up at all: the close wakes the
/// consumer, and the permit is good for nothing from then on, used or dropped.
fn tokio_2854_a_permit_does_not_hold_the_end_up(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    let used = producer.reserve().unwrap();
    let dropped = producer.reserve().unwrap();
    let mut queued = Task::new(producer.reserve_async());
    assert!(queued.settle().is_pending());
    let mut take = Task::new(consumer.take_async());
    assert!(take.settle().is_pending());
    producer.close();
    assert!(take.is_woken());
    assert_eq!(take.settle(), std::task::Poll::Ready(Err(TakeError::Closed)));
    assert!(queued.is_woken(), "who waits for a permit is told as well");
    drop(queued);
    let refused = used.put(1).unwrap_err();
    assert_eq!((refused.item, refused.refusal), (1, Refusal::Closed));
    drop(dropped);
    let statistics = producer.statistics();
    assert_eq!((statistics.reserved, statistics.produced), (0, 0));
    producer.join();
}

/// tokio #8074: a `try_recv` on a closed channel said it was over while something could still come. Here:
/// with an item out on lease it is empty, not over; with a permit out it is over, for nothing can come.
fn tokio_8074_a_try_at_the_end_says_which_it_is(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    let permit = producer.reserve().unwrap();
    producer.put(1).unwrap();
    let other = consumer.clone();
    let lease = other.lease().unwrap();
    producer.close();
    assert_eq!(consumer.try_take(), Err(TakeError::Empty), "it may come back");
    assert_eq!(consumer.take_timeout(Duration::ZERO), Err(TakeError::TimedOut));
    lease.nack().unwrap();
    assert_eq!(consumer.try_take(), Ok(1));
    assert_eq!(consumer.try_take(), Err(TakeError::Closed), "a permit brings nothing any more");
    assert!(permit.put(2).is_err());
}

/// tokio #7709: while one permit was held, other senders hung although places were free. Here: with one
/// held for ever, everybody else works with the places that are left.
fn tokio_7709_a_permit_that_is_held_keeps_one_place_only(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    let held = producer.reserve().unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for n in 0..200 {
                    producer.put(n).unwrap();
                }
            });
            scope.spawn(|| {
                for n in 0..200 {
                    block_on(producer.reserve_async()).unwrap().put(n).unwrap();
                }
            });
        }
        for _ in 0..800 {
            consumer.take().unwrap();
            assert!(consumer.statistics().waiting <= 1);
        }
    });
    held.put(7).unwrap();
    assert_eq!(consumer.take(), Ok(7));
}

/// tokio #8260, as it could be here: after the close a consumer waits for what is still out. Here: the
/// last lease to end wakes each one that waits for the end, a joiner too, however the lease ends.
fn tokio_8260_the_last_that_was_out_wakes_who_waits_for_the_end(discipline: Discipline) {
    for rejects in [false, true] {
        let (producer, consumer) = bounded(discipline, 2);
        producer.put(1).unwrap();
        let lease = consumer.lease().unwrap();
        let other = consumer.clone();
        let mut take = Task::new(other.take_async());
        let mut wants = Task::new(other.lease_async());
        let mut join = Task::new(producer.join_async());
        assert!(take.settle().is_pending());
        assert!(wants.settle().is_pending());
        producer.close();
        assert!(take.settle().is_pending(), "the leased item may come back");
        assert!(wants.settle().is_pending());
        assert!(join.settle().is_pending());
        if rejects {
            lease.reject("not wanted").unwrap();
        } else {
            lease.ack().unwrap();
        }
        assert!(take.is_woken() && wants.is_woken() && join.is_woken());
        assert_eq!(take.settle(), std::task::Poll::Ready(Err(TakeError::Closed)));
        assert!(wants.settle().is_ready());
        assert!(join.settle().is_ready());
    }
}

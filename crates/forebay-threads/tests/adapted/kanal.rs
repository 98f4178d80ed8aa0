//! After kanal's `tests/sync_test.rs` and `tests/async_test.rs`.

use std::fmt::Debug;
use std::thread;
use std::time::Duration;

use forebay_conformance::task::{Task, block_on};
use forebay_conformance::{Counted, Item, Ledger};
use forebay_threads::{Discipline, Refusal, TakeError};

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    items_of_every_size_arrive_whole,
    delays_on_either_side_do_no_harm,
    overaligned_items_without_size_arrive,
    one_item_then_the_end,
    what_is_left_after_the_producers_is_taken,
    what_is_left_after_the_close_is_taken,
    both_sides_refuse_after_the_close,
    items_are_dropped_once_in_a_buffer,
    items_are_dropped_once_with_a_call_that_waits,
    items_are_dropped_once_when_refused,
    calls_that_are_never_polled_do_nothing,
    calls_that_are_given_up_leave_the_rest,
    a_drain_brings_what_there_is_and_waits_for_the_first,
);

fn items_of_every_size_arrive_whole(discipline: Discipline) {
    fn check<T: Clone + Debug + PartialEq + Send + 'static>(discipline: Discipline, item: &T) {
        let (producer, consumer) = bounded(discipline, 2);
        thread::scope(|scope| {
            let own = item.clone();
            scope.spawn(move || {
                for _ in 0..20 {
                    producer.put(own.clone()).unwrap();
                    block_on(producer.put_async(own.clone())).unwrap();
                }
            });
            for _ in 0..20 {
                assert_eq!(consumer.take().as_ref(), Ok(item));
                assert_eq!(block_on(consumer.take_async()).as_ref(), Ok(item));
            }
        });
    }
    check(discipline, &0xA5_u8);
    check(discipline, &0xA55A_u16);
    check(discipline, &0xA55A_5AA5_u32);
    check(discipline, &u64::MAX);
    check(discipline, &Box::new(u64::MAX));
    check(discipline, &(u64::MAX, 1_u8, i128::MIN));
    check(discipline, &(true, 0x1234_5678_u32, 'x'));
    check(discipline, &"text".repeat(40));
    check(discipline, &[7_u64; 32]);
    check(discipline, &Some(std::num::NonZeroU8::MIN));
}

fn delays_on_either_side_do_no_harm(discipline: Discipline) {
    for (before_put, before_take) in [(0, 300), (300, 0), (200, 200)] {
        let (producer, consumer) = bounded(discipline, 1);
        thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..20 {
                    thread::sleep(Duration::from_micros(before_put));
                    producer.put(n).unwrap();
                }
            });
            for n in 0..20 {
                thread::sleep(Duration::from_micros(before_take));
                assert_eq!(consumer.take(), Ok(n));
            }
        });
    }
}

fn overaligned_items_without_size_arrive(discipline: Discipline) {
    #[repr(align(1024))]
    struct Aligned;
    let (producer, consumer) = bounded(discipline, 3);
    thread::scope(|scope| {
        scope.spawn(move || (0..500).for_each(|_| assert!(producer.put(Aligned).is_ok())));
        for _ in 0..500 {
            let item = consumer.take().unwrap_or_else(|_| panic!("one for each put"));
            assert_eq!((&raw const item).addr() % 1024, 0);
        }
        assert!(consumer.take().is_err());
    });
}

fn one_item_then_the_end(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    assert!(producer.put(Box::new([1, 2, 3])).is_ok());
    drop(producer);
    assert_eq!(consumer.take().as_deref(), Ok(&[1, 2, 3]));
    assert!(consumer.take().is_err());
}

fn what_is_left_after_the_producers_is_taken(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    producer.put_many([1, 2]).unwrap();
    drop(producer);
    assert_eq!(consumer.take(), Ok(1));
    assert_eq!(block_on(consumer.take_async()), Ok(2));
    assert_eq!(block_on(consumer.take_async()), Err(TakeError::Closed));
}

/// Unlike kanal's, whose close drops what waits: here it is drained (C6).
fn what_is_left_after_the_close_is_taken(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    producer.put_many([1, 2]).unwrap();
    consumer.close();
    assert_eq!(consumer.take_many(5), Ok(vec![1, 2]));
    assert_eq!(consumer.take_many(5), Err(TakeError::Closed));
    assert_eq!(producer.statistics().dropped, 0);
}

fn both_sides_refuse_after_the_close(discipline: Discipline) {
    for by_consumer in [false, true] {
        let (producer, consumer) = bounded(discipline, 1);
        if by_consumer {
            consumer.close();
        } else {
            producer.close();
        }
        assert_eq!(producer.put(7).unwrap_err().refusal, Refusal::Closed);
        assert_eq!(block_on(producer.put_async(7)).unwrap_err().item, 7);
        assert_eq!(producer.reserve().err(), Some(Refusal::Closed));
        assert_eq!(consumer.take(), Err(TakeError::Closed));
        assert_eq!(consumer.lease().err(), Some(TakeError::Closed));
    }
}

fn items_are_dropped_once_in_a_buffer(discipline: Discipline) {
    let ledger = Ledger::default();
    let (producer, consumer) = bounded(discipline, 10);
    for n in 0..10 {
        assert!(producer.put(Counted::new(n, &ledger)).is_ok());
    }
    drop(producer);
    assert_eq!(ledger.alive(), 10);
    drop(consumer);
    assert_eq!(ledger.alive(), 0);
}

fn items_are_dropped_once_with_a_call_that_waits(discipline: Discipline) {
    let ledger = Ledger::default();
    let (producer, consumer) = bounded(discipline, 1);
    assert!(producer.put(Counted::new(0, &ledger)).is_ok());
    let mut puts: Vec<_> = (1..10)
        .map(|n| {
            let producer = producer.clone();
            let item = Counted::new(n, &ledger);
            Task::new(async move { producer.put_async(item).await.is_ok() })
        })
        .collect();
    assert!(puts.iter_mut().all(|put| put.settle().is_pending()));
    drop(consumer);
    // What waited in the buffer is gone, what its calls hold is refused and goes with them.
    assert_eq!(ledger.alive(), 9);
    assert!(puts.iter_mut().all(|put| put.settle() == std::task::Poll::Ready(false)));
    drop(puts);
    assert_eq!(ledger.alive(), 0);
}

fn items_are_dropped_once_when_refused(discipline: Discipline) {
    let ledger = Ledger::default();
    let (producer, consumer) = bounded(discipline, 1);
    drop(consumer);
    let refused = producer.put(Counted::new(1, &ledger)).unwrap_err();
    assert_eq!((ledger.alive(), refused.item.id()), (1, 1));
    drop(refused);
    assert!(block_on(producer.put_async(Counted::new(2, &ledger))).is_err());
    let many = (0..5).map(|n| Counted::new(n, &ledger));
    assert!(producer.put_many(many).is_err());
    assert_eq!(ledger.alive(), 0);
}

fn calls_that_are_never_polled_do_nothing(discipline: Discipline) {
    let ledger = Ledger::default();
    let (producer, consumer) = bounded(discipline, 1);
    drop(producer.put_async(Counted::new(1, &ledger)));
    drop(producer.put_many_async(vec![Counted::new(1, &ledger)]));
    drop(producer.reserve_async());
    drop(consumer.take_async());
    drop(consumer.lease_async());
    assert_eq!(ledger.alive(), 0);
    let statistics = consumer.statistics();
    assert_eq!((statistics.produced, statistics.reserved), (0, 0));
}

/// kanal's `recv_abort_test` and `send_abort_test`.
fn calls_that_are_given_up_leave_the_rest(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let mut takes: Vec<_> = (0..10).map(|_| Task::new(consumer.take_async())).collect();
    assert!(takes.iter_mut().all(|take| take.settle().is_pending()));
    let mut number = 0;
    takes.retain(|_| {
        number += 1;
        number % 3 == 0
    });
    for n in 0..3 {
        producer.put(n).unwrap();
        assert_eq!(takes.remove(0).settle(), std::task::Poll::Ready(Ok(n)));
    }
    producer.put(9).unwrap();
    let mut puts: Vec<_> = (0..10).map(|n| Task::new(producer.put_async(n))).collect();
    assert!(puts.iter_mut().all(|put| put.settle().is_pending()));
    puts.drain(..7);
    assert_eq!(consumer.take(), Ok(9));
    for n in 7..10 {
        assert!(puts.remove(0).settle().is_ready());
        assert_eq!(consumer.take(), Ok(n));
    }
}

fn a_drain_brings_what_there_is_and_waits_for_the_first(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 4);
    let own = consumer.clone();
    let drains = thread::spawn(move || own.take_many(100));
    producer.put(1).unwrap();
    assert_eq!(drains.join().unwrap(), Ok(vec![1]));
    producer.put_many([2, 3, 4]).unwrap();
    assert_eq!(block_on(consumer.take_many_async(100)), Ok(vec![2, 3, 4]));
    let mut drains = Task::new(consumer.take_many_async(100));
    assert!(drains.settle().is_pending());
    drop(producer);
    assert_eq!(drains.settle(), std::task::Poll::Ready(Err(TakeError::Closed)));
}

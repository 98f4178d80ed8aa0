//! Permits, leases and futures that are leaked, or kept past the end.

use std::iter;
use std::mem;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use forebay_conformance::task::{Task, block_on};
use forebay_conformance::watchdog::eventually;
use forebay_threads::{Builder, Consumer, Discipline, Producer, Refusal, TakeError};

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    a_permit_kept_past_the_close_is_good_for_nothing,
    a_permit_kept_past_the_last_consumer_is_good_for_nothing,
    a_leaked_permit_keeps_its_place_and_wedges_nobody,
    a_leaked_lease_keeps_its_item_and_wedges_nobody,
    a_leaked_lease_with_a_deadline_comes_back,
    a_lease_without_any_time_wedges_nobody,
    leaked_puts_keep_no_other_waiting,
    leaked_takes_keep_no_other_waiting,
    leaked_leases_in_waiting_keep_no_other_waiting,
    leaked_reservations_keep_no_other_waiting,
    leaked_joins_keep_no_other_waiting,
    leaked_waiters_do_not_hold_up_the_close,
    an_executor_that_goes_takes_nobody_with_it,
    an_executor_that_goes_with_the_last_handles_ends_the_buffer,
);

fn a_permit_kept_past_the_close_is_good_for_nothing(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    let (used, dropped) = (producer.reserve().unwrap(), producer.reserve().unwrap());
    producer.close();
    drop(producer);
    let refused = used.put(1).unwrap_err();
    assert_eq!((refused.item, refused.refusal), (1, Refusal::Closed));
    drop(dropped);
    assert_eq!(consumer.take(), Err(TakeError::Closed));
    assert_eq!(consumer.statistics().reserved, 0);
}

fn a_permit_kept_past_the_last_consumer_is_good_for_nothing(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let permit = producer.reserve().unwrap();
    drop(consumer);
    let refused = permit.put(1).unwrap_err();
    assert_eq!((refused.item, refused.refusal), (1, Refusal::Abandoned));
    producer.join();
}

fn a_leaked_permit_keeps_its_place_and_wedges_nobody(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    mem::forget(producer.reserve().unwrap());
    for n in 0..50 {
        producer.put(n).unwrap();
        assert_eq!(producer.try_put(n).unwrap_err().refusal, Refusal::Full);
        assert_eq!(consumer.take(), Ok(n));
    }
    producer.join();
    producer.put(50).unwrap();
    producer.close();
    assert_eq!(consumer.take(), Ok(50));
    assert_eq!(consumer.take(), Err(TakeError::Closed));
    assert_eq!(consumer.statistics().reserved, 1);
}

fn a_leaked_lease_keeps_its_item_and_wedges_nobody(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let other = consumer.clone();
    producer.put(0).unwrap();
    mem::forget(consumer.lease().unwrap());
    for n in 1..50 {
        producer.put(n).unwrap();
        assert_eq!(other.take(), Ok(n));
    }
    assert!(producer.join_timeout(Duration::from_millis(5)).is_err(), "it is unfinished");
    producer.close();
    assert_eq!(other.take_timeout(Duration::from_millis(5)), Err(TakeError::TimedOut));
    assert_eq!(consumer.take(), Err(TakeError::Closed), "its own lease cannot come back to it");
    let statistics = producer.statistics();
    assert_eq!((statistics.leased, statistics.finished), (1, 49));
}

fn a_leaked_lease_with_a_deadline_comes_back(discipline: Discipline) {
    let builder = Builder::bounded(1).discipline(discipline);
    let (producer, consumer) = builder.lease_time(Duration::from_millis(20)).build().unwrap();
    producer.put(0).unwrap();
    mem::forget(consumer.lease().unwrap());
    producer.close();
    let lease = consumer.clone().lease().unwrap();
    assert_eq!(lease.deliveries(), 2);
    lease.ack().unwrap();
    producer.join();
}

fn a_lease_without_any_time_wedges_nobody(discipline: Discipline) {
    let builder = Builder::bounded(2).discipline(discipline).max_deliveries(3);
    let (producer, consumer) = builder.lease_time(Duration::ZERO).build().unwrap();
    producer.put(0).unwrap();
    for _ in 0..3 {
        assert!(consumer.lease().unwrap().ack().is_err(), "over before it began");
    }
    eventually("it is set aside", || consumer.statistics().dead == 1);
    producer.put(1).unwrap();
    assert_eq!(consumer.take(), Ok(1));
    producer.join();
}

/// Twenty items go from one thread to another, by a task or not.
fn passes(producer: &Producer<u32>, consumer: &Consumer<u32>) {
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..10 {
                producer.put(n).unwrap();
                block_on(producer.put_async(n)).unwrap();
            }
        });
        for _ in 0..10 {
            block_on(consumer.take_async()).unwrap();
            consumer.take().unwrap();
        }
    });
}

fn leaked_puts_keep_no_other_waiting(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(0).unwrap();
    for n in 1..4 {
        let mut put = Task::new(producer.put_async(n));
        assert!(put.settle().is_pending());
        mem::forget(put);
    }
    assert_eq!(consumer.take(), Ok(0));
    // Their items may stand in line, and be placed without them.
    let placed: Vec<_> = iter::from_fn(|| consumer.try_take().ok()).collect();
    assert!(placed.is_empty() || placed == [1, 2, 3]);
    passes(&producer, &consumer);
    producer.join();
}

fn leaked_takes_keep_no_other_waiting(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    for _ in 0..3 {
        let mut take = Task::new(consumer.take_async());
        assert!(take.settle().is_pending());
        mem::forget(take);
    }
    passes(&producer, &consumer);
    producer.join();
}

fn leaked_leases_in_waiting_keep_no_other_waiting(discipline: Discipline) {
    let builder = Builder::bounded(2).discipline(discipline).max_leased(1);
    let (producer, consumer) = builder.build().unwrap();
    let mut for_an_item = Task::new(consumer.lease_async());
    assert!(for_an_item.settle().is_pending());
    mem::forget(for_an_item);
    producer.put(0).unwrap();
    let held = consumer.lease().unwrap();
    let mut for_the_limit = Task::new(consumer.lease_async());
    assert!(for_the_limit.settle().is_pending());
    mem::forget(for_the_limit);
    held.ack().unwrap();
    for n in 0..10 {
        producer.put(n).unwrap();
        assert_eq!(consumer.lease().unwrap().ack(), Ok(n));
    }
    passes(&producer, &consumer);
    producer.join();
}

/// Each may keep a place, as a leaked permit does, and no more.
fn leaked_reservations_keep_no_other_waiting(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    producer.put_many([0, 0]).unwrap();
    let mut reserve = Task::new(producer.reserve_async());
    assert!(reserve.settle().is_pending());
    mem::forget(reserve);
    assert_eq!(consumer.take_many(2), Ok(vec![0, 0]));
    for n in 0..10 {
        producer.reserve().unwrap().put(n).unwrap();
        assert_eq!(consumer.take(), Ok(n));
    }
    passes(&producer, &consumer);
}

fn leaked_joins_keep_no_other_waiting(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(0).unwrap();
    let mut join = Task::new(producer.join_async());
    assert!(join.settle().is_pending());
    mem::forget(join);
    let own = producer.clone();
    let joins = thread::spawn(move || own.join());
    consumer.take().unwrap();
    joins.join().unwrap();
    passes(&producer, &consumer);
    block_on(consumer.join_async());
}

fn leaked_waiters_do_not_hold_up_the_close(discipline: Discipline) {
    for sides in 0..2 {
        let (producer, consumer) = bounded(discipline, 1);
        if sides == 0 {
            producer.put(0).unwrap();
            let mut put = Task::new(producer.put_async(1));
            assert!(put.settle().is_pending());
            mem::forget(put);
        } else {
            let mut take = Task::new(consumer.take_async());
            assert!(take.settle().is_pending());
            mem::forget(take);
            producer.put(0).unwrap();
        }
        producer.close();
        assert_eq!(block_on(consumer.take_async()), Ok(0));
        assert_eq!(block_on(consumer.take_async()), Err(TakeError::Closed));
        assert_eq!(consumer.take(), Err(TakeError::Closed));
        producer.join();
    }
}

/// An executor that ends drops its tasks in no particular order, some of them with a wake in their hands.
fn an_executor_that_goes_takes_nobody_with_it(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    producer.put_many([0, 1]).unwrap();
    let mut puts: Vec<_> = (0..10).map(|n| Task::new(producer.put_async(n))).collect();
    let mut permits: Vec<_> = (0..10).map(|_| Task::new(producer.reserve_async())).collect();
    let mut joins: Vec<_> = (0..10).map(|_| Task::new(consumer.join_async())).collect();
    assert!(puts.iter_mut().all(|task| task.settle().is_pending()));
    assert!(permits.iter_mut().all(|task| task.settle().is_pending()));
    assert!(joins.iter_mut().all(|task| task.settle().is_pending()));
    let own = producer.clone();
    let behind = thread::spawn(move || own.put(7));
    eventually("a thread waits as well", || producer.statistics().producers_waiting == 21);
    assert_eq!(consumer.take_many(2), Ok(vec![0, 1]));
    drop(permits);
    drop(joins);
    drop(puts);
    // What was placed before its task went is placed.
    let placed: Vec<_> = iter::from_fn(|| consumer.take().ok().filter(|n| *n != 7)).collect();
    assert!(placed.is_empty() || placed == [0, 1]);
    assert!(behind.join().unwrap().is_ok());

    let mut takes: Vec<_> = (0..10).map(|_| Task::new(consumer.take_async())).collect();
    let mut leases: Vec<_> = (0..10).map(|_| Task::new(consumer.lease_async())).collect();
    assert!(takes.iter_mut().all(|task| task.settle().is_pending()));
    assert!(leases.iter_mut().all(|task| task.settle().is_pending()));
    let own = consumer.clone();
    let behind = thread::spawn(move || own.take());
    eventually("a thread waits as well", || consumer.statistics().consumers_waiting == 21);
    producer.put(8).unwrap();
    drop(leases);
    drop(takes);
    assert_eq!(behind.join().unwrap(), Ok(8));
    let statistics = consumer.statistics();
    assert_eq!((statistics.producers_waiting, statistics.consumers_waiting), (0, 0));
}

/// The tasks own their handles, and these are the last.
fn an_executor_that_goes_with_the_last_handles_ends_the_buffer(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(0).unwrap();
    let mut tasks: Vec<_> = (0..5)
        .map(|n| {
            let producer = producer.clone();
            Task::new(async move { producer.put_async(n).await.is_ok() })
        })
        .collect();
    assert!(tasks.iter_mut().all(|task| task.settle().is_pending()));
    drop(producer);
    drop(tasks);
    assert_eq!(consumer.take(), Ok(0));
    assert_eq!(consumer.take(), Err(TakeError::Closed));

    let (producer, consumer) = bounded(discipline, 1);
    let mut tasks: Vec<_> = (0..5)
        .map(|_| {
            let consumer = consumer.clone();
            Task::new(async move { consumer.take_async().await.is_ok() })
        })
        .collect();
    assert!(tasks.iter_mut().all(|task| task.settle().is_pending()));
    drop(consumer);
    // Some may be handed to those that wait.
    let mut placed = 0;
    while producer.try_put(1).is_ok() {
        placed += 1;
    }
    let own = producer.clone();
    let mut put = Task::new(async move { own.put_async(2).await });
    assert!(put.settle().is_pending());
    drop(tasks);
    let Poll::Ready(Err(refused)) = put.settle() else { panic!("nobody is left to take it") };
    assert_eq!((refused.item, refused.refusal), (2, Refusal::Abandoned));
    assert_eq!(producer.statistics().dropped, placed);
}

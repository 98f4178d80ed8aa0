//! After async-channel's `tests/bounded.rs`.

use std::thread;

use forebay_conformance::task::{Task, block_on};
use forebay_threads::{Discipline, Outcome, Overflow, Refusal, TakeError};

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    tasks_and_threads_mix_on_one_handle,
    closing_twice_is_closing_once,
    puts_after_the_close_are_refused_with_their_items,
    takes_after_the_close_drain,
    to_force_an_item_in_drops_the_oldest,
    handles_are_counted,
    a_close_wakes_a_put_and_a_take,
    a_task_beside_another_that_rests_goes_on,
    many_to_many_tasks,
);

fn tasks_and_threads_mix_on_one_handle(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    block_on(producer.put_async(7)).unwrap();
    assert_eq!(consumer.try_take(), Ok(7));
    producer.put(8).unwrap();
    assert_eq!(block_on(consumer.take_async()), Ok(8));
    block_on(producer.put_async(9)).unwrap();
    assert_eq!(consumer.take(), Ok(9));
}

fn closing_twice_is_closing_once(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(1).unwrap();
    producer.close();
    consumer.close();
    producer.clone().close();
    drop(producer);
    assert!(consumer.statistics().closed);
    assert_eq!(consumer.take(), Ok(1));
    assert_eq!(consumer.take(), Err(TakeError::Closed));
}

fn puts_after_the_close_are_refused_with_their_items(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 4);
    block_on(producer.put_async(1)).unwrap();
    consumer.close();
    let refused = [
        block_on(producer.put_async(2)).unwrap_err(),
        producer.try_put(2).unwrap_err(),
        producer.put(2).unwrap_err(),
        producer.clone().with_overflow(Overflow::DropOldest).put(2).unwrap_err(),
        producer.clone().with_overflow(Overflow::DropThis).put(2).unwrap_err(),
    ];
    for refused in refused {
        assert_eq!((refused.item, refused.refusal), (2, Refusal::Closed));
    }
    assert_eq!(producer.statistics().produced, 1);
}

fn takes_after_the_close_drain(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 4);
    producer.put_many([1, 2, 3]).unwrap();
    producer.close();
    assert_eq!(block_on(consumer.take_async()), Ok(1));
    assert_eq!(consumer.try_take(), Ok(2));
    assert_eq!(consumer.lease().map(|lease| lease.ack().unwrap()), Ok(3));
    assert_eq!(block_on(consumer.take_async()), Err(TakeError::Closed));
}

/// async-channel's `force_send`, which hands the oldest back; here it is dropped and counted (C9).
fn to_force_an_item_in_drops_the_oldest(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let force = producer.with_overflow(Overflow::DropOldest);
    assert_eq!(force.put(7).unwrap(), Outcome::Placed);
    assert_eq!(force.put(8).unwrap(), Outcome::DroppedOldest(1));
    assert_eq!(block_on(force.put_async(9)).unwrap(), Outcome::DroppedOldest(1));
    assert_eq!(consumer.take(), Ok(9));
    let mut waits = Task::new(consumer.take_async());
    assert!(waits.settle().is_pending());
    assert_eq!(force.put(10).unwrap(), Outcome::Placed);
    assert!(waits.is_woken(), "an item that was forced in wakes as any other");
    assert_eq!(force.statistics().dropped, 2);
}

fn handles_are_counted(discipline: Discipline) {
    let (producer, consumer) = bounded::<u8>(discipline, 1);
    let counts = || {
        let statistics = producer.statistics();
        (statistics.producers, statistics.consumers)
    };
    assert_eq!(counts(), (1, 1));
    let more = (producer.clone(), consumer.clone(), consumer.clone());
    assert_eq!(counts(), (2, 3));
    drop(more);
    assert_eq!(counts(), (1, 1));
    drop(consumer);
    assert_eq!(counts(), (1, 0));
}

fn a_close_wakes_a_put_and_a_take(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(()).unwrap();
    let mut put = Task::new(producer.put_async(()));
    assert!(put.settle().is_pending());
    consumer.close();
    assert!(put.is_woken());
    assert!(matches!(put.settle(), std::task::Poll::Ready(Err(_))));

    let (producer, consumer) = bounded::<()>(discipline, 1);
    let mut take = Task::new(consumer.take_async());
    assert!(take.settle().is_pending());
    producer.close();
    assert!(take.is_woken());
    assert_eq!(take.settle(), std::task::Poll::Ready(Err(TakeError::Closed)));
}

/// async-channel's `forget_blocked_sender` and `forget_blocked_receiver`, with one that has not been
/// called yet; those that have are in `peers_bugs/forgotten.rs`.
fn a_task_beside_another_that_rests_goes_on(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    producer.put_many([1, 2]).unwrap();
    let mut active = Task::new(producer.put_async(3));
    let mut rests = Task::new(producer.put_async(4));
    assert!(active.settle().is_pending());
    assert!(rests.settle().is_pending());
    std::mem::forget(rests);
    assert_eq!(consumer.take(), Ok(1));
    assert!(active.settle().is_ready());
    assert_eq!(consumer.take_many(2), Ok(vec![2, 3]));
    // The one that rests may have left its item in line, to be placed without it.
    assert!(matches!(consumer.try_take(), Ok(4) | Err(TakeError::Empty)));
}

fn many_to_many_tasks(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 3);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                block_on(async {
                    for n in 0..500 {
                        producer.put_async(n).await.unwrap();
                    }
                });
            });
            scope.spawn(|| {
                block_on(async {
                    for _ in 0..500 {
                        consumer.take_async().await.unwrap();
                    }
                });
            });
        }
    });
    assert_eq!(consumer.try_take(), Err(TakeError::Empty));
    assert_eq!(consumer.statistics().finished, 2_000);
}

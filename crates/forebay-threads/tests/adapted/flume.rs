//! After flume's `tests/basic.rs` and `tests/async.rs`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use forebay_conformance::task::{Task, block_on};
use forebay_conformance::watchdog::eventually;
use forebay_threads::{Discipline, Refusal, TakeError};

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    what_is_sent_before_a_deadline_is_not_missed,
    a_deadline_is_not_early,
    what_waits_is_drained_at_once,
    the_bound_holds_back_the_next,
    a_relay_of_buffers_keeps_all,
    a_ring_of_threads_passes_it_round,
    a_task_takes_what_a_thread_puts,
    a_task_puts_what_a_thread_takes,
    a_task_is_told_of_the_end_of_the_other_side,
    a_dropped_take_among_many_loses_nothing,
    ten_thousand_between_tasks_in_order,
    many_tasks_take_each_once,
    one_thread_plays_both_tasks,
);

/// flume's `recv_timeout_missed_send`.
fn what_is_sent_before_a_deadline_is_not_missed(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 10);
    assert_eq!(consumer.take_timeout(Duration::from_millis(5)), Err(TakeError::TimedOut));
    producer.put(42).unwrap();
    assert_eq!(consumer.take(), Ok(42));
    thread::scope(|scope| {
        let takes = scope.spawn(|| consumer.take_timeout(Duration::from_hours(1)));
        eventually("it waits", || consumer.statistics().consumers_waiting == 1);
        producer.put(43).unwrap();
        assert_eq!(takes.join().unwrap(), Ok(43));
    });
}

fn a_deadline_is_not_early(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let time = Duration::from_millis(20);
    let begun = Instant::now();
    assert_eq!(consumer.take_timeout(time), Err(TakeError::TimedOut));
    assert!(begun.elapsed() >= time);
    producer.put(1).unwrap();
    let deadline = Instant::now() + time;
    assert_eq!(producer.put_deadline(2, deadline).unwrap_err().refusal, Refusal::TimedOut);
    assert!(Instant::now() >= deadline);
    let deadline = Instant::now() + time;
    assert!(consumer.join_timeout(time).is_err());
    assert!(Instant::now() >= deadline);
}

fn what_waits_is_drained_at_once(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 100);
    producer.put_many(0..100).unwrap();
    assert_eq!(consumer.try_take_many(1_000), Ok((0..100).collect()));
    producer.put_many(0..100).unwrap();
    assert_eq!(consumer.take_many(60), Ok((0..60).collect()));
    assert_eq!(consumer.take_many(60), Ok((60..100).collect()));
    assert_eq!(consumer.try_take_many(1), Err(TakeError::Empty));
}

fn the_bound_holds_back_the_next(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 5);
    producer.put_many([42; 5]).unwrap();
    let own = producer.clone();
    let next = thread::spawn(move || own.put(42).is_ok());
    eventually("it is held back", || producer.statistics().producers_waiting == 1);
    assert_eq!(producer.statistics().produced, 5);
    consumer.take().unwrap();
    assert!(next.join().unwrap());
    assert_eq!(consumer.take_many(9), Ok(vec![42; 5]));
}

/// flume's `hydra`: a source, many relays that come back to it, in rounds.
fn a_relay_of_buffers_keeps_all(discipline: Discipline) {
    const RELAYS: usize = 8;
    let (home, from_relays) = bounded(discipline, 4);
    thread::scope(|scope| {
        let relays: Vec<_> = (0..RELAYS)
            .map(|_| {
                let (to_relay, relay) = bounded(discipline, 2);
                let home = home.clone();
                scope.spawn(move || while relay.take().is_ok_and(|item| home.put(item).is_ok()) {});
                to_relay
            })
            .collect();
        drop(home);
        for round in 0..10 {
            thread::scope(|inner| {
                let feeds = inner.spawn(|| {
                    for relay in &relays {
                        relay.put_many(vec![round; 10]).unwrap();
                    }
                });
                for _ in 0..10 * RELAYS {
                    assert_eq!(from_relays.take(), Ok(round));
                }
                feeds.join().unwrap();
            });
        }
        drop(relays);
        assert_eq!(from_relays.take(), Err(TakeError::Closed));
    });
}

/// flume's `robin`.
fn a_ring_of_threads_passes_it_round(discipline: Discipline) {
    let (first, mut end) = bounded(discipline, 1);
    for _ in 0..8 {
        let (producer, consumer) = bounded(discipline, 1);
        let from = end;
        thread::spawn(move || while from.take().is_ok_and(|n: u32| producer.put(n + 1).is_ok()) {});
        end = consumer;
    }
    thread::scope(|scope| {
        scope.spawn(move || (0..200).for_each(|n| assert!(first.put(n).is_ok())));
        for n in 0..200 {
            assert_eq!(end.take(), Ok(n + 8));
        }
        assert_eq!(end.take(), Err(TakeError::Closed));
    });
}

fn a_task_takes_what_a_thread_puts(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let mut task = Task::new(consumer.take_async());
    assert!(task.settle().is_pending());
    thread::scope(|scope| scope.spawn(|| producer.put(42).unwrap()).join().unwrap());
    assert_eq!(task.settle(), Poll::Ready(Ok(42)));
}

fn a_task_puts_what_a_thread_takes(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(1).unwrap();
    thread::scope(|scope| {
        let takes = scope.spawn(|| [consumer.take(), consumer.take()]);
        block_on(producer.put_async(2)).unwrap();
        assert_eq!(takes.join().unwrap(), [Ok(1), Ok(2)]);
    });
}

fn a_task_is_told_of_the_end_of_the_other_side(discipline: Discipline) {
    let (producer, consumer) = bounded::<u8>(discipline, 1);
    let mut task = Task::new(consumer.take_async());
    assert!(task.settle().is_pending());
    drop(producer);
    assert_eq!(task.settle(), Poll::Ready(Err(TakeError::Closed)));
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(1).unwrap();
    let mut task = Task::new(producer.put_async(2));
    assert!(task.settle().is_pending());
    drop(consumer);
    let Poll::Ready(Err(refused)) = task.settle() else { panic!("it is refused") };
    assert_eq!((refused.item, refused.refusal), (2, Refusal::Abandoned));
}

/// flume's `async_recv_drop_recv`.
fn a_dropped_take_among_many_loses_nothing(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 10);
    let mut first = Task::new(consumer.take_async());
    let mut second = Task::new(consumer.take_async());
    assert!(first.settle().is_pending());
    assert!(second.settle().is_pending());
    let own = consumer.clone();
    let third = thread::spawn(move || block_on(own.take_async()));
    eventually("it waits", || consumer.statistics().consumers_waiting == 3);
    drop(first);
    producer.put(42).unwrap();
    drop(second);
    assert_eq!(third.join().unwrap(), Ok(42));
}

fn ten_thousand_between_tasks_in_order(discipline: Discipline) {
    const ITEMS: u32 = 10_000;
    let (producer, consumer) = bounded(discipline, 10);
    thread::scope(|scope| {
        scope.spawn(move || {
            block_on(async {
                for n in 0..ITEMS {
                    producer.put_async(n).await.unwrap();
                }
            });
        });
        block_on(async {
            for n in 0..ITEMS {
                assert_eq!(consumer.take_async().await, Ok(n));
            }
            assert_eq!(consumer.take_async().await, Err(TakeError::Closed));
        });
    });
}

fn many_tasks_take_each_once(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 4);
    let taken = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                block_on(async {
                    while consumer.take_async().await.is_ok() {
                        taken.fetch_add(1, Ordering::Relaxed);
                    }
                });
            });
        }
        for n in 0..2_000 {
            producer.put(n).unwrap();
        }
        drop(producer);
    });
    assert_eq!(taken.into_inner(), 2_000);
}

/// flume's `spsc_single_threaded_value_ordering`, the two polled in turn.
fn one_thread_plays_both_tasks(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 3);
    let mut puts = Task::new(async {
        for n in 0..1_000 {
            producer.put_async(n).await.unwrap();
        }
    });
    let mut takes = Task::new(async {
        for n in 0..1_000 {
            assert_eq!(consumer.take_async().await, Ok(n));
        }
    });
    let mut done = false;
    while takes.settle().is_pending() {
        assert!(!done, "all has been put, and something is missing");
        done = puts.settle().is_ready();
    }
}

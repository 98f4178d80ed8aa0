//! Waits with an end.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use forebay_conformance::task::{Task, block_on};
use forebay_conformance::watchdog::eventually;
use forebay_threads::{Discipline, Lease, Overflow, Refusal, TakeError};

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    crossbeam_795_a_timeout_past_the_clock_is_for_ever,
    crossbeam_975_a_deadline_that_has_passed_still_gets_what_is_there,
    rust_39364_a_take_that_times_out_again_and_again_misses_nothing,
    loole_4_takes_that_timed_out_leave_nothing_in_the_line,
    kanal_8_a_take_beside_a_slow_producer_comes_back,
    flume_125_an_item_comes_back_from_a_task_that_timed_out,
);

/// crossbeam #795, rust #54552 and #44216: `recv_timeout(Duration::MAX)` panicked, or came back at once.
/// Here: every call that takes a timeout waits until it has what it wants.
fn crossbeam_795_a_timeout_past_the_clock_is_for_ever(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let waits = |consumers, producers| {
        let seen = move |n: usize| n > 0;
        eventually("it waits", || {
            let statistics = producer.statistics();
            seen(statistics.consumers_waiting) == consumers
                && seen(statistics.producers_waiting) == producers
        });
    };
    thread::scope(|scope| {
        let take = scope.spawn(|| consumer.take_timeout(Duration::MAX));
        waits(true, false);
        producer.put(1).unwrap();
        assert_eq!(take.join().unwrap(), Ok(1));
        let lease = scope.spawn(|| consumer.lease_timeout(Duration::MAX).map(Lease::ack));
        waits(true, false);
        producer.put(2).unwrap();
        assert_eq!(lease.join().unwrap(), Ok(Ok(2)));
        producer.put(3).unwrap();
        let put = scope.spawn(|| producer.put_timeout(4, Duration::MAX));
        waits(false, true);
        assert_eq!(consumer.take(), Ok(3));
        assert!(put.join().unwrap().is_ok());
        let join = scope.spawn(|| producer.join_timeout(Duration::MAX));
        assert_eq!(consumer.take(), Ok(4));
        assert_eq!(join.join().unwrap(), Ok(()));
        let patient = producer.clone().with_overflow(Overflow::WaitFor(Duration::MAX));
        producer.put(5).unwrap();
        let mut task = Task::new(patient.put_async(6));
        let mut permit = Task::new(patient.reserve_async());
        assert!(task.settle().is_pending());
        assert!(permit.settle().is_pending());
        assert_eq!(consumer.take(), Ok(5));
        assert!(task.settle().is_ready());
        assert_eq!(consumer.take(), Ok(6));
        assert!(permit.settle().is_ready());
    });
}

/// crossbeam #975: whether a receive whose deadline has passed still takes what is there was told
/// nowhere. Here: it does, and a put still places its item where there is room.
fn crossbeam_975_a_deadline_that_has_passed_still_gets_what_is_there(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let past = Instant::now().checked_sub(Duration::from_secs(1)).unwrap_or_else(Instant::now);
    assert!(producer.put_deadline(1, past).is_ok());
    let refused = producer.put_deadline(2, past).unwrap_err();
    assert_eq!((refused.item, refused.refusal), (2, Refusal::TimedOut));
    assert_eq!(consumer.take_deadline(past), Ok(1));
    assert_eq!(consumer.take_deadline(past), Err(TakeError::TimedOut));
    assert!(producer.put_timeout(3, Duration::ZERO).is_ok());
    assert_eq!(consumer.lease_timeout(Duration::ZERO).map(Lease::ack), Ok(Ok(3)));
    assert_eq!(consumer.join_timeout(Duration::ZERO), Ok(()));
}

/// rust #39364, #48460 and #54267: `recv_timeout` panicked or missed messages when a send came as it gave
/// up, above all from a fresh clone of the sender. Here: takes with the shortest timeouts meet puts
/// through fresh handles, and each item comes, in order.
fn rust_39364_a_take_that_times_out_again_and_again_misses_nothing(discipline: Discipline) {
    const ITEMS: u32 = 300;
    let (producer, consumer) = bounded(discipline, 2);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..ITEMS {
                producer.clone().put(n).unwrap();
                if n % 3 == 0 {
                    thread::sleep(Duration::from_micros(u64::from(n % 50) * 4));
                }
            }
        });
        for n in 0..ITEMS {
            let item = loop {
                match consumer.take_timeout(Duration::from_micros(u64::from(n % 7) * 20)) {
                    Err(TakeError::TimedOut) => {}
                    over => break over,
                }
            };
            assert_eq!(item, Ok(n));
        }
    });
    assert_eq!(consumer.try_take(), Err(TakeError::Empty));
}

/// loole #4: each `recv_timeout` that timed out left its waiter in the channel, memory without end. Here:
/// after thousands of them nobody stands in line, and the one wake of a put goes to who does wait.
fn loole_4_takes_that_timed_out_leave_nothing_in_the_line(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    for _ in 0..2_000 {
        assert_eq!(consumer.take_timeout(Duration::from_nanos(5)), Err(TakeError::TimedOut));
        assert!(consumer.lease_timeout(Duration::from_nanos(5)).is_err());
    }
    assert_eq!(consumer.statistics().consumers_waiting, 0);
    let mut waits = Task::new(consumer.take_async());
    assert!(waits.settle().is_pending());
    producer.put(1).unwrap();
    assert!(waits.is_woken(), "the first wake is for the one that waits");
    // It may have been handed its item, so that there is room again.
    let _ = producer.try_put(3);
    for _ in 0..2_000 {
        assert!(producer.put_timeout(2, Duration::from_nanos(5)).is_err());
        assert!(producer.join_timeout(Duration::from_nanos(5)).is_err());
    }
    assert_eq!(producer.statistics().producers_waiting, 0);
    assert!(waits.settle().is_ready());
}

/// kanal #8: a receiver hung for ever when the sender slept a little between its sends. Here: so it does,
/// around the time that a take needs to fall asleep, and takes of every kind come back.
fn kanal_8_a_take_beside_a_slow_producer_comes_back(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let next = AtomicU32::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..120_u32 {
                thread::sleep(Duration::from_micros(u64::from(n) * 3));
                producer.put(n).unwrap();
            }
            producer.close();
        });
        scope.spawn(|| {
            while consumer.take().is_ok() {
                next.fetch_add(1, Ordering::Relaxed);
            }
        });
        while block_on(consumer.take_async()).is_ok() {
            next.fetch_add(1, Ordering::Relaxed);
        }
    });
    assert_eq!(next.into_inner(), 120);
}

/// flume #125: what an async send with a timeout could not place was gone with the future. Here: a
/// producer told to wait so long gets its item back, in a task as well.
fn flume_125_an_item_comes_back_from_a_task_that_timed_out(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(1).unwrap();
    let hasty = producer.clone().with_overflow(Overflow::WaitFor(Duration::from_millis(5)));
    let refused = block_on(hasty.put_async(2)).unwrap_err();
    assert_eq!((refused.item, refused.refusal), (2, Refusal::TimedOut));
    let refused = block_on(hasty.put_many_async(vec![3, 4])).unwrap_err();
    assert_eq!((refused.rest, refused.refusal), (vec![3, 4], Refusal::TimedOut));
    assert_eq!(block_on(hasty.reserve_async()).err(), Some(Refusal::TimedOut));
    assert_eq!(producer.statistics().producers_waiting, 0);
    assert_eq!(consumer.take(), Ok(1));
}

//! Waiters that are still there, and never come: async-channel #45.
//!
//! A sender that blocked, was notified, and was then polled no more, for its future had been forgotten or
//! left lying, kept the notification, and all others slept beside free room. Here such a waiter is
//! passed, after a while, and whoever waits behind it goes on.

use std::mem;

use forebay_conformance::task::{Task, block_on};
use forebay_conformance::watchdog::eventually;
use forebay_threads::Discipline;

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    async_channel_45_a_put_behind_a_forgotten_one_is_placed,
    async_channel_45_a_take_behind_a_forgotten_one_gets_its_item,
    async_channel_45_one_that_is_left_lying_may_still_come_back,
);

/// The forgotten one is called for the only free place, and does not come.
fn async_channel_45_a_put_behind_a_forgotten_one_is_placed(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(0).unwrap();
    let mut forgotten = Task::new(producer.put_async(1));
    assert!(forgotten.settle().is_pending());
    let own = producer.clone();
    let behind = std::thread::spawn(move || own.put(2));
    eventually("it waits as well", || producer.statistics().producers_waiting == 2);
    assert_eq!(consumer.take(), Ok(0));
    mem::forget(forgotten);
    // Its item may have stood in line itself: then it is placed, though nobody waits for that.
    let next = consumer.take();
    assert!(matches!(next, Ok(1 | 2)));
    assert!(behind.join().unwrap().is_ok());
    assert_eq!(consumer.try_take().is_ok(), next == Ok(1));
}

/// The same on the other side, the one behind it a task.
fn async_channel_45_a_take_behind_a_forgotten_one_gets_its_item(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    let mut forgotten = Task::new(consumer.take_async());
    assert!(forgotten.settle().is_pending());
    let own = consumer.clone();
    let behind = std::thread::spawn(move || block_on(own.take_async()));
    eventually("it waits as well", || consumer.statistics().consumers_waiting == 2);
    producer.put(1).unwrap();
    mem::forget(forgotten);
    assert_eq!(behind.join().unwrap(), Ok(1));
}

/// Not forgotten, only late: it is passed meanwhile, and gets the next item when it is polled at last.
fn async_channel_45_one_that_is_left_lying_may_still_come_back(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    let mut late = Task::new(consumer.take_async());
    assert!(late.settle().is_pending());
    producer.put(1).unwrap();
    for item in 1..30 {
        assert_eq!(block_on(consumer.take_async()), Ok(item));
        producer.put(item + 1).unwrap();
    }
    assert_eq!(late.settle(), std::task::Poll::Ready(Ok(30)));
}

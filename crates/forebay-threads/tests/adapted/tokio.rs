//! After tokio's `tests/sync_mpsc.rs`.

use std::task::Poll;
use std::thread;

use forebay_conformance::task::{Task, block_on};
use forebay_conformance::watchdog::eventually;
use forebay_conformance::{Counted, Item, Ledger};
use forebay_threads::{Discipline, Refusal, TakeError};

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    a_place_is_reserved_and_given_up,
    who_waits_past_the_bound_comes_in_turn,
    takes_by_the_batch_respect_their_limit,
    the_bound_counts_places_not_tasks,
    a_close_is_the_end_for_who_is_idle,
    a_close_refuses_who_waits_for_a_place,
    a_permit_dropped_makes_room_for_who_waits,
    permits_and_items_share_the_bound,
    try_take_waits_for_what_is_due_only,
    try_take_at_each_end,
    a_blocking_side_and_a_task,
    what_nobody_took_goes_with_the_consumer,
    a_reservation_beside_room_that_was_not_taken_ends_with_the_close,
    room_is_told,
    the_end_is_told,
    depth_is_told_at_every_stage,
    items_need_be_nothing_but_send,
);

fn a_place_is_reserved_and_given_up(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    let other = producer.clone();
    let first = block_on(producer.reserve_async()).unwrap();
    let second = block_on(other.reserve_async()).unwrap();
    let mut third = Task::new(other.reserve_async());
    assert!(third.settle().is_pending());
    drop(first);
    assert!(third.is_woken());
    let Poll::Ready(Ok(third)) = third.settle() else { panic!("there is a place") };
    let mut fourth = Task::new(producer.reserve_async());
    assert!(fourth.settle().is_pending());
    second.put(1).unwrap();
    assert!(fourth.settle().is_pending(), "the item has the place of its permit");
    assert_eq!(consumer.take(), Ok(1));
    assert!(fourth.settle().is_ready());
    drop(third);
}

fn who_waits_past_the_bound_comes_in_turn(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let mut first = Task::new(producer.put_async(1));
    assert!(first.settle().is_ready());
    let mut second = Task::new(producer.put_async(2));
    let mut third = Task::new(producer.put_async(3));
    assert!(second.settle().is_pending());
    assert!(third.settle().is_pending());
    drop((first, third));
    assert_eq!(consumer.take(), Ok(1));
    assert!(second.settle().is_ready());
    drop(second);
    drop(producer);
    assert_eq!(consumer.take(), Ok(2));
    assert_eq!(consumer.take(), Err(TakeError::Closed));
}

fn takes_by_the_batch_respect_their_limit(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 100);
    let mut expected = 0..;
    for limit in [1, 3, 7, 100] {
        producer.put_many((0..20).map(|n| n + expected.start)).unwrap();
        let mut taken = 0;
        while taken < 20 {
            let items = block_on(consumer.take_many_async(limit)).unwrap();
            assert!(items.len() <= limit && !items.is_empty());
            taken += items.len();
            for item in items {
                assert_eq!(Some(item), expected.next());
            }
        }
    }
    drop(producer);
    assert_eq!(block_on(consumer.take_many_async(3)), Err(TakeError::Closed));
}

fn the_bound_counts_places_not_tasks(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let permit = block_on(producer.reserve_async()).unwrap();
    permit.put(1).unwrap();
    let mut next = Task::new(producer.reserve_async());
    assert!(next.settle().is_pending());
    assert_eq!(consumer.take(), Ok(1));
    assert!(next.is_woken());
    let Poll::Ready(Ok(permit)) = next.settle() else { panic!("there is a place") };
    assert_eq!(producer.try_put(2).unwrap_err().refusal, Refusal::Full);
    permit.put(2).unwrap();
    assert_eq!(consumer.take(), Ok(2));
}

fn a_close_is_the_end_for_who_is_idle(discipline: Discipline) {
    let (producer, consumer) = bounded::<u8>(discipline, 10);
    consumer.close();
    assert_eq!(block_on(consumer.take_async()), Err(TakeError::Closed));
    assert_eq!(consumer.take_many(5), Err(TakeError::Closed));
    assert_eq!(producer.try_reserve().err(), Some(Refusal::Closed));
}

fn a_close_refuses_who_waits_for_a_place(discipline: Discipline) {
    let (producer, consumer) = bounded::<u8>(discipline, 1);
    let held = producer.reserve().unwrap();
    let mut waits = Task::new(producer.reserve_async());
    assert!(waits.settle().is_pending());
    consumer.close();
    assert!(waits.is_woken());
    assert!(matches!(waits.settle(), Poll::Ready(Err(Refusal::Closed))));
    // Unlike tokio's, a permit is no promise past the close (C6).
    assert_eq!(consumer.take(), Err(TakeError::Closed));
    drop(held);
}

fn a_permit_dropped_makes_room_for_who_waits(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let permit = producer.reserve().unwrap();
    let mut put = Task::new(producer.put_async(1));
    assert!(put.settle().is_pending());
    let own = producer.clone();
    let thread = thread::spawn(move || own.put(2).is_ok());
    eventually("both wait", || producer.statistics().producers_waiting == 2);
    drop(permit);
    assert!(put.is_woken());
    assert!(put.settle().is_ready());
    assert_eq!(consumer.take(), Ok(1));
    assert_eq!(consumer.take(), Ok(2));
    assert!(thread.join().unwrap());
}

fn permits_and_items_share_the_bound(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 4);
    let mut permits = vec![producer.try_reserve().unwrap(), producer.try_reserve().unwrap()];
    producer.try_put(1).unwrap();
    producer.try_put(2).unwrap();
    assert_eq!(producer.try_reserve().err(), Some(Refusal::Full));
    assert_eq!(producer.try_put(3).unwrap_err().refusal, Refusal::Full);
    permits.pop().unwrap().put(3).unwrap();
    drop(permits.pop());
    producer.try_put(4).unwrap();
    assert_eq!(producer.try_put(5).unwrap_err().refusal, Refusal::Full);
    assert_eq!(consumer.take_many(9), Ok(vec![1, 2, 3, 4]), "in the order of their puts");
}

fn try_take_waits_for_what_is_due_only(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 5);
    for _ in 0..10 {
        producer.put_many([1, 2, 3, 4, 5]).unwrap();
        assert!(producer.try_put(6).is_err());
        for n in 1..=5 {
            assert_eq!(consumer.try_take(), Ok(n));
        }
        assert_eq!(consumer.try_take(), Err(TakeError::Empty));
    }
}

fn try_take_at_each_end(discipline: Discipline) {
    // Closed by the consumer; all producers gone, with and without an item left.
    let (producer, consumer) = bounded(discipline, 2);
    producer.put(1).unwrap();
    consumer.close();
    assert_eq!(consumer.try_take(), Ok(1));
    assert_eq!(consumer.try_take(), Err(TakeError::Closed));
    let (producer, consumer) = bounded(discipline, 2);
    let clone = producer.clone();
    drop(producer);
    assert_eq!(consumer.try_take(), Err(TakeError::Empty));
    clone.put(2).unwrap();
    drop(clone);
    assert_eq!(consumer.try_take(), Ok(2));
    assert_eq!(consumer.try_take(), Err(TakeError::Closed));
}

fn a_blocking_side_and_a_task(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..100 {
                if n % 2 == 0 { producer.put(n) } else { block_on(producer.put_async(n)) }.unwrap();
            }
        });
        for n in 0..100 {
            let taken = if n % 3 == 0 { consumer.take() } else { block_on(consumer.take_async()) };
            assert_eq!(taken, Ok(n));
        }
    });
}

fn what_nobody_took_goes_with_the_consumer(discipline: Discipline) {
    let ledger = Ledger::default();
    let (producer, consumer) = bounded(discipline, 10);
    for n in 0..5 {
        assert!(producer.put(Counted::new(n, &ledger)).is_ok());
    }
    let permit = producer.reserve().unwrap();
    drop(consumer);
    assert_eq!(ledger.alive(), 0);
    let refused = permit.put(Counted::new(9, &ledger)).unwrap_err();
    assert_eq!(refused.refusal, Refusal::Abandoned);
}

/// tokio's `permit_available_not_acquired_close`.
fn a_reservation_beside_room_that_was_not_taken_ends_with_the_close(discipline: Discipline) {
    let (producer, consumer) = bounded::<u8>(discipline, 1);
    let held = producer.reserve().unwrap();
    let mut waits = Task::new(producer.reserve_async());
    assert!(waits.settle().is_pending());
    drop(held);
    assert!(waits.is_woken());
    // It has been called, and has not come for its place yet.
    consumer.close();
    match waits.settle() {
        // The place was set aside for it before the close, and is good for nothing now.
        Poll::Ready(Ok(permit)) => assert_eq!(permit.put(1).unwrap_err().refusal, Refusal::Closed),
        Poll::Ready(Err(refusal)) => assert_eq!(refusal, Refusal::Closed),
        Poll::Pending => panic!("the close ends it"),
    }
    assert_eq!(consumer.take(), Err(TakeError::Closed));
    assert_eq!(consumer.statistics().reserved, 0);
}

fn room_is_told(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 10);
    let told = || {
        let statistics = producer.statistics();
        (statistics.capacity, statistics.waiting, statistics.reserved)
    };
    let permit = producer.reserve().unwrap();
    assert_eq!(told(), (Some(10), 0, 1));
    permit.put(1).unwrap();
    assert_eq!(told(), (Some(10), 1, 0));
    consumer.take().unwrap();
    let permits: Vec<_> = (0..10).map(|_| producer.try_reserve().unwrap()).collect();
    assert_eq!(told(), (Some(10), 0, 10));
    drop(permits);
    assert_eq!(told(), (Some(10), 0, 0));
}

fn the_end_is_told(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    let clone = producer.clone();
    assert!(!consumer.statistics().closed);
    producer.put(1).unwrap();
    let permit = clone.reserve().unwrap();
    drop(producer);
    assert!(!consumer.statistics().closed);
    drop(clone);
    // A permit is no producer (C6).
    assert!(consumer.statistics().closed);
    assert!(permit.put(2).is_err());
    assert_eq!(consumer.take(), Ok(1));
    assert!(consumer.statistics().closed);
}

fn depth_is_told_at_every_stage(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 100);
    for n in 0..100 {
        assert_eq!(consumer.statistics().waiting, n);
        producer.put(n).unwrap();
    }
    producer.close();
    drop(producer);
    for left in (0..100).rev() {
        consumer.take().unwrap();
        assert_eq!(consumer.statistics().waiting, left);
    }
}

fn items_need_be_nothing_but_send(discipline: Discipline) {
    struct Plain(std::cell::Cell<u8>);
    let (producer, consumer) = bounded(discipline, 100);
    assert!(producer.put(Plain(std::cell::Cell::new(5))).is_ok());
    let taken = thread::spawn(move || consumer.take().map(|item| item.0.get()));
    assert_eq!(taken.join().unwrap(), Ok(5));
}

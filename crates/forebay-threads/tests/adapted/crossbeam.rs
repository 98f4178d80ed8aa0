//! After crossbeam-channel's `tests/array.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use forebay_conformance::watchdog::eventually;
use forebay_conformance::{Counted, Item, Ledger};
use forebay_threads::{Consumer, Discipline, Outcome, Producer, Refusal, TakeError};

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    smoke,
    capacity_is_told,
    depth_follows_puts_and_takes,
    tries_and_timeouts_along_a_life,
    a_take_waits_for_its_item_and_for_the_end,
    a_put_waits_for_room_and_for_the_end,
    what_was_put_before_the_close_can_be_taken,
    depth_stays_within_bounds_under_load,
    one_to_one_keeps_order,
    many_to_many_each_once,
    one_item_buffers_by_the_hundred,
    two_sides_that_time_out,
    drops_are_exact_wherever_it_stops,
    a_put_and_a_take_by_each_of_many_threads,
    two_buffers_are_served_alike,
    an_item_may_take_while_it_is_made,
    a_buffer_goes_through_a_buffer,
    an_item_that_panics_in_its_drop_is_dropped_once,
    what_nobody_took_is_dropped_with_the_consumer,
);

fn smoke(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    assert_eq!(producer.put(7).unwrap(), Outcome::Placed);
    assert_eq!(consumer.try_take(), Ok(7));
    producer.put(8).unwrap();
    assert_eq!(consumer.take(), Ok(8));
    assert_eq!(consumer.try_take(), Err(TakeError::Empty));
    assert_eq!(consumer.take_timeout(Duration::from_millis(1)), Err(TakeError::TimedOut));
}

fn capacity_is_told(discipline: Discipline) {
    for capacity in 1..10 {
        let (producer, consumer) = bounded::<()>(discipline, capacity);
        assert_eq!(producer.statistics().capacity, Some(capacity));
        assert_eq!(consumer.statistics().capacity, Some(capacity));
    }
}

fn depth_follows_puts_and_takes(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    let depth = || (producer.statistics().waiting, consumer.statistics().waiting);
    assert_eq!(depth(), (0, 0));
    producer.put(()).unwrap();
    assert_eq!(depth(), (1, 1));
    producer.put(()).unwrap();
    assert_eq!(depth(), (2, 2));
    consumer.take().unwrap();
    assert_eq!(depth(), (1, 1));
    assert_eq!(producer.statistics().high_water, 2);
}

fn tries_and_timeouts_along_a_life(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let soon = Duration::from_millis(2);
    assert_eq!(consumer.try_take(), Err(TakeError::Empty));
    assert_eq!(consumer.take_timeout(soon), Err(TakeError::TimedOut));
    producer.try_put(1).unwrap();
    assert_eq!(producer.try_put(2).unwrap_err().refusal, Refusal::Full);
    let refused = producer.put_timeout(3, soon).unwrap_err();
    assert_eq!((refused.item, refused.refusal), (3, Refusal::TimedOut));
    assert_eq!(consumer.take_timeout(soon), Ok(1));
    drop(producer);
    assert_eq!(consumer.try_take(), Err(TakeError::Closed));
    assert_eq!(consumer.take_timeout(soon), Err(TakeError::Closed));

    let (producer, consumer) = bounded(discipline, 1);
    drop(consumer);
    assert_eq!(producer.try_put(1).unwrap_err().refusal, Refusal::Abandoned);
    assert_eq!(producer.put_timeout(1, soon).unwrap_err().refusal, Refusal::Abandoned);
}

fn a_take_waits_for_its_item_and_for_the_end(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 100);
    let own = consumer.clone();
    let takes = thread::spawn(move || (own.take(), own.take(), own.take()));
    eventually("it waits", || consumer.statistics().consumers_waiting == 1);
    producer.put(7).unwrap();
    eventually("it waits again", || {
        let statistics = consumer.statistics();
        statistics.finished == 1 && statistics.consumers_waiting == 1
    });
    producer.put(8).unwrap();
    drop(producer);
    assert_eq!(takes.join().unwrap(), (Ok(7), Ok(8), Err(TakeError::Closed)));
}

fn a_put_waits_for_room_and_for_the_end(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(1).unwrap();
    let own = producer.clone();
    let puts = thread::spawn(move || {
        (own.put(2).is_ok(), own.put_timeout(3, Duration::MAX).is_ok(), own.put(4))
    });
    for n in 1..3 {
        eventually("it waits", || producer.statistics().producers_waiting == 1);
        assert_eq!(consumer.take(), Ok(n));
        eventually("it has put", || producer.statistics().produced > n);
    }
    eventually("it waits", || producer.statistics().producers_waiting == 1);
    drop(consumer);
    let (second, third, fourth) = puts.join().unwrap();
    assert!(second && third);
    let refused = fourth.unwrap_err();
    assert_eq!((refused.item, refused.refusal), (4, Refusal::Abandoned));
}

fn what_was_put_before_the_close_can_be_taken(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 100);
    producer.put_many([1, 2, 3]).unwrap();
    drop(producer);
    assert_eq!(consumer.take(), Ok(1));
    assert_eq!(consumer.try_take(), Ok(2));
    assert_eq!(consumer.take_timeout(Duration::ZERO), Ok(3));
    assert_eq!(consumer.take(), Err(TakeError::Closed));
}

fn depth_stays_within_bounds_under_load(discipline: Discipline) {
    const ITEMS: usize = 2_000;
    const CAPACITY: usize = 50;
    let (producer, consumer) = bounded(discipline, CAPACITY);
    for round in 0..CAPACITY {
        for n in 0..round {
            producer.put(n).unwrap();
            assert_eq!(producer.statistics().waiting, n as u64 + 1);
        }
        for n in (0..round).rev() {
            consumer.take().unwrap();
            assert_eq!(consumer.statistics().waiting, n as u64);
        }
    }
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..ITEMS {
                assert_eq!(consumer.take(), Ok(n));
                assert!(consumer.statistics().waiting <= CAPACITY as u64);
            }
        });
        for n in 0..ITEMS {
            producer.put(n).unwrap();
            assert!(producer.statistics().waiting <= CAPACITY as u64);
        }
    });
    assert_eq!(producer.statistics().waiting, 0);
}

fn one_to_one_keeps_order(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 3);
    thread::scope(|scope| {
        scope.spawn(move || (0..10_000).for_each(|n| assert!(producer.put(n).is_ok())));
        for n in 0..10_000 {
            assert_eq!(consumer.take(), Ok(n));
        }
        assert_eq!(consumer.take(), Err(TakeError::Closed));
    });
}

fn many_to_many_each_once(discipline: Discipline) {
    const ITEMS: usize = 1_500;
    let (producer, consumer) = bounded(discipline, 3);
    let seen: Vec<_> = (0..ITEMS).map(|_| AtomicUsize::new(0)).collect();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..ITEMS).for_each(|n| assert!(producer.put(n).is_ok())));
            scope.spawn(|| {
                for _ in 0..ITEMS {
                    seen[consumer.take().unwrap()].fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(consumer.try_take(), Err(TakeError::Empty));
    assert!(seen.iter().all(|seen| seen.load(Ordering::Relaxed) == 4));
}

fn one_item_buffers_by_the_hundred(discipline: Discipline) {
    for n in 0..300 {
        let (producer, consumer) = bounded(discipline, 1);
        thread::scope(|scope| {
            scope.spawn(|| assert_eq!(consumer.take(), Ok(n)));
            scope.spawn(|| producer.put(n).unwrap());
        });
    }
}

fn two_sides_that_time_out(discipline: Discipline) {
    const ITEMS: u64 = 60;
    let (producer, consumer) = bounded(discipline, 2);
    let soon = Duration::from_micros(300);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..ITEMS {
                if n % 2 == 0 {
                    thread::sleep(soon);
                }
                let mut item = n;
                while let Err(refused) = producer.put_timeout(item, soon / 2) {
                    assert_eq!(refused.refusal, Refusal::TimedOut);
                    item = refused.item;
                }
            }
        });
        for n in 0..ITEMS {
            if n % 3 == 0 {
                thread::sleep(soon);
            }
            let item = loop {
                match consumer.take_timeout(soon / 2) {
                    Err(TakeError::TimedOut) => {}
                    over => break over,
                }
            };
            assert_eq!(item, Ok(n));
        }
    });
}

fn drops_are_exact_wherever_it_stops(discipline: Discipline) {
    for round in 0..30 {
        let steps = round * 37 % 500;
        let additional = round % 50;
        let ledger = Ledger::default();
        let (producer, consumer) = bounded(discipline, 50);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..steps {
                    drop(consumer.take());
                }
            });
            for n in 0..steps {
                assert!(producer.put(Counted::new(n, &ledger)).is_ok());
            }
        });
        for n in 0..additional {
            assert!(producer.put(Counted::new(n, &ledger)).is_ok());
        }
        assert_eq!(ledger.alive().cast_unsigned(), additional);
        drop(producer);
        drop(consumer);
        assert_eq!(ledger.alive(), 0);
    }
}

/// Each thread puts one, then takes one: whatever it takes was put by some thread before.
fn a_put_and_a_take_by_each_of_many_threads(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for n in 0..1_000 {
                    producer.put(n).unwrap();
                    consumer.try_take().expect("no more takes than puts before them");
                }
            });
        }
    });
}

fn two_buffers_are_served_alike(discipline: Discipline) {
    let (left, from_left) = bounded(discipline, 1_000);
    let (right, from_right) = bounded(discipline, 1_000);
    for _ in 0..1_000 {
        left.put(()).unwrap();
        right.put(()).unwrap();
    }
    let mut hits = [0, 0];
    for n in 0..2_000 {
        let (first, second) =
            if n % 2 == 0 { (&from_left, &from_right) } else { (&from_right, &from_left) };
        assert!(first.try_take().or_else(|_| second.try_take()).is_ok());
        hits[n % 2] += 1;
    }
    assert_eq!(hits, [1_000, 1_000]);
    assert!(from_left.try_take().is_err() && from_right.try_take().is_err());
}

fn an_item_may_take_while_it_is_made(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(1).unwrap();
    producer.put(consumer.take().unwrap() + 1).unwrap();
    producer.put_many(std::iter::once_with(|| consumer.take().unwrap() + 1)).unwrap();
    assert_eq!(consumer.take(), Ok(3));
}

fn a_buffer_goes_through_a_buffer(discipline: Discipline) {
    struct Nested(Option<Consumer<Nested>>);
    let (first, mut next): (Producer<Nested>, _) = bounded(discipline, 1);
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut producer = first;
            for _ in 0..200 {
                let (inner, from_inner) = bounded(discipline, 1);
                assert!(producer.put(Nested(Some(from_inner))).is_ok());
                producer = inner;
            }
            assert!(producer.put(Nested(None)).is_ok());
        });
        let mut depth = 0;
        while let Ok(Nested(Some(inner))) = next.take() {
            next = inner;
            depth += 1;
        }
        assert_eq!(depth, 200);
    });
}

fn an_item_that_panics_in_its_drop_is_dropped_once(discipline: Discipline) {
    struct Panics(Arc<AtomicUsize>);
    impl Drop for Panics {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
            panic!("in an item's drop");
        }
    }
    let drops: Arc<AtomicUsize> = Arc::default();
    let (producer, consumer) = bounded(discipline, 4);
    for _ in 0..3 {
        assert!(producer.put(Panics(Arc::clone(&drops))).is_ok());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| drop(consumer))).is_err());
    drop(producer);
    assert_eq!(drops.load(Ordering::SeqCst), 3);
}

fn what_nobody_took_is_dropped_with_the_consumer(discipline: Discipline) {
    let ledger = Ledger::default();
    let (producer, consumer) = bounded(discipline, 1);
    assert!(producer.put(Counted::new(1, &ledger)).is_ok());
    drop(consumer);
    assert_eq!(ledger.alive(), 0);
    let refused = producer.put(Counted::new(2, &ledger)).unwrap_err();
    assert_eq!(refused.item.id(), 2);
}

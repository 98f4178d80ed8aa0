//! What becomes of the items when an end of the buffer goes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use forebay_conformance::{Counted, Item, Ledger};
use forebay_threads::{Discipline, Producer, Refusal};

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    rustsec_2025_0024_the_last_consumer_goes_while_items_are_put,
    tokio_601_a_put_that_meets_the_end_is_not_left_in_the_buffer,
    rust_107466_items_go_with_the_last_consumer_also_in_a_panic,
    tokio_7094_a_panic_while_items_are_dropped_keeps_none,
    crossbeam_1121_a_panic_in_a_panic_does_not_abort,
    tokio_1886_items_that_hold_the_buffer_can_be_dropped,
    flume_a_blocked_put_gets_its_item_back,
    items_without_size_are_dropped_as_often_as_they_were_made,
);

/// RUSTSEC-2025-0024 (crossbeam #1187, and #972 before it): when the last receiver discarded what waited
/// while a send was under way, the same block was freed twice. Here: the last consumer goes in the midst
/// of puts, and each item made is dropped exactly once.
fn rustsec_2025_0024_the_last_consumer_goes_while_items_are_put(discipline: Discipline) {
    for round in 0..200 {
        let (producer, consumer) = bounded(discipline, 1 + round % 5);
        let ledger = Ledger::default();
        let producers: Vec<_> = (0..2)
            .map(|_| {
                let (producer, ledger) = (producer.clone(), ledger.clone());
                thread::spawn(move || {
                    let mut placed = 0;
                    while producer.put(Counted::new(placed, &ledger)).is_ok() {
                        placed += 1;
                    }
                    placed
                })
            })
            .collect();
        for _ in 0..round % 7 {
            drop(consumer.take());
        }
        drop(consumer);
        let placed: u64 = producers.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(ledger.alive(), 0, "items that were leaked, or less than 0: dropped twice");
        let statistics = producer.statistics();
        assert_eq!(statistics.produced, placed);
        assert_eq!(statistics.finished + statistics.dropped, placed);
    }
}

/// tokio #601 (and futures-rs #909): a `try_send` that raced with the receiver's drop left its message in
/// the queue, for as long as a sender lived. Here: once the last consumer has gone, nothing is left in
/// the buffer, though producers live.
fn tokio_601_a_put_that_meets_the_end_is_not_left_in_the_buffer(discipline: Discipline) {
    for _ in 0..300 {
        let (producer, consumer) = bounded(discipline, 2);
        let ledger = Ledger::default();
        thread::scope(|scope| {
            let other = scope.spawn(|| producer.try_put(Counted::new(0, &ledger)));
            drop(consumer);
            match other.join().unwrap() {
                Ok(_) => assert_eq!(ledger.alive(), 0),
                Err(refused) => {
                    assert_eq!(refused.refusal, Refusal::Abandoned);
                    assert_eq!(ledger.alive(), 1, "it has its item back");
                }
            }
        });
        assert_eq!(producer.statistics().waiting, 0);
    }
}

/// rust #107466 (and crossbeam #669, async-channel #86): what waited was kept until the last sender went
/// too, when the last receiver went in a panic, or at all. Here: it is dropped there and then.
fn rust_107466_items_go_with_the_last_consumer_also_in_a_panic(discipline: Discipline) {
    for panics in [false, true] {
        let (producer, consumer) = bounded(discipline, 3);
        let ledger = Ledger::default();
        for n in 0..3 {
            assert!(producer.put(Counted::new(n, &ledger)).is_ok());
        }
        let ended = thread::spawn(move || {
            let _own = consumer;
            assert!(!panics, "on purpose");
        });
        assert_eq!(ended.join().is_err(), panics);
        assert_eq!(ledger.alive(), 0);
        assert_eq!(producer.statistics().dropped, 3);
    }
}

/// Panics in its drop, when it is told so.
struct Fragile {
    drops: Arc<AtomicUsize>,
    panics: bool,
}

impl Drop for Fragile {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics, "an item that panics in its drop");
    }
}

/// tokio #7094: when a message panicked in its drop, the rest of the queue was left. Here: also when
/// the ones that panic were leased, rejected, or dropped for newer ones, the others are dropped once.
fn tokio_7094_a_panic_while_items_are_dropped_keeps_none(discipline: Discipline) {
    let drops = Arc::new(AtomicUsize::new(0));
    let (producer, consumer) = bounded(discipline, 4);
    let item = |panics| Fragile { drops: Arc::clone(&drops), panics };
    let producer = producer.with_overflow(forebay_threads::Overflow::DropOldest);
    for n in 0..4 {
        assert!(producer.put(item(n < 2)).is_ok());
    }
    // The oldest panics as it is dropped for this one, which has been placed.
    assert!(catch_unwind(AssertUnwindSafe(|| producer.put(item(true)))).is_err());
    assert_eq!(drops.load(Ordering::SeqCst), 1);
    let statistics = producer.statistics();
    assert_eq!((statistics.waiting, statistics.dropped, statistics.produced), (4, 1, 5));
    let lease = consumer.lease().unwrap_or_else(|_| panic!("four wait"));
    assert!(catch_unwind(AssertUnwindSafe(|| drop(consumer))).is_err());
    assert_eq!(drops.load(Ordering::SeqCst), 4, "all that waited");
    // Nobody is left to take the leased one: given back, it is dropped, and panics.
    assert!(catch_unwind(AssertUnwindSafe(|| lease.nack())).is_err());
    assert_eq!(drops.load(Ordering::SeqCst), 5);
    let statistics = producer.statistics();
    assert_eq!((statistics.leased, statistics.waiting, statistics.dropped), (0, 0, 5));
    producer.join();
}

/// crossbeam #1121 and rust #108164 (which leaked the rest in that case): the consumer goes because its
/// thread panics, and an item panics as well. Here: the process lives, and all items are dropped.
fn crossbeam_1121_a_panic_in_a_panic_does_not_abort(discipline: Discipline) {
    let drops = Arc::new(AtomicUsize::new(0));
    let (producer, consumer) = bounded(discipline, 4);
    for n in 0..4 {
        let item = Fragile { drops: Arc::clone(&drops), panics: n == 1 };
        assert!(producer.put(item).is_ok());
    }
    let ended = thread::spawn(move || {
        let _own = consumer;
        panic!("on purpose");
    });
    assert!(ended.join().is_err());
    assert_eq!(drops.load(Ordering::SeqCst), 4);
    assert_eq!(producer.statistics().dropped, 4);
}

/// Holds a way back into the buffer it waits in, and uses it when it is dropped.
struct Backlink {
    producer: Producer<Backlink>,
    gone: Arc<AtomicBool>,
}

impl Drop for Backlink {
    fn drop(&mut self) {
        let statistics = self.producer.statistics();
        assert!(statistics.closed);
        let again = Backlink { producer: self.producer.clone(), gone: Arc::default() };
        let refused = self.producer.try_put(again).expect_err("the buffer is closed");
        std::mem::forget(refused.item);
        self.gone.store(true, Ordering::SeqCst);
    }
}

/// tokio #1886: dropping a receiver hung when what waited in it used the channel in its own drop. Here:
/// items that hold a producer of their own buffer are dropped with the last consumer, unlocked.
fn tokio_1886_items_that_hold_the_buffer_can_be_dropped(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 3);
    let gone: Vec<Arc<AtomicBool>> = (0..3).map(|_| Arc::default()).collect();
    for gone in &gone {
        let item = Backlink { producer: producer.clone(), gone: Arc::clone(gone) };
        assert!(producer.put(item).is_ok());
    }
    drop(producer);
    drop(consumer);
    assert!(gone.iter().all(|gone| gone.load(Ordering::SeqCst)));
}

/// flume and std: a send that blocks when the last receiver goes must come back, with its item. Here: of
/// several blocked puts each gets its own, and none is counted as produced.
fn flume_a_blocked_put_gets_its_item_back(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(0).unwrap();
    let blocked: Vec<_> = (1..4)
        .map(|n| {
            let producer = producer.clone();
            thread::spawn(move || producer.put(n))
        })
        .collect();
    forebay_conformance::watchdog::eventually("all three wait", || {
        producer.statistics().producers_waiting == 3
    });
    drop(consumer);
    for (put, n) in blocked.into_iter().zip(1..) {
        let refused = put.join().unwrap().unwrap_err();
        assert_eq!((refused.item, refused.refusal), (n, Refusal::Abandoned));
    }
    assert_eq!(producer.statistics().produced, 1);
}

/// Queues that find their slots by address cannot tell items without size apart. Here: as many are
/// dropped as were put, whether taken, leased, or left behind.
fn items_without_size_are_dropped_as_often_as_they_were_made(discipline: Discipline) {
    thread_local!(static DROPS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) });
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
        }
    }
    let (producer, consumer) = bounded(discipline, 7);
    for _ in 0..7 {
        assert!(producer.put(Nothing).is_ok());
    }
    drop(consumer.take());
    drop(consumer.take_many(2));
    drop(consumer.lease().map(forebay_threads::Lease::ack));
    drop(consumer.lease());
    assert_eq!(DROPS.get(), 4, "taken, and acked");
    assert!(producer.put(Nothing).is_ok());
    drop((producer, consumer));
    assert_eq!(DROPS.get(), 8);
}

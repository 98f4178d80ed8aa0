//! The bound, and the count of what waits.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use forebay_threads::{BuildError, Builder, Discipline};

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    crossbeam_1300_the_greatest_capacity_neither_panics_nor_overflows,
    rust_futures_1671_clones_do_not_widen_the_bound,
    tokio_8062_the_count_of_what_waits_never_wraps,
    thingbuf_83_puts_come_back_when_slots_are_skipped,
    concurrent_queue_a_full_buffer_is_full_all_the_way_round,
);

/// crossbeam #1300: `bounded(usize::MAX)` overflowed and panicked. Here: it is either built, and works, or
/// refused with an error that names the capacity; and so around each power of two.
fn crossbeam_1300_the_greatest_capacity_neither_panics_nor_overflows(discipline: Discipline) {
    let top = 1_usize << (usize::BITS - 1);
    for capacity in [usize::MAX, usize::MAX - 1, top + 1, top, top - 1, 1 << 48, u32::MAX as usize]
    {
        match Builder::<()>::bounded(capacity).discipline(discipline).build() {
            Ok((producer, consumer)) => {
                assert_eq!(producer.statistics().capacity, Some(capacity));
                let permit = producer.reserve().unwrap();
                for _ in 0..3 {
                    producer.put(()).unwrap();
                }
                permit.put(()).unwrap();
                let lease = consumer.lease().unwrap();
                assert_eq!(consumer.take_many(capacity).map(|items| items.len()), Ok(3));
                lease.ack().unwrap();
                assert!(consumer.try_take().is_err());
            }
            Err(refused) => assert_eq!(refused, BuildError::NoMemory { capacity }),
        }
    }
}

/// futures-rs #1671: each clone of a bounded sender could send one more than the capacity. Here: sixty-four
/// fresh handles try at once, and exactly as many succeed as there are places.
fn rust_futures_1671_clones_do_not_widen_the_bound(discipline: Discipline) {
    for capacity in [1, 3, 8] {
        let (producer, consumer) = bounded(discipline, capacity);
        let start = Barrier::new(16);
        let placed: usize = thread::scope(|scope| {
            let tries: Vec<_> = (0..16)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        (0..4).filter(|_| producer.clone().try_put(()).is_ok()).count()
                    })
                })
                .collect();
            tries.into_iter().map(|tries| tries.join().unwrap()).sum()
        });
        assert_eq!(placed, capacity);
        assert_eq!(consumer.take_many(64).map(|items| items.len()), Ok(capacity));
    }
}

/// tokio #8062: `len()` of a channel in use fell below 0 and told an enormous number. Here: whoever looks
/// while items go through sees no more waiting than may wait.
fn tokio_8062_the_count_of_what_waits_never_wraps(discipline: Discipline) {
    const CAPACITY: u64 = 3;
    let (producer, consumer) = bounded(discipline, CAPACITY as usize);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..4_000 {
                producer.put(n).unwrap();
            }
        });
        scope.spawn(|| {
            for _ in 0..4_000 {
                consumer.take().unwrap();
            }
            over.store(true, Ordering::Release);
        });
        while !over.load(Ordering::Acquire) {
            let statistics = producer.statistics();
            assert!(statistics.waiting <= CAPACITY, "{} wait", statistics.waiting);
            assert!(statistics.high_water <= CAPACITY);
            assert!(statistics.weight <= CAPACITY);
        }
    });
}

/// thingbuf #83: with a slot kept by a slow reader, writers went round it, misjudged that the buffer was
/// full, and hung. Here: leases are held while others go round, and puts of every kind come back.
fn thingbuf_83_puts_come_back_when_slots_are_skipped(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 3);
    let taken = thread::scope(|scope| {
        let tries = scope.spawn(|| (0..1_000).filter(|_| producer.try_put(0).is_ok()).count());
        let waits = scope.spawn(|| (0..300).filter(|_| producer.put(1).is_ok()).count());
        let taker = scope.spawn(|| {
            let mut taken = 0;
            let mut held = Vec::new();
            while let Ok(lease) = consumer.lease() {
                held.push(lease);
                if held.len() == 3 {
                    for lease in held.drain(1..) {
                        lease.ack().unwrap();
                        taken += 1;
                    }
                    held.pop().unwrap().nack().unwrap();
                }
            }
            for lease in held {
                lease.ack().unwrap();
                taken += 1;
            }
            taken
        });
        let placed = tries.join().unwrap() + waits.join().unwrap();
        producer.close();
        assert_eq!(taker.join().unwrap(), placed);
        placed
    });
    assert_eq!(consumer.statistics().finished, taken as u64);
}

/// Rings that tell full from empty by two positions are wrong once in a round, at a wrap. Here: at every
/// position of several rounds the buffer fills to exactly its capacity, says so, and empties.
fn concurrent_queue_a_full_buffer_is_full_all_the_way_round(discipline: Discipline) {
    for capacity in 1..10 {
        let (producer, consumer) = bounded(discipline, capacity);
        let mut next = 0;
        for _ in 0..3 * capacity {
            // One step on, so that each round begins at another slot.
            producer.put(next).unwrap();
            assert_eq!(consumer.take(), Ok(next));
            next += 1;
            for n in 0..capacity {
                assert_eq!(producer.statistics().waiting, n as u64);
                producer.try_put(next + n).unwrap();
            }
            assert_eq!(producer.try_put(0).unwrap_err().refusal, forebay_threads::Refusal::Full);
            assert_eq!(producer.statistics().waiting, capacity as u64);
            for n in 0..capacity {
                assert_eq!(consumer.try_take(), Ok(next + n));
            }
            assert!(consumer.try_take().is_err());
            next += capacity;
        }
    }
}

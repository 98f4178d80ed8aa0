//! Items of every awkward kind, on every discipline.
#![cfg(not(loom))]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use forebay_threads::{Builder, Consumer, Discipline, Producer, bounded, unbounded};

fn on_every_discipline<T>(capacity: usize, check: impl Fn(Producer<T>, Consumer<T>)) {
    for discipline in Discipline::ALL {
        let (producer, consumer) =
            Builder::bounded(capacity).discipline(discipline).build().expect("capacity above 0");
        check(producer, consumer);
    }
}

/// Counts its drops, and panics in them if told so.
struct Fragile {
    drops: Arc<AtomicUsize>,
    panics: bool,
}

impl Drop for Fragile {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
        assert!(!self.panics, "an item that panics in its drop");
    }
}

#[test]
fn items_left_behind_are_dropped_once() {
    on_every_discipline(8, |producer, consumer| {
        let drops = Arc::new(AtomicUsize::new(0));
        for _ in 0..5 {
            let item = Fragile { drops: Arc::clone(&drops), panics: false };
            producer.put(item).unwrap_or_else(|_| panic!("there is room"));
        }
        drop(consumer.take().ok());
        drop(producer);
        drop(consumer);
        assert_eq!(drops.load(Ordering::Relaxed), 5);
    });
}

#[test]
fn an_item_that_panics_in_its_drop_takes_no_other_with_it() {
    on_every_discipline(8, |producer, consumer| {
        let drops = Arc::new(AtomicUsize::new(0));
        for n in 0..6 {
            let item = Fragile { drops: Arc::clone(&drops), panics: n % 2 == 0 };
            producer.put(item).unwrap_or_else(|_| panic!("there is room"));
        }
        let ended = catch_unwind(AssertUnwindSafe(|| drop(consumer)));
        assert!(ended.is_err(), "the panic is not swallowed");
        assert_eq!(drops.load(Ordering::Relaxed), 6);
        assert!(producer.statistics().closed);
        assert_eq!(producer.statistics().dropped, 6);
        producer.join();
    });
}

#[test]
fn a_panic_while_an_item_is_dropped_by_its_consumer_leaves_the_buffer_sound() {
    on_every_discipline(2, |producer, consumer| {
        let drops = Arc::new(AtomicUsize::new(0));
        let item = |panics| Fragile { drops: Arc::clone(&drops), panics };
        assert!(producer.put(item(true)).is_ok());
        let ended = catch_unwind(AssertUnwindSafe(|| drop(consumer.take())));
        assert!(ended.is_err());
        assert!(producer.put(item(false)).is_ok());
        assert!(consumer.take().is_ok());
        producer.join();
    });
}

#[test]
fn items_without_size_are_counted() {
    on_every_discipline(3, |producer, consumer| {
        for _ in 0..3 {
            producer.put(()).unwrap();
        }
        assert!(producer.try_put(()).is_err());
        let lease = consumer.lease().unwrap();
        lease.nack().unwrap();
        for _ in 0..3 {
            consumer.take().unwrap();
        }
        assert!(consumer.try_take().is_err());
        assert_eq!(consumer.statistics().finished, 3);
    });
}

#[test]
fn items_larger_than_a_cache_line_arrive_whole() {
    on_every_discipline(3, |producer, consumer| {
        thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..2_000_u64 {
                    producer.put([n; 40]).unwrap();
                }
                producer.close();
            });
            let mut expected = 0;
            while let Ok(item) = consumer.take() {
                assert_eq!(item, [expected; 40]);
                expected += 1;
            }
            assert_eq!(expected, 2_000);
        });
    });
}

#[test]
fn a_megabyte_needs_no_stack() {
    on_every_discipline(2, |producer, consumer| {
        let worker = thread::Builder::new().stack_size(256 * 1024).spawn(move || {
            for _ in 0..4 {
                producer.put(vec![7_u8; 1 << 20].into_boxed_slice()).unwrap();
                assert_eq!(consumer.take().unwrap().len(), 1 << 20);
            }
        });
        worker.unwrap().join().unwrap();
    });
}

#[test]
fn items_need_not_be_sync() {
    on_every_discipline(1, |producer, consumer| {
        let other = thread::spawn(move || producer.put(Cell::new(5)).unwrap());
        assert_eq!(consumer.take().unwrap().get(), 5);
        other.join().unwrap();
    });
}

#[test]
fn handles_go_where_their_items_may_go() {
    fn send_and_sync<T: Send + Sync>(_: &T) {}
    let (producer, consumer) = bounded::<Cell<u8>>(1);
    send_and_sync(&producer);
    send_and_sync(&consumer);
    send_and_sync(&bounded::<Vec<u8>>(1));
}

#[test]
fn futures_may_move_between_threads() {
    fn send<T: Send>(_: &T) {}
    let (producer, consumer) = bounded::<Cell<u8>>(1);
    send(&producer.put_async(Cell::new(1)));
    send(&producer.join_async());
    send(&consumer.take_async());
    send(&consumer.lease_async());
    send(&consumer.join_async());
}

#[test]
fn unbounded_takes_whatever_comes() {
    let (producer, consumer) = unbounded();
    for n in 0..100_000 {
        producer.try_put(n).unwrap();
    }
    let statistics = producer.statistics();
    assert_eq!((statistics.capacity, statistics.waiting), (None, 100_000));
    assert_eq!(statistics.high_water, 100_000);
    for n in 0..100_000 {
        assert_eq!(consumer.take(), Ok(n));
    }
    drop(producer);
    assert!(consumer.take().is_err());
}

#[test]
fn a_long_list_is_dropped_without_recursion() {
    let (producer, consumer) = unbounded();
    for n in 0..1_000_000 {
        producer.put(n).unwrap();
    }
    drop(consumer);
    assert_eq!(producer.statistics().dropped, 1_000_000);
}

#[test]
fn an_item_that_panics_in_its_clone_goes_back() {
    struct Unclonable;
    impl Clone for Unclonable {
        fn clone(&self) -> Self {
            panic!("an item that panics in its clone");
        }
    }
    for discipline in Discipline::ALL {
        let (producer, consumer) = Builder::bounded(1)
            .discipline(discipline)
            .lease_time(std::time::Duration::from_mins(1))
            .build()
            .unwrap();
        producer.put(Unclonable).unwrap_or_else(|_| panic!("there is room"));
        assert!(catch_unwind(AssertUnwindSafe(|| drop(consumer.lease()))).is_err());
        let statistics = consumer.statistics();
        assert_eq!((statistics.waiting, statistics.leased), (1, 0));
    }
}

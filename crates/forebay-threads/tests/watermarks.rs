//! Who is told of the depth's crossings, when, and how often; on every discipline.
#![cfg(not(loom))]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use forebay_conformance::task::block_on;
use forebay_conformance::watchdog::{PATIENCE, watch};
use forebay_threads::Watermark::{High, Low};
use forebay_threads::{
    BuildError, Builder, Consumer, Discipline, Outcome, Overflow, Producer, Watermark,
};

/// What the hook was told, in order.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Watermark>>>);

impl Told {
    fn note(&self, mark: Watermark) {
        self.0.lock().unwrap().push(mark);
    }

    /// What came since the last look.
    fn news(&self) -> Vec<Watermark> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn build(
    discipline: Discipline,
    (capacity, low, high): (usize, usize, usize),
    hook: impl Fn(Watermark) + Send + Sync + 'static,
) -> (Producer<u32>, Consumer<u32>) {
    let builder = Builder::bounded(capacity).discipline(discipline).watermarks(low, high, hook);
    builder.build().expect("the marks are within the capacity")
}

/// A buffer of 5 with marks at 1 and 3, and what its hook is told; on a watched thread.
fn on_every_discipline(check: fn(Producer<u32>, Consumer<u32>, Told)) {
    for discipline in Discipline::ALL {
        let ended = watch("watermarks", PATIENCE, move || {
            let told = Told::default();
            let noting = told.clone();
            let (producer, consumer) = build(discipline, (5, 1, 3), move |mark| noting.note(mark));
            check(producer, consumer, told);
        });
        assert_eq!(ended, Ok(()), "{discipline}");
    }
}

#[test]
fn each_crossing_is_told_once_and_nothing_in_between() {
    on_every_discipline(|producer, consumer, told| {
        let put = |depth: u64| {
            producer.put(0).unwrap();
            assert_eq!(producer.statistics().waiting, depth);
            told.news()
        };
        let take = |depth: u64| {
            consumer.take().unwrap();
            assert_eq!(producer.statistics().waiting, depth);
            told.news()
        };
        for _ in 0..3 {
            assert_eq!((put(1), put(2)), (vec![], vec![]));
            assert_eq!(put(3), [High]);
            assert_eq!((put(4), put(5)), (vec![], vec![]));
            assert_eq!((take(4), take(3), take(2)), (vec![], vec![], vec![]));
            // To and fro over the high mark: it has not fallen to the low one since.
            assert_eq!((put(3), put(4), take(3), take(2)), (vec![], vec![], vec![], vec![]));
            assert_eq!(take(1), [Low]);
            assert_eq!((put(2), take(1), take(0)), (vec![], vec![], vec![]));
        }
    });
}

#[test]
fn batches_leases_permits_and_drops_cross_too() {
    on_every_discipline(|producer, consumer, told| {
        producer.put_many([1, 2, 3, 4, 5]).unwrap();
        assert_eq!(told.news(), [High]);
        let dropping = producer.clone().with_overflow(Overflow::DropOldest);
        assert_eq!(dropping.put(6), Ok(Outcome::DroppedOldest(1)));
        assert_eq!(told.news(), []);
        assert_eq!(consumer.take_many(4).unwrap(), [2, 3, 4, 5]);
        assert_eq!(told.news(), [Low]);
        let permits = [producer.reserve().unwrap(), producer.reserve().unwrap()];
        assert_eq!(told.news(), [], "a place that is set aside is no item");
        for permit in permits {
            permit.put(7).unwrap();
        }
        assert_eq!(told.news(), [High]);
        let leases = [consumer.lease().unwrap(), consumer.lease().unwrap()];
        assert_eq!(told.news(), [Low], "what is on lease does not wait");
        for lease in leases {
            lease.nack().unwrap();
        }
        assert_eq!(told.news(), [High], "and what is given back does");
    });
}

#[test]
fn calls_of_tasks_and_calls_that_waited_tell_as_well() {
    on_every_discipline(|producer, consumer, told| {
        for n in 0..5 {
            block_on(producer.put_async(n)).unwrap();
        }
        assert_eq!(told.news(), [High]);
        thread::scope(|scope| {
            let late = scope.spawn(|| producer.put(5));
            for _ in 0..6 {
                block_on(consumer.take_async()).unwrap();
            }
            assert_eq!(late.join().unwrap(), Ok(Outcome::Placed));
        });
        assert_eq!(told.news(), [Low]);
        producer.put_many([6, 7, 8]).unwrap();
        assert_eq!(told.news(), [High]);
    });
}

#[test]
fn the_hook_may_use_the_buffer_and_is_not_entered_twice() {
    for discipline in Discipline::ALL {
        let ended = watch("a hook that takes and puts", PATIENCE, move || {
            let told = Told::default();
            let sides: Arc<OnceLock<(Producer<u32>, Consumer<u32>)>> = Arc::default();
            let (noting, own) = (told.clone(), Arc::downgrade(&sides));
            let inside = AtomicUsize::new(0);
            let hook = move |mark| {
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "it is told one by one");
                noting.note(mark);
                let sides = own.upgrade().expect("the sides are alive");
                let (producer, consumer) = sides.get().expect("they were set");
                match mark {
                    // Down to the low mark and up again: two crossings, told after this one.
                    High if noting.0.lock().unwrap().len() == 1 => {
                        (0..2).for_each(|_| assert!(consumer.take().is_ok()));
                        (0..2).for_each(|n| assert!(producer.put(n).is_ok()));
                    }
                    High => drop(consumer.take_many(2)),
                    Low => {
                        let _ = producer.statistics();
                    }
                }
                inside.fetch_sub(1, Ordering::SeqCst);
            };
            let built = build(discipline, (5, 1, 3), hook);
            sides.set(built).expect("they are set once");
            let (producer, _) = sides.get().expect("they were just set");
            producer.put_many([1, 2, 3]).unwrap();
            assert_eq!(told.news(), [High, Low, High, Low]);
            assert_eq!(producer.statistics().waiting, 1);
        });
        assert_eq!(ended, Ok(()), "{discipline}");
    }
}

#[test]
fn from_several_threads_the_marks_alternate() {
    on_every_discipline(|producer, consumer, told| {
        thread::scope(|scope| {
            for _ in 0..2 {
                let (producer, consumer) = (producer.clone(), consumer.clone());
                scope.spawn(move || (0..2000).for_each(|n| assert!(producer.put(n).is_ok())));
                scope.spawn(move || {
                    for round in 0..1000 {
                        if round % 2 == 0 {
                            consumer.take().unwrap();
                        } else {
                            let _ = consumer.lease().unwrap().ack();
                        }
                        consumer.take_many(1).unwrap();
                    }
                });
            }
        });
        let told = told.news();
        assert!(told.iter().step_by(2).all(|mark| *mark == High), "{told:?}");
        assert!(told.iter().skip(1).step_by(2).all(|mark| *mark == Low), "{told:?}");
        assert!(told.len().is_multiple_of(2), "the buffer is empty, so the last was the low mark");
        assert!(told.len() > 2, "the depth went up and down");
    });
}

/// A hook that notes, and panics where it is told to.
fn fragile(discipline: Discipline, told: &Told, at: Watermark) -> (Producer<u32>, Consumer<u32>) {
    let noting = told.clone();
    build(discipline, (5, 1, 3), move |mark| {
        noting.note(mark);
        assert_ne!(mark, at, "a hook that panics");
    })
}

#[test]
fn a_hook_that_panics_does_so_into_the_call_whose_work_is_done() {
    for discipline in Discipline::ALL {
        let told = Told::default();
        let (producer, consumer) = fragile(discipline, &told, High);
        for _ in 0..3 {
            producer.put_many([1, 2]).unwrap();
            let ended = catch_unwind(AssertUnwindSafe(|| producer.put(3)));
            assert!(ended.is_err(), "{discipline}: the panic is not swallowed");
            assert_eq!(producer.statistics().waiting, 3, "{discipline}: the put was done");
            assert_eq!(consumer.take_many(5).unwrap(), [1, 2, 3]);
            assert_eq!(told.news(), [High, Low], "{discipline}: the next crossing is told");
        }
        producer.join();
        let statistics = producer.statistics();
        assert_eq!((statistics.produced, statistics.finished), (9, 9), "{discipline}");
    }
}

#[test]
fn a_hook_that_panics_in_a_take_leaves_the_buffer_whole() {
    for discipline in Discipline::ALL {
        let told = Told::default();
        let (producer, consumer) = fragile(discipline, &told, Low);
        producer.put_many([1, 2, 3]).unwrap();
        consumer.take().unwrap();
        let ended = catch_unwind(AssertUnwindSafe(|| consumer.take()));
        assert!(ended.is_err());
        assert_eq!(consumer.take(), Ok(3), "{discipline}: what was taken went with the panic");
        assert!(
            producer.join_timeout(Duration::ZERO).is_ok(),
            "{discipline}: nothing is unfinished"
        );
        producer.put_many([1, 2, 3]).unwrap();
        assert_eq!(told.news(), [High, Low, High]);
        let ended = catch_unwind(AssertUnwindSafe(|| drop(consumer)));
        assert!(ended.is_err(), "{discipline}: what waits is dropped, which crosses the low mark");
        assert!(producer.join_timeout(Duration::ZERO).is_ok(), "{discipline}: all of it");
        assert_eq!(producer.statistics().dropped, 3);
    }
}

#[test]
fn a_hook_that_panics_in_a_lease_gives_the_item_back() {
    for discipline in Discipline::ALL {
        let told = Told::default();
        let (producer, consumer) = fragile(discipline, &told, Low);
        producer.put_many([1, 2, 3]).unwrap();
        consumer.take().unwrap();
        let ended = catch_unwind(AssertUnwindSafe(|| consumer.lease().map(drop)));
        assert!(ended.is_err());
        assert_eq!(producer.statistics().leased, 0, "{discipline}: nobody holds the lease");
        assert_eq!(consumer.take_many(5).unwrap(), [2, 3], "{discipline}");
        assert!(producer.join_timeout(Duration::ZERO).is_ok(), "{discipline}");
    }
}

#[test]
fn crossings_noted_while_a_hook_panics_are_told() {
    for discipline in Discipline::ALL {
        let ended = watch("a slow hook", PATIENCE, move || {
            let told = Told::default();
            let noting = told.clone();
            let (entered, is_inside) = mpsc::channel();
            let (go_on, may_go_on) = mpsc::channel();
            let may_go_on = Mutex::new(may_go_on);
            let slow = AtomicBool::new(true);
            let (producer, consumer) = build(discipline, (5, 1, 3), move |mark| {
                noting.note(mark);
                if slow.swap(false, Ordering::SeqCst) {
                    entered.send(()).unwrap();
                    may_go_on.lock().unwrap().recv().unwrap();
                    panic!("a hook that panics late");
                }
            });
            let put = thread::spawn(move || producer.put_many([1, 2, 3]).map(|_| ()));
            is_inside.recv().unwrap();
            // The thread that is inside the hook is the one to tell of this crossing.
            assert_eq!(consumer.take_many(2).unwrap(), [1, 2]);
            assert_eq!(told.news(), [High]);
            go_on.send(()).unwrap();
            assert!(put.join().is_err(), "the panic is not swallowed");
            assert_eq!(told.news(), [Low], "who waits for it would wait for ever");
        });
        assert_eq!(ended, Ok(()), "{discipline}");
    }
}

#[test]
fn marks_that_cannot_be_crossed_are_refused() {
    for (low, high) in [(3, 3), (4, 3), (1, 6)] {
        let refused = Builder::<u32>::bounded(5).watermarks(low, high, |_| {}).build().unwrap_err();
        assert_eq!(refused, BuildError::Watermarks { low, high });
        assert!(refused.to_string().contains(&format!("{low} and {high}")));
    }
    assert!(Builder::<u32>::bounded(5).watermarks(0, 5, |_| {}).build().is_ok());
    assert!(Builder::<u32>::unbounded().watermarks(7, 1 << 40, |_| {}).build().is_ok());
}

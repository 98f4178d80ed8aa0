//! A watermark hook that panics, uses the buffer, or lets its last handles go.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;

use forebay_conformance::task::Task;
use forebay_threads::{Builder, Consumer, Discipline, Producer, Refusal, TakeError, Watermark};

use crate::disciplines::on_each_discipline;

on_each_discipline!(
    a_hook_that_panics_leaves_the_buffer_whole,
    a_hook_that_panics_wakes_who_was_called,
    a_hook_may_put_and_take,
    a_hook_may_let_the_last_consumer_go,
    a_hook_may_let_the_last_producer_go,
    crossings_are_told_in_order_from_many_threads,
);

type Seen = Arc<Mutex<Vec<Watermark>>>;

fn a_hook_that_panics_leaves_the_buffer_whole(discipline: Discipline) {
    let seen: Seen = Arc::default();
    let own = Arc::clone(&seen);
    let hook = move |mark| {
        own.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(mark);
        panic!("a hook that panics at {mark:?}");
    };
    let builder = Builder::bounded(3).discipline(discipline).watermarks(1, 2, hook);
    let (producer, consumer) = builder.build().unwrap();
    for round in 1..4 {
        producer.put(1).unwrap();
        assert!(catch_unwind(AssertUnwindSafe(|| producer.put(2))).is_err());
        assert_eq!(producer.statistics().waiting, 2, "that put is done");
        producer.put(3).unwrap();
        assert_eq!(consumer.take(), Ok(1));
        // What this take took went with the panic.
        assert!(catch_unwind(AssertUnwindSafe(|| consumer.take())).is_err());
        assert_eq!(consumer.take(), Ok(3));
        let statistics = consumer.statistics();
        assert_eq!((statistics.waiting, statistics.finished), (0, 3 * round));
    }
    producer.join();
    let expected = [Watermark::High, Watermark::Low].repeat(3);
    assert_eq!(*seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner), expected);
}

fn a_hook_that_panics_wakes_who_was_called(discipline: Discipline) {
    let hook = |_| panic!("a hook that panics");
    let builder = Builder::bounded(2).discipline(discipline).watermarks(0, 1, hook);
    let (producer, consumer) = builder.build().unwrap();
    let mut take = Task::new(consumer.take_async());
    let mut lease = Task::new(consumer.lease_async());
    assert!(take.settle().is_pending());
    assert!(lease.settle().is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| producer.put(1))).is_err());
    assert!(take.is_woken(), "the wake came before the hook");
    drop(lease);
    // Where it was handed its item, the hook was told of that in the put.
    let taken = catch_unwind(AssertUnwindSafe(|| take.settle()));
    assert!(taken.is_err() || taken.is_ok_and(|taken| taken == Poll::Ready(Ok(1))));
    assert_eq!(consumer.statistics().finished, 1);
    assert_eq!(consumer.try_take(), Err(TakeError::Empty));
}

fn a_hook_may_put_and_take(discipline: Discipline) {
    type Ends = (Producer<u32>, Consumer<u32>);
    let ends: Arc<Mutex<Option<Ends>>> = Arc::default();
    let seen: Seen = Arc::default();
    let (own, note) = (Arc::clone(&ends), Arc::clone(&seen));
    let hook = move |mark| {
        note.lock().unwrap().push(mark);
        let ends = own.lock().unwrap().clone();
        if let Some((producer, consumer)) = ends {
            let _ = producer.statistics();
            match mark {
                // Down past the low mark, and once more through both.
                Watermark::High => {
                    while consumer.try_take().is_ok() {}
                    if note.lock().unwrap().len() == 1 {
                        producer.put_many([7, 8, 9]).unwrap();
                    }
                }
                Watermark::Low => {
                    let _ = producer.try_put(5);
                }
            }
        }
    };
    let builder = Builder::bounded(4).discipline(discipline).watermarks(1, 3, hook);
    let (producer, consumer) = builder.build().unwrap();
    *ends.lock().unwrap() = Some((producer.clone(), consumer.clone()));
    producer.put_many([1, 2]).unwrap();
    assert!(seen.lock().unwrap().is_empty());
    producer.put(3).unwrap();
    let told = seen.lock().unwrap().clone();
    assert_eq!(told[..3], [Watermark::High, Watermark::Low, Watermark::High]);
    ends.lock().unwrap().take();
    while consumer.try_take().is_ok() {}
    producer.join();
}

fn a_hook_may_let_the_last_consumer_go(discipline: Discipline) {
    let kept: Arc<Mutex<Option<Consumer<u32>>>> = Arc::default();
    let own = Arc::clone(&kept);
    let hook = move |mark| {
        let kept = own.lock().unwrap().take();
        assert_eq!((mark, kept.is_some()), (Watermark::High, true));
    };
    let builder = Builder::bounded(3).discipline(discipline).watermarks(0, 2, hook);
    let (producer, consumer) = builder.build().unwrap();
    *kept.lock().unwrap() = Some(consumer);
    producer.put(1).unwrap();
    // Placed, and dropped with the other when the consumer goes; that crosses the low mark.
    let ended = catch_unwind(AssertUnwindSafe(|| producer.put(2).is_ok()));
    assert!(ended.is_err(), "the hook is told of the low mark, and finds no consumer");
    assert_eq!(producer.try_put(3).unwrap_err().refusal, Refusal::Abandoned);
    assert_eq!(producer.statistics().dropped, 2);
    producer.join();
}

fn a_hook_may_let_the_last_producer_go(discipline: Discipline) {
    let kept: Arc<Mutex<Option<Producer<u32>>>> = Arc::default();
    let own = Arc::clone(&kept);
    let hook = move |mark| {
        if mark == Watermark::Low {
            own.lock().unwrap().take();
        }
    };
    let builder = Builder::bounded(3).discipline(discipline).watermarks(1, 2, hook);
    let (producer, consumer) = builder.build().unwrap();
    producer.put_many([1, 2]).unwrap();
    *kept.lock().unwrap() = Some(producer);
    assert_eq!(consumer.take(), Ok(1));
    assert!(consumer.statistics().closed);
    assert_eq!(consumer.take(), Ok(2));
    assert_eq!(consumer.take(), Err(TakeError::Closed));
}

/// High and low in turn, whoever tells them.
fn crossings_are_told_in_order_from_many_threads(discipline: Discipline) {
    let seen: Seen = Arc::default();
    let own = Arc::clone(&seen);
    let hook = move |mark| own.lock().unwrap().push(mark);
    let builder = Builder::bounded(3).discipline(discipline).watermarks(0, 2, hook);
    let (producer, consumer) = builder.build().unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..300).all(|n| producer.put(n).is_ok()));
            scope.spawn(|| (0..300).all(|_| consumer.take().is_ok()));
        }
    });
    let seen = seen.lock().unwrap();
    for (place, mark) in seen.iter().enumerate() {
        let expected = if place % 2 == 0 { Watermark::High } else { Watermark::Low };
        assert_eq!(*mark, expected, "at {place}");
    }
    assert_eq!(seen.len() % 2, 0, "empty again, it has told of the low mark");
}

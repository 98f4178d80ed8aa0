//! Wakers that panic: an executor's fault, for which no other task shall pay.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use forebay_conformance::task::Task;
use forebay_threads::Discipline;

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    a_waker_that_panics_in_a_put_leaves_the_buffer_whole,
    a_waker_that_panics_in_a_close_costs_no_other_its_wake,
    a_waker_that_panics_in_a_batch_costs_no_other_its_wake,
    two_wakers_that_panic_at_once_are_one_panic,
);

struct Broken;

impl Wake for Broken {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

fn poll_with_broken<F: Future>(future: Pin<&mut F>) {
    let waker = Waker::from(Arc::new(Broken));
    assert!(future.poll(&mut Context::from_waker(&waker)).is_pending());
}

fn a_waker_that_panics_in_a_put_leaves_the_buffer_whole(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    let mut broken = Box::pin(consumer.take_async());
    poll_with_broken(broken.as_mut());
    let mut sound = Task::new(consumer.take_async());
    assert!(sound.settle().is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| producer.put(1))).is_err());
    assert_eq!(consumer.statistics().waiting, 1, "that put is done");
    producer.put(2).unwrap();
    assert!(sound.is_woken());
    assert!(sound.settle().is_ready());
    drop(broken);
    assert!(consumer.try_take().is_ok());
    producer.join();
}

fn a_waker_that_panics_in_a_close_costs_no_other_its_wake(discipline: Discipline) {
    let (producer, consumer) = bounded::<u8>(discipline, 2);
    let mut broken = Box::pin(consumer.take_async());
    poll_with_broken(broken.as_mut());
    let mut sound: Vec<_> = (0..3).map(|_| Task::new(consumer.take_async())).collect();
    assert!(sound.iter_mut().all(|task| task.settle().is_pending()));
    assert!(catch_unwind(AssertUnwindSafe(|| producer.close())).is_err());
    assert!(producer.statistics().closed);
    for task in &mut sound {
        assert!(task.is_woken(), "the others are told of the end");
        assert!(task.settle().is_ready());
    }
}

fn a_waker_that_panics_in_a_batch_costs_no_other_its_wake(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 3);
    let mut broken = Box::pin(consumer.take_async());
    poll_with_broken(broken.as_mut());
    let mut sound: Vec<_> = (0..2).map(|_| Task::new(consumer.take_async())).collect();
    assert!(sound.iter_mut().all(|task| task.settle().is_pending()));
    assert!(catch_unwind(AssertUnwindSafe(|| producer.put_many([1, 2, 3]))).is_err());
    assert_eq!(consumer.statistics().waiting, 3);
    for task in &mut sound {
        assert!(task.is_woken(), "three items call three");
        assert!(task.settle().is_ready());
    }
}

fn two_wakers_that_panic_at_once_are_one_panic(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 3);
    let mut broken: Vec<_> = (0..2).map(|_| Box::pin(consumer.take_async())).collect();
    for take in &mut broken {
        poll_with_broken(take.as_mut());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| producer.put_many([1, 2]))).is_err());
    assert_eq!(consumer.statistics().waiting, 2, "that batch is put");
}

//! Batches of nothing, of far too much, and from iterators that misbehave.

use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};

use forebay_conformance::task::{Task, block_on};
use forebay_threads::{Batch, Discipline, Patience, Refusal, TakeError};

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    to_take_nothing_is_no_wait_and_no_error,
    to_take_without_end_takes_what_there_is,
    to_put_nothing_is_done_at_once,
    an_iterator_that_panics_has_put_nothing,
    an_iterator_may_use_the_buffer,
);

fn to_take_nothing_is_no_wait_and_no_error(discipline: Discipline) {
    let (producer, consumer) = bounded::<u8>(discipline, 2);
    let nothing = || {
        assert_eq!(consumer.take_many(0), Ok(vec![]));
        assert_eq!(consumer.try_take_many(0), Ok(vec![]));
        assert_eq!(consumer.take_many_within(0, Patience::Forever), Ok(vec![]));
        assert_eq!(block_on(consumer.take_many_async(0)), Ok(vec![]));
    };
    nothing();
    producer.put(1).unwrap();
    nothing();
    assert_eq!(consumer.take(), Ok(1));
    producer.close();
    nothing();
    assert_eq!(consumer.take_many(1), Err(TakeError::Closed));
}

fn to_take_without_end_takes_what_there_is(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    assert_eq!(consumer.try_take_many(usize::MAX), Err(TakeError::Empty));
    producer.put_many([1, 2]).unwrap();
    assert_eq!(consumer.take_many(usize::MAX), Ok(vec![1, 2]));
    let mut task = Task::new(consumer.take_many_async(usize::MAX));
    assert!(task.settle().is_pending());
    producer.put_many([3, 4]).unwrap();
    let std::task::Poll::Ready(Ok(items)) = task.settle() else { panic!("two wait") };
    assert_eq!(items[0], 3);
}

fn to_put_nothing_is_done_at_once(discipline: Discipline) {
    let (producer, consumer) = bounded::<u8>(discipline, 1);
    producer.put(1).unwrap();
    assert_eq!(producer.put_many([]), Ok(Batch::default()));
    assert_eq!(producer.try_put_many(iter::empty()), Ok(Batch::default()));
    assert_eq!(block_on(producer.put_many_async(vec![])), Ok(Batch::default()));
    producer.close();
    assert_eq!(producer.put_many([]), Ok(Batch::default()));
    let refused = producer.put_many([2, 3]).unwrap_err();
    assert_eq!((refused.rest, refused.refusal), (vec![2, 3], Refusal::Closed));
    assert_eq!(consumer.statistics().produced, 1);
}

fn an_iterator_that_panics_has_put_nothing(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 8);
    let items = (0..5).map(|n| if n == 3 { panic!("the fourth cannot be had") } else { n });
    assert!(catch_unwind(AssertUnwindSafe(|| producer.put_many(items))).is_err());
    assert_eq!(consumer.try_take(), Err(TakeError::Empty));
    producer.put(7).unwrap();
    assert_eq!(consumer.take(), Ok(7));
}

fn an_iterator_may_use_the_buffer(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 4);
    let items = (0..3).map(|n| {
        producer.put(10 + n).unwrap();
        consumer.take().unwrap()
    });
    assert_eq!(producer.put_many(items).map(|batch| batch.placed), Ok(3));
    assert_eq!(consumer.take_many(4), Ok(vec![10, 11, 12]));
}

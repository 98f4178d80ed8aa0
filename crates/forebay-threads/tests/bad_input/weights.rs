//! Weights that make no sense, and functions that weigh badly.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use forebay_conformance::task::block_on;
use forebay_threads::{
    BuildError, Builder, Consumer, Discipline, Outcome, Overflow, Patience, Producer, Refusal,
};

use crate::disciplines::on_each_discipline;

on_each_discipline!(
    no_weight_at_all_is_bounded_by_the_capacity,
    what_could_never_wait_is_refused_at_once_under_every_policy,
    the_greatest_weights_do_not_overflow,
    a_weigh_function_that_panics_has_put_nothing,
    a_weigh_function_may_use_the_buffer,
    a_permit_holds_what_was_set_aside_and_no_more,
    an_item_changed_on_lease_keeps_its_weight,
);

fn weighing(discipline: Discipline, capacity: usize, most: u64) -> (Producer<u64>, Consumer<u64>) {
    let builder = Builder::bounded(capacity).discipline(discipline).weighing(most, |item| *item);
    builder.build().unwrap()
}

fn no_weight_at_all_is_bounded_by_the_capacity(discipline: Discipline) {
    let (producer, consumer) = weighing(discipline, 2, 5);
    producer.put(0).unwrap();
    producer.put(0).unwrap();
    assert_eq!(producer.try_put(0).unwrap_err().refusal, Refusal::Full);
    let dropping = producer.clone().with_overflow(Overflow::DropOldest);
    assert_eq!(dropping.put(5).unwrap(), Outcome::DroppedOldest(1));
    assert_eq!((producer.statistics().waiting, producer.statistics().weight), (2, 5));
    assert_eq!(consumer.take_many(5), Ok(vec![0, 5]));
}

fn what_could_never_wait_is_refused_at_once_under_every_policy(discipline: Discipline) {
    let (producer, consumer) = weighing(discipline, 3, 5);
    producer.put(4).unwrap();
    let policies = [
        Overflow::Wait,
        Overflow::WaitFor(Duration::MAX),
        Overflow::Refuse,
        Overflow::DropOldest,
        Overflow::DropThis,
    ];
    for policy in policies {
        let producer = producer.clone().with_overflow(policy);
        let heavy = |refused: Result<Outcome, forebay_threads::PutError<u64>>| {
            let refused = refused.unwrap_err();
            assert_eq!((refused.item, refused.refusal), (6, Refusal::TooHeavy), "{policy:?}");
            assert!(refused.to_string().contains("heavier"));
        };
        heavy(producer.put(6));
        heavy(producer.try_put(6));
        heavy(producer.put_timeout(6, Duration::MAX));
        heavy(block_on(producer.put_async(6)));
        let many = producer.put_many([1, 6, 2]).unwrap_err();
        assert_eq!((many.rest, many.refusal, many.done.placed), (vec![6, 2], Refusal::TooHeavy, 1));
        let many = block_on(producer.put_many_async(vec![0, 6])).unwrap_err();
        assert_eq!((many.rest, many.refusal, many.done.placed), (vec![6], Refusal::TooHeavy, 1));
        assert_eq!(consumer.take_many(3), Ok(vec![4, 1, 0]), "nothing was dropped for it");
        producer.put(4).unwrap();
        let refused = producer.reserve_weight(6, Patience::Forever);
        assert_eq!(refused.err(), Some(Refusal::TooHeavy));
        assert_eq!(block_on(producer.reserve_weight_async(6)).err(), Some(Refusal::TooHeavy));
    }
    assert_eq!(producer.statistics().dropped, 0);
}

/// What waits and what is set aside is summed, and the sum is compared.
fn the_greatest_weights_do_not_overflow(discipline: Discipline) {
    let (producer, consumer) = weighing(discipline, 4, u64::MAX);
    producer.put(u64::MAX).unwrap();
    assert_eq!(producer.try_put(1).unwrap_err().refusal, Refusal::Full);
    assert_eq!(producer.try_reserve().err(), Some(Refusal::Full));
    producer.put(0).unwrap();
    assert_eq!(consumer.take_many(2), Ok(vec![u64::MAX, 0]));
    let permit = producer.reserve_weight(u64::MAX, Patience::Try).unwrap();
    assert_eq!(producer.try_reserve().err(), Some(Refusal::Full));
    assert_eq!(producer.try_put(1).unwrap_err().refusal, Refusal::Full);
    permit.put(u64::MAX - 1).unwrap();
    producer.put(1).unwrap();
    assert_eq!(producer.statistics().weight, u64::MAX);
    let lease = consumer.lease().unwrap();
    producer.put(u64::MAX - 1).unwrap();
    // Without asking for room (C1).
    lease.nack().unwrap();
    assert_eq!(consumer.take_many(4), Ok(vec![u64::MAX - 1, 1, u64::MAX - 1]));
    assert_eq!(producer.statistics().weight, 0);
}

fn a_weigh_function_that_panics_has_put_nothing(discipline: Discipline) {
    let weigh = |item: &u64| {
        assert!(*item != 3, "no weight for 3");
        *item
    };
    let builder = Builder::bounded(4).discipline(discipline).weighing(10, weigh);
    let (producer, consumer) = builder.build().unwrap();
    let panics = |put: &dyn Fn()| assert!(catch_unwind(AssertUnwindSafe(put)).is_err());
    panics(&|| {
        let _ = producer.put(3);
    });
    panics(&|| {
        let _ = producer.try_put(3);
    });
    panics(&|| {
        let _ = block_on(producer.put_async(3));
    });
    panics(&|| {
        let _ = producer.clone().with_overflow(Overflow::DropOldest).put(3);
    });
    let permit = producer.reserve_weight(10, Patience::Try).unwrap();
    let ended = catch_unwind(AssertUnwindSafe(|| permit.put(3)));
    assert!(ended.is_err());
    let statistics = producer.statistics();
    assert_eq!((statistics.produced, statistics.reserved, statistics.weight), (0, 0, 0));
    // Those before it were put.
    panics(&|| {
        let _ = producer.put_many([1, 2, 3, 4]);
    });
    assert_eq!(consumer.take_many(4), Ok(vec![1, 2]));
    producer.put(10).unwrap();
    assert_eq!(consumer.take(), Ok(10));
    producer.join();
}

fn a_weigh_function_may_use_the_buffer(discipline: Discipline) {
    use std::sync::{Arc, OnceLock};
    let inside: Arc<OnceLock<Consumer<u64>>> = Arc::default();
    let own = Arc::clone(&inside);
    let builder = Builder::bounded(1).discipline(discipline).weighing(10, move |item| {
        if let Some(consumer) = own.get() {
            let _ = consumer.try_take();
            let _ = consumer.statistics();
        }
        *item
    });
    let (producer, consumer) = builder.build().unwrap();
    inside.set(consumer.clone()).unwrap();
    for item in 1..=10 {
        // Each makes its own room.
        producer.put(item).unwrap();
    }
    assert_eq!(consumer.take(), Ok(10));
    assert_eq!(producer.statistics().finished, 10);
}

fn a_permit_holds_what_was_set_aside_and_no_more(discipline: Discipline) {
    let (producer, consumer) = weighing(discipline, 3, 10);
    let permit = producer.reserve_weight(4, Patience::Try).unwrap();
    let refused = permit.put(5).unwrap_err();
    assert_eq!((refused.item, refused.refusal), (5, Refusal::TooHeavy));
    assert_eq!(producer.statistics().reserved, 0, "its place is free again");
    let permit = producer.reserve_weight(9, Patience::Try).unwrap();
    assert_eq!(producer.try_put(2).unwrap_err().refusal, Refusal::Full);
    permit.put(3).unwrap();
    producer.put(7).unwrap();
    assert_eq!(producer.statistics().weight, 10, "what it did not need is free");
    let none = producer.reserve_weight(0, Patience::Try).unwrap();
    assert_eq!(none.put(1).unwrap_err().refusal, Refusal::TooHeavy);
    producer.reserve_weight(0, Patience::Try).unwrap().put(0).unwrap();
    assert_eq!(consumer.take_many(3), Ok(vec![3, 7, 0]));
}

fn an_item_changed_on_lease_keeps_its_weight(discipline: Discipline) {
    let (producer, consumer) = weighing(discipline, 3, 10);
    producer.put(4).unwrap();
    let mut lease = consumer.lease().unwrap();
    *lease = 1_000;
    lease.nack().unwrap();
    assert_eq!(producer.statistics().weight, 4);
    producer.put(6).unwrap();
    assert_eq!(consumer.take_many(2), Ok(vec![1_000, 6]));
    assert_eq!(producer.statistics().weight, 0);
}

#[test]
fn a_builder_refuses_what_cannot_be_weighed_or_marked() {
    let refusal = |builder: Builder<u64>| builder.build().unwrap_err();
    let refused = refusal(Builder::bounded(3).weighing(0, |item| *item));
    assert_eq!(refused, BuildError::WeightZero);
    assert!(refused.to_string().contains("weight capacity 0"));
    for (low, high) in [(0, 0), (2, 2), (3, 1), (0, 4), (usize::MAX, usize::MAX)] {
        for discipline in Discipline::ALL {
            let builder = Builder::bounded(3).discipline(discipline).watermarks(low, high, |_| {});
            let refused = refusal(builder);
            assert_eq!(refused, BuildError::Watermarks { low, high });
            assert!(refused.to_string().contains(&format!("{low} and {high}")));
        }
    }
    assert!(Builder::<u64>::unbounded().watermarks(0, usize::MAX, |_| {}).build().is_ok());
    assert!(Builder::<u64>::bounded(1).watermarks(0, 1, |_| {}).weighing(1, |_| 1).build().is_ok());
}

//! Items that let handles go, or use the buffer, when they are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use forebay_threads::{Consumer, Discipline, Overflow, Producer, Refusal};

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    an_item_may_hold_the_last_producer,
    an_item_may_hold_the_last_consumer_of_another,
    an_item_dropped_on_full_may_use_the_buffer,
    a_refused_item_may_be_put_again_from_its_drop,
    a_chain_of_buffers_in_buffers_comes_down,
);

enum Carrier {
    Producer(#[expect(dead_code, reason = "held")] Producer<Carrier>),
    Consumer(#[expect(dead_code, reason = "held")] Consumer<Carrier>),
    Nothing,
}

fn an_item_may_hold_the_last_producer(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    let carried = Carrier::Producer(producer.clone());
    assert!(producer.put(carried).is_ok());
    assert!(producer.put(Carrier::Nothing).is_ok());
    drop(producer);
    assert!(!consumer.statistics().closed);
    drop(consumer.take());
    assert!(consumer.statistics().closed, "with the item went the last producer");
    assert!(consumer.take().is_ok());
    assert!(consumer.take().is_err());
}

fn an_item_may_hold_the_last_consumer_of_another(discipline: Discipline) {
    let (outer, from_outer) = bounded(discipline, 1);
    let (inner, from_inner) = bounded::<Carrier>(discipline, 1);
    let blocked = {
        let inner = inner.clone();
        assert!(inner.put(Carrier::Nothing).is_ok());
        thread::spawn(move || inner.put(Carrier::Nothing).map_err(|refused| refused.refusal))
    };
    assert!(outer.put(Carrier::Consumer(from_inner)).is_ok());
    drop(from_outer);
    assert_eq!(blocked.join().unwrap(), Err(Refusal::Abandoned));
    assert_eq!(inner.statistics().dropped, 1);
}

/// Puts itself again when it is dropped, as often as it is told to.
struct Stubborn {
    left: usize,
    producer: Producer<Stubborn>,
    drops: Arc<AtomicUsize>,
}

impl Drop for Stubborn {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
        let _ = self.producer.statistics();
        if self.left > 0 {
            let (producer, drops) = (self.producer.clone(), Arc::clone(&self.drops));
            let again = Stubborn { left: self.left - 1, producer, drops };
            drop(self.producer.put(again));
        }
    }
}

fn an_item_dropped_on_full_may_use_the_buffer(discipline: Discipline) {
    for policy in [Overflow::DropOldest, Overflow::DropThis] {
        let (producer, consumer) = bounded(discipline, 1);
        let producer = producer.with_overflow(policy);
        let drops: Arc<AtomicUsize> = Arc::default();
        for _ in 0..2 {
            let (own, drops) = (producer.clone(), Arc::clone(&drops));
            assert!(producer.put(Stubborn { left: 5, producer: own, drops }).is_ok());
        }
        let statistics = producer.statistics();
        assert_eq!(statistics.produced, 1 + statistics.dropped, "{policy:?}");
        assert_eq!(drops.load(Ordering::SeqCst) as u64, statistics.dropped);
        drop((producer, consumer));
    }
}

fn a_refused_item_may_be_put_again_from_its_drop(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 3);
    let drops: Arc<AtomicUsize> = Arc::default();
    for _ in 0..3 {
        let (own, drops) = (producer.clone(), Arc::clone(&drops));
        assert!(producer.put(Stubborn { left: 2, producer: own, drops }).is_ok());
    }
    // Each is dropped, and what it puts is refused, dropped, and puts again in vain.
    drop(consumer);
    assert_eq!(drops.load(Ordering::SeqCst), 9);
    let statistics = producer.statistics();
    assert_eq!((statistics.produced, statistics.dropped), (3, 3));
}

fn a_chain_of_buffers_in_buffers_comes_down(discipline: Discipline) {
    let (first, last) = bounded(discipline, 1);
    let mut end = last;
    for _ in 0..500 {
        let (producer, consumer) = bounded(discipline, 1);
        assert!(producer.put(Carrier::Consumer(end)).is_ok());
        end = consumer;
    }
    drop(end);
    assert_eq!(first.try_put(Carrier::Nothing).map_err(|r| r.refusal), Err(Refusal::Abandoned));
}

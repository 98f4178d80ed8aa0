//! C2: first in, first out; a redelivered item at its own position.

use std::collections::HashMap;

use forebay_contract::{Consume, Leased, Produce};

use crate::ensure::{ensure, ensure_eq};
use crate::task::block_on;
use crate::worker::{Worker, finish_all, finish_puts};
use crate::{Factory, Item, Settings, Subject};

/// Items leave in the order in which they came, over many laps of a small buffer.
pub fn c2_first_in_first_out<F: Factory>(factory: &F) {
    for capacity in [1, 2, 3, 5, 64] {
        let subject = Subject::with_capacity(factory, capacity);
        let mut expected = 0;
        let mut next = 0;
        for lap in 0..7 {
            while subject.try_put(next).is_ok() {
                next += 1;
            }
            for _ in 0..=lap % capacity {
                let taken = subject.try_take();
                ensure_eq!(Order, taken, Ok(expected), "the oldest of {capacity}");
                expected += 1;
            }
        }
        ensure_eq!(Order, subject.drain(), (expected..next).collect::<Vec<_>>(), "what was left");
    }
}

/// Every form of put and take keeps one and the same order.
pub fn c2_all_forms_share_one_order<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 4);
    let (producer, consumer) = (&subject.producer, &subject.consumer);
    let long = crate::watchdog::PATIENCE;
    ensure!(Order, producer.put(subject.item(0)).is_ok(), "put");
    ensure!(Order, block_on(producer.put_async(subject.item(1))).is_ok(), "put_async");
    ensure!(Order, producer.put_timeout(subject.item(2), long).is_ok(), "put_timeout");
    ensure!(Order, producer.try_put(subject.item(3)).is_ok(), "try_put");
    ensure_eq!(Order, block_on(consumer.take_async()).map(|i| i.id()), Ok(0), "take_async");
    ensure_eq!(Order, consumer.take_timeout(long).map(|i| i.id()), Ok(1), "take_timeout");
    ensure_eq!(Order, consumer.lease().map(|l| l.id()), Ok(2), "lease, dropped: a nack");
    let again = block_on(consumer.lease_async()).map(|lease| lease.ack().map(|item| item.id()));
    ensure_eq!(Order, again, Ok(Ok(2)), "lease_async of the redelivered item");
    ensure_eq!(Order, consumer.take().map(|i| i.id()), Ok(3), "take");
}

/// Whatever ends a lease without finishing it, the item goes back to its own position, before
/// everything put after it and in order among its like.
pub fn c2_redelivery_keeps_the_position<F: Factory>(factory: &F) {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        for how in 0..3 {
            let subject = Subject::with_capacity(factory, 5);
            subject.fill(0..5);
            let mut leases: Vec<_> = (0..3).map(|_| subject.consumer.try_lease().ok()).collect();
            for index in order {
                let Some(lease) = leases[index].take() else {
                    panic!("C1 bound: three leases were not to be had");
                };
                ensure_eq!(Order, lease.id(), index as u64, "leases come oldest first");
                let given_back = match how {
                    0 => lease.nack(),
                    1 => lease.fail("try again"),
                    _ => {
                        drop(lease);
                        Ok(())
                    }
                };
                ensure_eq!(NothingLost, given_back, Ok(()), "giving back");
            }
            let all = subject.drain();
            ensure_eq!(Order, all, vec![0, 1, 2, 3, 4], "after giving back in order {order:?}");
        }
    }
}

/// A redelivered item comes before what is put later, even once the buffer had been empty.
pub fn c2_redelivery_comes_before_later_puts<F: Factory>(factory: &F) {
    let subject = Subject::new(factory, Settings::new(2).max_leased(2));
    subject.fill([0]);
    let lease = subject.consumer.try_lease();
    subject.fill([1, 2]);
    ensure!(NothingLost, lease.is_ok_and(|lease| lease.nack().is_ok()), "lease and nack");
    ensure_eq!(Order, subject.drain(), vec![0, 1, 2], "the redelivered item is first");
}

/// With many on both sides, each consumer sees each producer's items in the order of their puts.
pub fn c2_each_producers_order_is_kept<F: Factory>(factory: &F) {
    const PRODUCERS: u64 = 3;
    let each = F::scaled(500);
    for (capacity, consumers) in [(1, 1), (2, 2), (5, 1), (5, 3)] {
        let subject = Subject::with_capacity(factory, capacity);
        let mut producing = Vec::new();
        for producer in 0..PRODUCERS {
            let own = subject.producer.clone();
            let ledger = subject.ledger.clone();
            producing.push(Worker::start(move || {
                for number in 0..each {
                    let item = F::Item::new(producer * each + number, &ledger);
                    let put =
                        if number % 2 == 0 { own.put(item) } else { block_on(own.put_async(item)) };
                    ensure!(NothingLost, put.is_ok(), "a put on an open buffer: {put:?}");
                }
            }));
        }
        let mut consuming = Vec::new();
        for _ in 0..consumers {
            let own = subject.consumer.clone();
            consuming.push(Worker::start(move || {
                let mut last = HashMap::new();
                let mut count = 0;
                while let Ok(item) =
                    if count % 2 == 0 { own.take() } else { block_on(own.take_async()) }
                {
                    count += 1;
                    let (producer, number) = (item.id() / each, item.id() % each);
                    let before = last.insert(producer, number);
                    ensure!(
                        Order,
                        before < Some(number),
                        "capacity {capacity}: producer {producer}: {number} came after {before:?}"
                    );
                }
                count
            }));
        }
        finish_puts::<F, _>(subject.producer, producing);
        let taken: u64 = finish_all(consuming).into_iter().sum();
        ensure_eq!(NothingLost, taken, each * PRODUCERS, "items taken at capacity {capacity}");
    }
}

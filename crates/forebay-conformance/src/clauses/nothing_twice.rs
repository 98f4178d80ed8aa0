//! C4: one holder at a time, one ack for good, and a count of deliveries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use forebay_contract::{Consume, Death, Leased, Produce, TakeError};

use crate::ensure::{ensure, ensure_eq};
use crate::worker::{Worker, finish_all, finish_puts};
use crate::{Factory, Item, Settings, Subject};

/// While one consumer holds an item, no other gets it; after its ack nobody does.
pub fn c4_one_holder_at_a_time<F: Factory>(factory: &F) {
    /// Added for the ack, which must stay the last.
    const ACKED: u32 = 1_000;
    let items = F::scaled(600);
    let Subject { producer, consumer, ledger } =
        Subject::new(factory, Settings::new(4).max_leased(3));
    let holders: Arc<Vec<AtomicU32>> = Arc::new((0..items).map(|_| AtomicU32::new(0)).collect());
    let consuming = (0..4)
        .map(|number| {
            let own = consumer.clone();
            let holders = Arc::clone(&holders);
            Worker::start(move || {
                let mut rng = fastrand::Rng::with_seed(number);
                while let Ok(lease) = own.lease() {
                    let id = lease.id();
                    let held = holders[id as usize].fetch_add(1, Ordering::SeqCst);
                    ensure_eq!(NothingTwice, held, 0, "other holders of item {id}");
                    if rng.u8(0..8) == 0 {
                        std::thread::yield_now();
                    }
                    let acks = rng.bool();
                    let change = if acks { ACKED } else { u32::MAX };
                    holders[id as usize].fetch_add(change, Ordering::SeqCst);
                    let answered = if acks { lease.ack().map(drop) } else { lease.nack() };
                    ensure_eq!(NothingTwice, answered, Ok(()), "the answer of the only holder");
                }
            })
        })
        .collect();
    for id in 0..items {
        ensure!(NothingLost, producer.put(F::Item::new(id, &ledger)).is_ok(), "put {id}");
    }
    finish_puts::<F, ()>(producer, Vec::new());
    finish_all(consuming);
    for (id, held) in holders.iter().enumerate() {
        ensure_eq!(NothingLost, held.load(Ordering::SeqCst), ACKED + 1, "the end of item {id}");
    }
}

/// A nacked item is there once, not twice, and an acked one not at all.
pub fn c4_each_answer_ends_the_lease_once<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 4);
    subject.fill(0..3);
    for how in 0..3 {
        let Ok(lease) = subject.consumer.try_lease() else {
            panic!("C3 nothing lost: no item for lease {how}");
        };
        let answered = match how {
            0 => lease.nack(),
            1 => lease.fail("again"),
            _ => lease.ack().map(drop),
        };
        ensure_eq!(NothingTwice, answered, Ok(()), "the answer");
        subject.ensure_accounted();
    }
    ensure_eq!(NothingTwice, subject.drain(), vec![1, 2], "what is left after nack, fail and ack");
}

/// The ack hands over the very item that was leased.
pub fn c4_ack_hands_over_the_leased_item<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 2);
    subject.fill(0..2);
    for id in 0..2 {
        let both = subject.consumer.try_lease().map(|lease| {
            let seen = lease.id();
            (seen, lease.ack().map(|item| item.id()))
        });
        ensure_eq!(NothingTwice, both, Ok((id, Ok(id))), "the item seen and the item acked");
    }
    ensure_eq!(NothingTwice, subject.try_take(), Err(TakeError::Empty), "after both acks");
}

/// Deliveries count leases, failures count `fail`, each apart, over every way to give back.
pub fn c4_deliveries_and_failures_are_counted_apart<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    subject.fill([0]);
    let mut failures = 0;
    for deliveries in 1..=6 {
        let Ok(lease) = subject.consumer.try_lease() else {
            panic!("C3 nothing lost: no item for delivery {deliveries}");
        };
        let counts = (lease.deliveries(), lease.failures());
        ensure_eq!(NothingTwice, counts, (deliveries, failures), "deliveries and failures");
        let given_back = match deliveries % 3 {
            0 => lease.nack(),
            1 => {
                failures += 1;
                lease.fail("not yet")
            }
            _ => {
                drop(lease);
                Ok(())
            }
        };
        ensure_eq!(NothingTwice, given_back, Ok(()), "giving back");
    }
    ensure_eq!(NothingLost, subject.try_take(), Ok(0), "the item after six deliveries");
}

/// At the failure limit, and not before, the item is a dead letter with the last reason.
pub fn c4_failure_limit_makes_a_dead_letter<F: Factory>(factory: &F) {
    let subject = Subject::new(factory, Settings::new(2).max_failures(3));
    subject.fill(0..2);
    for failure in 1..=3 {
        ensure!(NothingTwice, subject.consumer.take_dead().is_none(), "dead at {failure} failures");
        // A nack in between says nothing against the item.
        drop(subject.consumer.try_lease());
        let failed = subject.consumer.try_lease().map(|lease| lease.fail(&format!("no {failure}")));
        ensure_eq!(NothingTwice, failed, Ok(Ok(())), "lease and fail");
    }
    ensure_eq!(Accounting, subject.ensure_accounted().dead, 1, "dead letters kept");
    let letter = subject.consumer.take_dead();
    let told = letter.map(|l| (l.item.id(), l.death, l.deliveries, l.failures));
    let expected = Some((0, Death::Failures("no 3".to_owned()), 6, 3));
    ensure_eq!(NothingTwice, told, expected, "the dead letter");
    ensure!(NothingTwice, subject.consumer.take_dead().is_none(), "there is one dead letter");
    ensure_eq!(NothingTwice, subject.drain(), vec![1], "what can still be taken");
}

/// At the delivery limit the item is a dead letter, however its leases ended.
pub fn c4_delivery_limit_makes_a_dead_letter<F: Factory>(factory: &F) {
    let subject = Subject::new(factory, Settings::new(3).max_deliveries(2));
    subject.fill(0..3);
    drop(subject.consumer.try_lease());
    ensure!(NothingTwice, subject.consumer.take_dead().is_none(), "dead after one of two leases");
    let nacked = subject.consumer.try_lease().map(Leased::nack);
    ensure_eq!(NothingTwice, nacked, Ok(Ok(())), "lease and nack");
    // The last lease may still finish its item.
    drop(subject.consumer.try_lease());
    let acked = subject.consumer.try_lease().map(|lease| lease.ack().map(|item| item.id()));
    ensure_eq!(NothingLost, acked, Ok(Ok(1)), "an ack of the last delivery");
    let letter = subject.consumer.take_dead();
    let told = letter.map(|l| (l.item.id(), l.death, l.deliveries, l.failures));
    ensure_eq!(NothingTwice, told, Some((0, Death::Deliveries, 2, 0)), "the dead letter");
    ensure_eq!(NothingTwice, subject.drain(), vec![2], "what can still be taken");
}

/// A rejected item is set aside at once, and dead letters come oldest first.
pub fn c4_rejected_items_are_set_aside<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 3);
    subject.fill(0..3);
    for reason in ["malformed", "unwanted"] {
        let rejected = subject.consumer.try_lease().map(|lease| lease.reject(reason));
        ensure_eq!(NothingTwice, rejected, Ok(Ok(())), "lease and reject");
    }
    ensure_eq!(NothingTwice, subject.drain(), vec![2], "what can still be taken");
    for (id, reason) in [(0, "malformed"), (1, "unwanted")] {
        let letter = subject.consumer.take_dead();
        let told = letter.map(|l| (l.item.id(), l.death, l.deliveries, l.failures));
        let expected = Some((id, Death::Rejected(reason.to_owned()), 1, 0));
        ensure_eq!(NothingTwice, told, expected, "the dead letter");
        subject.ensure_accounted();
    }
    ensure_eq!(Accounting, subject.statistics().dropped, 2, "purged dead letters");
}

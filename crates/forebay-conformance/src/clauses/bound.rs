//! C1: how many items may wait, and how many may be out on lease.

use forebay_contract::{Consume, Leased, Model, Produce, Refusal, TakeError};

use crate::ensure::{ensure, ensure_eq};
use crate::worker::{Worker, blocked_consumer, blocked_producer, finish_all, finish_puts};
use crate::{Factory, Item, Settings, Subject};

/// Five means five, at every capacity, lap after lap.
pub fn c1_capacity_is_exact<F: Factory>(factory: &F) {
    for capacity in [1, 2, 3, 5, 64] {
        let subject = Subject::with_capacity(factory, capacity);
        let mut next = 0;
        for lap in 0..3 {
            for placed in 0..capacity {
                let put = subject.try_put(next);
                ensure_eq!(
                    Bound,
                    put,
                    Ok(()),
                    "lap {lap}: put with {placed} of {capacity} waiting"
                );
                next += 1;
            }
            for _ in 0..2 {
                let put = subject.try_put(next);
                ensure_eq!(Bound, put, Err(Refusal::Full), "lap {lap}: put past {capacity}");
            }
            ensure_eq!(Bound, subject.statistics().waiting, capacity as u64, "the depth when full");
            // Not a whole lap, so that the next one begins elsewhere in a ring.
            let taken = capacity.div_ceil(2);
            for _ in 0..taken {
                ensure!(NothingLost, subject.try_take().is_ok(), "a full buffer gives its items");
            }
            for _ in 0..taken {
                ensure_eq!(Bound, subject.try_put(next), Ok(()), "each take frees one place");
                next += 1;
            }
            ensure_eq!(Bound, subject.try_put(next), Err(Refusal::Full), "and no place more");
            ensure_eq!(NothingLost, subject.drain().len(), capacity, "items in a full buffer");
        }
        let capacity_told = subject.statistics().capacity;
        ensure_eq!(Bound, capacity_told, Some(capacity), "the capacity that the statistics tell");
    }
}

/// At most `max_leased` items are out on lease; each answer makes room for one more.
pub fn c1_lease_limit_is_exact<F: Factory>(factory: &F) {
    for limit in [1, 2, 5] {
        let subject = Subject::new(factory, Settings::new(8).max_leased(limit));
        subject.fill(0..8);
        let mut leases: Vec<_> = (0..limit)
            .map(|out| {
                let lease = subject.consumer.try_lease();
                ensure!(
                    Bound,
                    lease.is_ok(),
                    "a lease with {out} of {limit} out: {:?}",
                    lease.err()
                );
                lease.unwrap_or_else(|_| unreachable!())
            })
            .collect();
        let beyond = subject.consumer.try_lease().err();
        ensure_eq!(Bound, beyond, Some(TakeError::LeaseLimit), "a lease beyond {limit}");
        ensure_eq!(Bound, subject.statistics().leased, limit as u64, "leases out at the limit");
        if let Some(lease) = leases.pop() {
            ensure!(NothingLost, lease.ack().is_ok(), "the ack of a lease without deadline");
        }
        let freed = subject.consumer.try_lease();
        ensure!(Bound, freed.is_ok(), "an ack frees one lease: {:?}", freed.err());
        let beyond = subject.consumer.try_lease().err();
        ensure_eq!(Bound, beyond, Some(TakeError::LeaseLimit), "and no lease more");
    }
}

/// Untold, the limit is the capacity, and at least 64.
pub fn c1_lease_limit_defaults_to_capacity_and_at_least_64<F: Factory>(factory: &F) {
    for capacity in [2, 80] {
        let subject = Subject::with_capacity(factory, capacity);
        let limit = Model::<F::Item>::default_max_leased(capacity);
        let mut leases = Vec::new();
        for id in 0..limit as u64 {
            subject.fill([id]);
            let lease = subject.consumer.try_lease();
            ensure!(Bound, lease.is_ok(), "lease {id} of {limit} by default: {:?}", lease.err());
            leases.extend(lease);
        }
        subject.fill([limit as u64]);
        let beyond = subject.consumer.try_lease().err();
        ensure_eq!(Bound, beyond, Some(TakeError::LeaseLimit), "a lease past the default {limit}");
    }
}

/// The lease limit is met by leases only: a take needs none.
pub fn c1_take_passes_the_lease_limit<F: Factory>(factory: &F) {
    let subject = Subject::new(factory, Settings::new(2).max_leased(1));
    subject.fill(0..2);
    let lease = subject.consumer.try_lease();
    ensure!(Bound, lease.is_ok(), "the first lease: {:?}", lease.as_ref().err());
    ensure_eq!(Bound, subject.try_take(), Ok(1), "a take at the lease limit");
}

/// A lease beyond the limit waits until another one ends.
pub fn c1_lease_waits_for_the_limit<F: Factory>(factory: &F) {
    for answer in 0..4 {
        let subject = Subject::new(factory, Settings::new(4).max_leased(1));
        subject.fill(0..2);
        let Ok(held) = subject.consumer.try_lease() else {
            panic!("C1 bound: the first lease was refused");
        };
        let second = blocked_consumer::<F, _>(&subject.consumer, |consumer| {
            consumer.lease().map(|lease| lease.id())
        });
        ensure!(Bound, !second.has_ended(), "a lease beyond the limit waits");
        let (answered, expected) = match answer {
            0 => (held.ack().is_ok(), 1),
            1 => (held.nack().is_ok(), 0),
            2 => (held.reject("no use").is_ok(), 1),
            _ => {
                drop(held);
                (true, 0)
            }
        };
        ensure!(NothingLost, answered, "an answer to a lease without deadline is accepted");
        ensure_eq!(Bound, second.finish(), Ok(expected), "the lease that waited for the limit");
    }
}

/// A nack asks for no room: waiting may pass the capacity, and only by nacks.
pub fn c1_nack_passes_the_capacity_and_puts_do_not<F: Factory>(factory: &F) {
    let (capacity, max_leased) = (2, 3);
    let subject = Subject::new(factory, Settings::new(capacity).max_leased(max_leased));
    let mut leases = Vec::new();
    for id in 0..max_leased as u64 {
        subject.fill([id]);
        leases.extend(subject.consumer.try_lease());
    }
    ensure_eq!(Bound, leases.len(), max_leased, "leases out");
    subject.fill(3..5);
    for lease in leases {
        ensure!(NothingLost, lease.nack().is_ok(), "a nack needs no room");
    }
    let s = subject.ensure_accounted();
    ensure_eq!(NothingLost, s.waiting, 5, "items waiting after the nacks");
    for waiting in [5, 4, 3, 2] {
        let put = subject.try_put(9);
        ensure_eq!(Bound, put, Err(Refusal::Full), "a put with {waiting} of {capacity} waiting");
        ensure_eq!(Order, subject.try_take(), Ok(5 - waiting), "nacked items come in their order");
    }
    ensure_eq!(Bound, subject.try_put(9), Ok(()), "a put with one of {capacity} waiting");
}

/// A put that waits while nacks have passed the capacity is placed only below the capacity.
pub fn c1_waiting_put_is_admitted_below_capacity_only<F: Factory>(factory: &F) {
    let subject = Subject::new(factory, Settings::new(1).max_leased(1));
    subject.fill([0]);
    let Ok(lease) = subject.consumer.try_lease() else {
        panic!("C1 bound: the first lease was refused");
    };
    subject.fill([1]);
    let item = subject.item(2);
    let put =
        blocked_producer::<F, _>(&subject.producer, move |producer| producer.put(item).is_ok());
    ensure!(NothingLost, lease.nack().is_ok(), "a nack needs no room");
    ensure_eq!(Order, subject.try_take(), Ok(0), "the nacked item comes first");
    let s = subject.statistics();
    ensure_eq!(Bound, s.produced, 2, "the put waits on while one of one waits");
    ensure!(Bound, !put.has_ended(), "the put waits on while one of one waits");
    ensure_eq!(Order, subject.try_take(), Ok(1), "the item that filled the buffer");
    ensure!(Bound, put.finish(), "the put is placed once there is room");
    ensure_eq!(NothingLost, subject.try_take(), Ok(2), "the item that waited for room");
}

/// With everything moving, depth stays within the capacity when nothing is nacked, and waiting and
/// leased together within capacity and lease limit when something is.
pub fn c1_bounds_hold_while_everything_moves<F: Factory>(factory: &F) {
    let each = F::scaled(400);
    for nacks in [false, true] {
        let (capacity, max_leased) = (3, 2);
        let subject = Subject::new(factory, Settings::new(capacity).max_leased(max_leased));
        let mut producing = Vec::new();
        for producer in 0..2 {
            let own = subject.producer.clone();
            let ledger = subject.ledger.clone();
            producing.push(Worker::start(move || {
                for id in producer * each..(producer + 1) * each {
                    ensure!(NothingLost, own.put(F::Item::new(id, &ledger)).is_ok(), "put {id}");
                }
            }));
        }
        let mut consuming = Vec::new();
        for _ in 0..2 {
            let own = subject.consumer.clone();
            consuming.push(Worker::start(move || {
                while let Ok(lease) = own.lease() {
                    let s = own.statistics();
                    let out = s.leased <= max_leased as u64;
                    ensure!(Bound, out, "{} leased of {max_leased}", s.leased);
                    if nacks && lease.deliveries() == 1 && lease.id() % 3 == 0 {
                        ensure!(NothingLost, lease.nack().is_ok(), "a nack is accepted");
                    } else {
                        ensure!(NothingLost, lease.ack().is_ok(), "an ack is accepted");
                    }
                }
            }));
        }
        finish_puts::<F, _>(subject.producer, producing);
        finish_all(consuming);
        let s = subject.consumer.statistics();
        let most = if nacks { capacity + max_leased } else { capacity } as u64;
        ensure!(Bound, s.high_water <= most, "the high-water mark {} of {most}", s.high_water);
        ensure_eq!(NothingLost, s.finished, 2 * each, "items finished");
    }
}

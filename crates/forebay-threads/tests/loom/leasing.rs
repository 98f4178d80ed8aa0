//! Leases: out, back, waited for, and at their limit.

use forebay_threads::{Builder, Discipline, Lease, TakeError};
use loom::future::block_on;

use super::{Sides, Waiting, build, explore, in_line, sides, spawn, waiting_put, waiting_take};

models! {
    nack_wakes_a_consumer: nack_wakes();
    put_wakes_a_lease: put_wakes_lease();
    join_sees_the_last_ack: join_sees_the_ack();
    ack_frees_the_lease_limit: ack_frees_the_limit();
    cancelled_lease_passes_its_wake_on: cancelled_lease();
    cancelled_lease_at_the_limit_passes_its_wake_on: cancelled_at_the_limit();
    lease_at_the_limit_sees_the_end: limit_sees_the_end();
    lease_at_the_limit_sees_the_last_take: limit_sees_the_last_take();
    returned_item_needs_its_room_taken_twice: returned_beyond_capacity();
    returned_item_goes_before_a_racing_put: returned_before_put();
    returned_item_fills_the_room_of_puts: returned_fills();
    returned_items_fill_more_than_the_room: returned_beyond_room();
    returned_item_goes_before_those_in_sight: returned_before_the_rest();
    close_waits_for_a_lease_of_another: close_waits_for_the_lease();
    last_ack_ends_the_other_consumer: last_ack();
}

/// A lease that stands in line already.
fn waiting_lease(sides: &Sides<i32>) -> Waiting<Lease<i32>> {
    let consumer = sides.consumer.clone();
    in_line(async move { consumer.lease_async().await.unwrap() })
}

/// A buffer with one lease out at most.
fn one_lease(discipline: Discipline) -> std::sync::Arc<Sides<i32>> {
    build(Builder::bounded(2).max_leased(1).discipline(discipline))
}

/// A nack wakes a consumer on its way to sleep, and needs no room.
fn nack_wakes(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(1).unwrap();
        let lease = sides.consumer.lease().unwrap();
        let other = spawn(&sides, |sides| assert_eq!(sides.consumer.take(), Ok(1)));
        lease.nack().unwrap();
        other.join().unwrap();
    });
}

/// A join sees the end of the last lease.
fn join_sees_the_ack(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(1).unwrap();
        let lease = sides.consumer.lease().unwrap();
        let other = spawn(&sides, |sides| sides.producer.join());
        lease.ack().unwrap();
        other.join().unwrap();
    });
}

/// The lease limit frees a lease that waits for it.
fn ack_frees_the_limit(discipline: Discipline) {
    explore(move || {
        let sides = one_lease(discipline);
        sides.producer.put(1).unwrap();
        sides.producer.put(2).unwrap();
        let lease = sides.consumer.lease().unwrap();
        let other = spawn(&sides, |sides| {
            assert_eq!(sides.consumer.lease().unwrap().ack(), Ok(2));
        });
        lease.ack().unwrap();
        other.join().unwrap();
    });
}

/// A put finds a lease on its way to sleep.
fn put_wakes_lease(discipline: Discipline) {
    explore(move || {
        let sides = sides::<i32>(discipline, 1);
        let other = spawn(&sides, |sides| sides.consumer.lease().unwrap().ack());
        sides.producer.put(1).unwrap();
        assert_eq!(other.join().unwrap(), Ok(1));
    });
}

/// The first in line is a lease and is cancelled, called already or not: the take behind it must get
/// its wake.
fn cancelled_lease(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        let first = waiting_lease(&sides);
        let second = waiting_take(&sides);
        let other = spawn(&sides, move |sides| {
            sides.producer.put(1).unwrap();
            drop(first);
        });
        assert_eq!(block_on(second), 1);
        other.join().unwrap();
    });
}

/// The same in the line for the lease limit.
fn cancelled_at_the_limit(discipline: Discipline) {
    explore(move || {
        let sides = one_lease(discipline);
        sides.producer.put_many([1, 2]).unwrap();
        let lease = sides.consumer.lease().unwrap();
        let first = waiting_lease(&sides);
        let second = waiting_lease(&sides);
        let other = spawn(&sides, move |_| {
            lease.ack().unwrap();
            drop(first);
        });
        assert_eq!(block_on(second).ack(), Ok(2));
        other.join().unwrap();
    });
}

/// A close finds a lease that waits for the limit, held by its own handle: nothing can come any more.
fn limit_sees_the_end(discipline: Discipline) {
    explore(move || {
        let sides = one_lease(discipline);
        sides.producer.put(1).unwrap();
        let lease = sides.consumer.lease().unwrap();
        let other = spawn(&sides, |sides| {
            assert_eq!(sides.consumer.lease().unwrap_err(), TakeError::Closed);
        });
        sides.producer.close();
        other.join().unwrap();
        lease.ack().unwrap();
    });
}

/// The same, with an item left that another takes after the close.
fn limit_sees_the_last_take(discipline: Discipline) {
    explore(move || {
        let sides = one_lease(discipline);
        sides.producer.put_many([1, 2]).unwrap();
        let lease = sides.consumer.lease().unwrap();
        sides.producer.close();
        let other = spawn(&sides, |sides| {
            assert_eq!(sides.consumer.lease().unwrap_err(), TakeError::Closed);
        });
        assert_eq!(sides.consumer.take(), Ok(2));
        other.join().unwrap();
        lease.ack().unwrap();
    });
}

/// An item comes back to a full buffer: a put may come in after two takes, not after one.
fn returned_beyond_capacity(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(1).unwrap();
        let lease = sides.consumer.lease().unwrap();
        sides.producer.put(2).unwrap();
        let waiting = waiting_put(&sides, 3);
        let other = spawn(&sides, move |_| block_on(waiting));
        lease.nack().unwrap();
        for item in 1..=3 {
            assert_eq!(sides.consumer.take(), Ok(item));
        }
        other.join().unwrap();
    });
}

/// An item comes back while another is put: whichever is first, the older is taken first, and the
/// depth seen by the last of the two is exact.
fn returned_before_put(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        sides.producer.put(1).unwrap();
        let lease = sides.consumer.lease().unwrap();
        let other = spawn(&sides, |sides| sides.producer.put(2).map(drop));
        lease.nack().unwrap();
        assert_eq!(sides.consumer.take(), Ok(1));
        assert_eq!(sides.consumer.take(), Ok(2));
        other.join().unwrap().unwrap();
    });
}

/// An item comes back where a put had been allowed: the put must look again.
fn returned_fills(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        sides.producer.put_many([1, 2]).unwrap();
        let (one, two) = (sides.consumer.lease().unwrap(), sides.consumer.lease().unwrap());
        let other = spawn(&sides, move |_| {
            one.nack().unwrap();
            two.nack().unwrap();
        });
        let early = sides.producer.try_put(3).is_ok();
        other.join().unwrap();
        assert!(sides.producer.try_put_many([4, 5]).is_err());
        assert!(sides.producer.try_put(4).is_err(), "two wait, or three by nacks");
        assert_eq!(sides.producer.statistics().waiting, 2 + u64::from(early));
        assert_eq!(sides.consumer.take_many(2), Ok(vec![1, 2]));
    });
}

/// Two items come back to a buffer of one: no put has room until both are taken.
fn returned_beyond_room(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        let [one, two] = [1, 2].map(|item| {
            sides.producer.put(item).unwrap();
            sides.consumer.lease().unwrap()
        });
        let other = spawn(&sides, move |_| two.nack().unwrap());
        one.nack().unwrap();
        assert!(sides.producer.try_put(3).is_err());
        other.join().unwrap();
        assert!(sides.producer.try_put(4).is_err());
        assert_eq!(sides.consumer.take(), Ok(1));
        assert!(sides.producer.try_put_many([5]).is_err());
        assert_eq!(sides.consumer.take(), Ok(2));
        sides.producer.try_put(6).unwrap();
    });
}

/// An item comes back while the takes are allowed some that are newer: they must look again.
fn returned_before_the_rest(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 3);
        sides.producer.put_many([1, 2]).unwrap();
        let lease = sides.consumer.lease().unwrap();
        let other = spawn(&sides, move |_| lease.nack().unwrap());
        sides.producer.put(3).unwrap();
        other.join().unwrap();
        for item in 1..=3 {
            assert_eq!(sides.consumer.take(), Ok(item));
        }
    });
}

/// After the close another consumer still holds a lease: the end is not yet, and a nack is taken.
fn close_waits_for_the_lease(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(1).unwrap();
        let holder = sides.consumer.clone();
        let lease = holder.lease().unwrap();
        let other = spawn(&sides, |sides| {
            assert_eq!(sides.consumer.take(), Ok(1));
            assert_eq!(sides.consumer.take(), Err(TakeError::Closed));
        });
        sides.producer.close();
        lease.nack().unwrap();
        other.join().unwrap();
    });
}

/// After the close another consumer finishes the last item: who waits for its return sees the end.
fn last_ack(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(1).unwrap();
        let holder = sides.consumer.clone();
        let lease = holder.lease().unwrap();
        sides.producer.close();
        let other = spawn(&sides, |sides| {
            assert_eq!(sides.consumer.take(), Err(TakeError::Closed));
        });
        lease.ack().unwrap();
        other.join().unwrap();
    });
}

//! Weight: heavy ones that wait for enough of it, and light ones beside them.

use forebay_threads::{Discipline, Outcome, Patience};
use loom::future::block_on;
use loom::thread;

use super::{explore, spawn, waiting_put, weighing_sides};

models! {
    heavy_put_waits_for_two_takes: heavy();
    heavy_put_in_line_gets_its_room_beside_a_light_one: heavy_and_light();
    one_heavy_take_wakes_two_light_puts: two_light();
    cancelled_heavy_put_lets_the_light_one_in: cancelled_heavy();
    lighter_item_than_its_permit_frees_the_rest: lighter_than_reserved();
    dropped_permit_frees_its_weight: dropped_permit();
    drop_oldest_makes_room_by_weight: drop_by_weight();
    returned_weight_is_in_the_way: returned_weight();
}

/// A heavy put on its way to sleep: one take is not enough for it, two are.
fn heavy(discipline: Discipline) {
    explore(move || {
        let sides = weighing_sides(discipline, 3, 2);
        sides.producer.put_many([1, 1]).unwrap();
        let other = spawn(&sides, |sides| {
            sides.producer.put(2).unwrap();
        });
        assert_eq!(sides.consumer.take(), Ok(1));
        assert_eq!(sides.consumer.take(), Ok(1));
        assert_eq!(sides.consumer.take(), Ok(2));
        other.join().unwrap();
    });
}

/// A light newcomer comes between: it may take what has been freed for the heavy one, which is called
/// again by the next take.
fn heavy_and_light(discipline: Discipline) {
    explore(move || {
        let sides = weighing_sides(discipline, 3, 2);
        sides.producer.put_many([1, 1]).unwrap();
        let heavy = waiting_put(&sides, 2);
        let other = thread::spawn(move || block_on(heavy));
        assert_eq!(sides.consumer.take(), Ok(1));
        let passed = sides.producer.try_put(1).is_ok();
        assert_eq!(sides.consumer.take(), Ok(1));
        if passed {
            assert_eq!(sides.consumer.take(), Ok(1));
        }
        other.join().unwrap();
        assert_eq!(sides.consumer.try_take(), Ok(2));
    });
}

/// One take frees weight for two and calls the first of them, who passes the wake on.
fn two_light(discipline: Discipline) {
    explore(move || {
        let sides = weighing_sides(discipline, 3, 2);
        sides.producer.put(2).unwrap();
        let (first, second) = (waiting_put(&sides, 1), waiting_put(&sides, 1));
        let other = thread::spawn(move || block_on(second));
        assert_eq!(sides.consumer.take(), Ok(2));
        block_on(first);
        other.join().unwrap();
        assert_eq!(sides.consumer.take_many(2), Ok(vec![1, 1]));
    });
}

/// The heavy put that is first in line is called in vain, or not yet, and is cancelled: the light one
/// behind it has room.
fn cancelled_heavy(discipline: Discipline) {
    explore(move || {
        let sides = weighing_sides(discipline, 3, 3);
        sides.producer.put_many([1, 2]).unwrap();
        let (heavy, light) = (waiting_put(&sides, 3), waiting_put(&sides, 1));
        let other = spawn(&sides, move |sides| {
            assert_eq!(sides.consumer.take(), Ok(1));
            drop(heavy);
        });
        block_on(light);
        other.join().unwrap();
        assert_eq!(sides.consumer.take_many(2), Ok(vec![2, 1]));
    });
}

/// A put on its way to sleep has room once the permit is used for something lighter.
fn lighter_than_reserved(discipline: Discipline) {
    explore(move || {
        let sides = weighing_sides(discipline, 3, 2);
        let permit = sides.producer.reserve_weight(2, Patience::Try).unwrap();
        let other = spawn(&sides, |sides| {
            sides.producer.put(1).unwrap();
        });
        permit.put(1).unwrap();
        other.join().unwrap();
        assert_eq!(sides.consumer.take_many(2), Ok(vec![1, 1]));
    });
}

/// A heavy put on its way to sleep has room once the permit is dropped.
fn dropped_permit(discipline: Discipline) {
    explore(move || {
        let sides = weighing_sides(discipline, 3, 2);
        let permit = sides.producer.reserve_weight(1, Patience::Try).unwrap();
        let other = spawn(&sides, |sides| {
            sides.producer.put(2).unwrap();
        });
        drop(permit);
        other.join().unwrap();
        assert_eq!(sides.consumer.try_take(), Ok(2));
    });
}

/// A heavy item takes the place of two light ones, or of what a racing take has left of them.
fn drop_by_weight(discipline: Discipline) {
    explore(move || {
        let sides = weighing_sides(discipline, 3, 2);
        sides.producer.put_many([1, 1]).unwrap();
        let other = spawn(&sides, |sides| sides.consumer.take().unwrap());
        match (sides.dropping().put(2).unwrap(), other.join().unwrap()) {
            (Outcome::DroppedOldest(1), 1) => assert_eq!(sides.consumer.try_take(), Ok(2)),
            (Outcome::DroppedOldest(2), 2) => {}
            wrong => panic!("{wrong:?}"),
        }
        assert_eq!(sides.producer.statistics().waiting, 0);
    });
}

/// A returned item weighs as before, and the put that waits has room after it has been taken.
fn returned_weight(discipline: Discipline) {
    explore(move || {
        let sides = weighing_sides(discipline, 3, 2);
        sides.producer.put(2).unwrap();
        let lease = sides.consumer.lease().unwrap();
        let other = spawn(&sides, move |_| lease.nack().unwrap());
        let early = sides.producer.try_put(1).is_ok();
        other.join().unwrap();
        assert!(sides.producer.try_put(1).is_err());
        assert_eq!(sides.consumer.take(), Ok(2));
        assert_eq!(sides.consumer.try_take().is_ok(), early);
    });
}

//! Places set aside: waited for, used, dropped, cancelled.

use forebay_threads::{Discipline, Refusal, TakeError};
use loom::future::block_on;
use loom::thread;

use super::{explore, sides, spawn, waiting_put, waiting_reserve, waiting_take};

models! {
    reserve_waits_for_a_take: reserve_waits();
    reserve_waits_for_a_permit: reserve_waits_for_permit();
    dropped_permit_wakes_a_put: dropped_permit();
    dropped_permit_gives_its_place_to_puts: dropped_permit_gives_back();
    permit_put_wakes_a_take: permit_put_wakes();
    permit_put_wakes_a_take_in_line: permit_put_calls();
    permit_put_before_close_is_drained: permit_put_races_close();
    permit_keeps_its_place_from_puts: permit_keeps_its_place();
    permit_takes_its_place_from_puts_in_sight: permit_in_sight();
    permit_is_no_item_to_join_or_the_end: permit_is_no_item();
    cancelled_reserve_passes_its_wake_on: cancelled_reserve();
    reserve_and_put_wait_in_one_line: one_line();
}

/// A reserve on its way to sleep on a full buffer meets a take.
fn reserve_waits(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let other = spawn(&sides, |sides| sides.producer.reserve().unwrap().put(1).unwrap());
        assert_eq!(sides.consumer.take(), Ok(0));
        assert_eq!(sides.consumer.take(), Ok(1));
        other.join().unwrap();
    });
}

/// A reserve on its way to sleep meets the drop of the permit that has the place.
fn reserve_waits_for_permit(discipline: Discipline) {
    explore(move || {
        let sides = sides::<i32>(discipline, 1);
        let permit = sides.producer.reserve().unwrap();
        let other = spawn(&sides, |sides| drop(sides.producer.reserve().unwrap()));
        drop(permit);
        other.join().unwrap();
        sides.producer.try_put(1).unwrap();
    });
}

/// A put on its way to sleep meets the drop of the permit that has the place.
fn dropped_permit(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        let permit = sides.producer.reserve().unwrap();
        let other = spawn(&sides, |sides| {
            sides.producer.put(1).unwrap();
        });
        drop(permit);
        other.join().unwrap();
        assert_eq!(sides.consumer.try_take(), Ok(1));
    });
}

/// Puts go on beside a permit, and have its place once it is dropped, and not before.
fn dropped_permit_gives_back(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        let permit = sides.producer.reserve().unwrap();
        let other = spawn(&sides, |_| drop(permit));
        let placed = match sides.producer.try_put_many([1, 2]) {
            Ok(done) => done.placed,
            Err(refused) => refused.done.placed,
        };
        assert!(placed >= 1);
        other.join().unwrap();
        assert_eq!(sides.producer.try_put(3).is_ok(), placed == 1);
        assert_eq!(sides.consumer.take_many(3).unwrap().len(), 2);
    });
}

/// A take on its way to sleep meets a put with a permit.
fn permit_put_wakes(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        let permit = sides.producer.reserve().unwrap();
        let other = spawn(&sides, |sides| sides.consumer.take());
        permit.put(1).unwrap();
        assert_eq!(other.join().unwrap(), Ok(1));
    });
}

/// Two takes stand in line for a put with a permit and one without.
fn permit_put_calls(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        let permit = sides.producer.reserve().unwrap();
        let (first, second) = (waiting_take(&sides), waiting_take(&sides));
        let other = thread::spawn(move || block_on(first));
        sides.producer.try_put(1).unwrap();
        permit.put(2).unwrap();
        assert_eq!(block_on(second) + other.join().unwrap(), 3);
    });
}

/// A put with a permit that returned Ok is drained, however close the close; else the item is back,
/// and its place free for nobody.
fn permit_put_races_close(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        let permit = sides.producer.reserve().unwrap();
        let other = spawn(&sides, |sides| sides.producer.close());
        match permit.put(1) {
            Ok(()) => assert_eq!(sides.consumer.take(), Ok(1)),
            Err(refused) => assert_eq!((refused.item, refused.refusal), (1, Refusal::Closed)),
        }
        assert_eq!(sides.consumer.take(), Err(TakeError::Closed));
        other.join().unwrap();
    });
}

/// The place set aside is there at once, whatever a batch does beside it, which has to wait for the
/// take after.
fn permit_keeps_its_place(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        let permit = sides.producer.reserve().unwrap();
        let other = spawn(&sides, |sides| {
            sides.producer.put_many([1, 2]).unwrap();
        });
        permit.put(3).unwrap();
        assert!(sides.producer.statistics().waiting <= 2);
        let mut items: Vec<_> = (0..3).map(|_| sides.consumer.take().unwrap()).collect();
        other.join().unwrap();
        items.retain(|&item| item != 3);
        assert_eq!(items, [1, 2]);
    });
}

/// Nobody waits for a permit but a producer: a join ends, and a consumer sees the end.
fn permit_is_no_item(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        let permit = sides.producer.reserve().unwrap();
        sides.producer.put(1).unwrap();
        let other = spawn(&sides, |sides| {
            sides.producer.join();
            sides.producer.close();
        });
        assert_eq!(sides.consumer.take(), Ok(1));
        assert_eq!(sides.consumer.take(), Err(TakeError::Closed));
        other.join().unwrap();
        assert_eq!(permit.put(2).unwrap_err().item, 2);
    });
}

/// The first in line is a reserve and is cancelled, called already or not: the put behind it must get
/// its wake.
fn cancelled_reserve(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let first = waiting_reserve(&sides);
        let second = waiting_put(&sides, 2);
        let other = spawn(&sides, move |sides| {
            assert_eq!(sides.consumer.take(), Ok(0));
            drop(first);
        });
        block_on(second);
        other.join().unwrap();
        assert_eq!(sides.consumer.try_take(), Ok(2));
    });
}

/// A reserve and a put wait. Whichever comes first, the other has the place after it: the permit is
/// dropped unused, the item is taken.
fn one_line(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let first = waiting_reserve(&sides);
        let second = waiting_put(&sides, 2);
        let other = thread::spawn(move || drop(block_on(first)));
        assert_eq!(sides.consumer.take(), Ok(0));
        block_on(second);
        assert_eq!(sides.consumer.take(), Ok(2));
        other.join().unwrap();
    });
}

/// Puts are allowed some places ahead when one of these is set aside: they must look again.
fn permit_in_sight(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        sides.producer.put_many([1, 2]).unwrap();
        assert_eq!(sides.consumer.take_many(2), Ok(vec![1, 2]));
        sides.producer.put(3).unwrap();
        let other = spawn(&sides, |sides| sides.producer.try_reserve().ok());
        let early = sides.producer.try_put(4).is_ok();
        let permit = other.join().unwrap();
        assert_eq!(permit.is_none(), early);
        assert!(sides.producer.try_put(5).is_err());
        if let Some(permit) = permit {
            permit.put(6).unwrap();
        }
        assert_eq!(sides.consumer.take_many(3).unwrap().len(), 2);
    });
}

//! Many items in one call: put_many and take_many, and the waiters that each wakes.

use forebay_threads::{Discipline, TakeError};
use loom::future::block_on;
use loom::thread;

use super::{MOST_PASSES, explore, poll_once, sides, spawn, waiting_put, waiting_take};

models! {
    batch_goes_through_at_capacity_1: batch_through(1);
    batch_goes_through_at_capacity_2: batch_through(2);
    batches_wake_each_other: batch_and_take();
    take_many_wakes_two_puts: two_puts();
    take_many_wakes_the_second_put_though_the_first_stays_away: second_put();
    put_many_wakes_two_takes: two_takes();
    put_many_wakes_the_second_take_though_the_first_stays_away: second_take();
    put_many_meets_a_take_on_its_way_to_sleep: meets_takes();
    take_many_meets_a_put_on_its_way_to_sleep: meets_puts();
    two_take_manys_share_what_is_there: two_take_manys();
    put_many_passes_the_first_in_line_so_often_and_no_more: put_manys_pass();
    take_many_passes_the_first_in_line_so_often_and_no_more: take_manys_pass();
    cancelled_take_many_passes_its_wake_on: cancelled_take_many();
}

/// A batch larger than the buffer waits again and again, with a take_many on the other side.
fn batch_through(discipline: Discipline, capacity: usize) {
    explore(move || {
        let sides = sides(discipline, capacity);
        let last = i32::try_from(capacity).unwrap() + 1;
        let other = spawn(&sides, move |sides| {
            let done = sides.producer.put_many(0..=last).unwrap();
            assert_eq!(done.placed, capacity + 2);
        });
        let mut items = Vec::new();
        while items.len() < capacity + 2 {
            items.extend(sides.consumer.take_many(2).unwrap());
        }
        assert!(items.into_iter().eq(0..=last));
        other.join().unwrap();
    });
}

/// One item at a time on one side, batches on the other.
fn batch_and_take(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        sides.producer.put(0).unwrap();
        let other = spawn(&sides, |sides| {
            sides.producer.put_many([1, 2]).unwrap();
        });
        for item in 0..3 {
            assert_eq!(sides.consumer.take(), Ok(item));
        }
        other.join().unwrap();
    });
}

/// Two puts wait, and both their places come free together.
fn two_puts(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        sides.producer.put_many([0, 1]).unwrap();
        let first = waiting_put(&sides, 2);
        let second = waiting_put(&sides, 3);
        let other = thread::spawn(move || block_on(first));
        assert_eq!(sides.consumer.take_many(2), Ok(vec![0, 1]));
        block_on(second);
        other.join().unwrap();
        let mut rest = sides.consumer.take_many(2).unwrap();
        rest.sort_unstable();
        assert_eq!(rest, [2, 3]);
    });
}

/// The same, and the first is called and does not come: the second has a place of its own.
fn second_put(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        sides.producer.put_many([0, 1]).unwrap();
        let mut first = waiting_put(&sides, 2);
        let second = waiting_put(&sides, 3);
        let other = thread::spawn(move || block_on(second));
        assert_eq!(sides.consumer.take_many(2), Ok(vec![0, 1]));
        other.join().unwrap();
        assert!(poll_once(first.as_mut()).is_ready());
        // In the order of the line where the items stand in it.
        let mut rest = sides.consumer.take_many(2).unwrap();
        rest.sort_unstable();
        assert_eq!(rest, [2, 3]);
    });
}

/// Two takes wait, and both their items come together.
fn two_takes(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        let first = waiting_take(&sides);
        let second = waiting_take(&sides);
        let other = thread::spawn(move || block_on(first));
        sides.producer.put_many([1, 2]).unwrap();
        let item = block_on(second);
        assert_eq!(item + other.join().unwrap(), 3);
    });
}

/// The same, and the first is called and does not come: the second has an item of its own.
fn second_take(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        let mut first = waiting_take(&sides);
        let second = waiting_take(&sides);
        // The first may have been handed the first.
        let other = thread::spawn(move || assert!(matches!(block_on(second), 1 | 2)));
        sides.producer.put_many([1, 2]).unwrap();
        other.join().unwrap();
        assert!(poll_once(first.as_mut()).is_ready());
    });
}

/// A batch comes between a take's look and its sleep.
fn meets_takes(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        let other = spawn(&sides, |sides| {
            assert_eq!((sides.consumer.take(), sides.consumer.take()), (Ok(1), Ok(2)));
        });
        assert_eq!(sides.producer.put_many([1, 2]).unwrap().placed, 2);
        other.join().unwrap();
    });
}

/// A batch leaves between a put's look and its sleep.
fn meets_puts(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        sides.producer.put_many([0, 1]).unwrap();
        let other = spawn(&sides, |sides| {
            sides.producer.put(2).unwrap();
            sides.producer.put(3).unwrap();
        });
        assert!(sides.consumer.take_many(2).unwrap().starts_with(&[0, 1]));
        other.join().unwrap();
    });
}

/// Two consumers with room for all of it share a batch; a third finds nothing.
fn two_take_manys(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        sides.producer.put_many([0, 1]).unwrap();
        let other = spawn(&sides, |sides| sides.consumer.try_take_many(2).unwrap_or_default());
        let mut items = sides.consumer.try_take_many(2).unwrap_or_default();
        items.extend(other.join().unwrap());
        items.sort_unstable();
        assert_eq!(items, [0, 1]);
        assert_eq!(sides.consumer.try_take(), Err(TakeError::Empty));
    });
}

/// A take_many in line is cancelled, called already or not: the take behind it must get its wake.
fn cancelled_take_many(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        let consumer = sides.consumer.clone();
        let first = super::in_line(async move { consumer.take_many_async(2).await });
        let second = waiting_take(&sides);
        let other = spawn(&sides, move |sides| {
            sides.producer.put(1).unwrap();
            drop(first);
        });
        assert_eq!(block_on(second), 1);
        other.join().unwrap();
    });
}

/// As `puts_pass` in `waiting`, by batches of one.
fn put_manys_pass(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let mut waiting = waiting_put(&sides, 1);
        let other = spawn(&sides, |sides| {
            let pass = |_: &i32| {
                let _ = sides.consumer.try_take();
                sides.producer.try_put_many([2]).is_ok()
            };
            (0..8).filter(pass).count()
        });
        let _ = sides.consumer.try_take();
        let came = poll_once(waiting.as_mut()).is_ready();
        let passes = other.join().unwrap();
        assert!(came || passes <= MOST_PASSES, "passed {passes} times");
    });
}

/// As `takes_pass` in `waiting`, by batches of one.
fn take_manys_pass(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        let mut waiting = waiting_take(&sides);
        let other = spawn(&sides, |sides| {
            let pass = |_: &i32| {
                let _ = sides.producer.try_put(1);
                sides.consumer.try_take_many(1).is_ok()
            };
            (0..8).filter(pass).count()
        });
        let _ = sides.producer.try_put(2);
        let came = poll_once(waiting.as_mut()).is_ready();
        let passes = other.join().unwrap();
        assert!(came || passes <= MOST_PASSES, "passed {passes} times");
    });
}

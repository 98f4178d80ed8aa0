//! Puts and takes, one at a time: asleep, woken, passed, cancelled, out of time.

use forebay_threads::{Discipline, Patience, Refusal, TakeError};
use loom::future::block_on;
use loom::thread;

use super::{MOST_PASSES, explore, poll_once, sides, spawn, waiting_put, waiting_take};

models! {
    hand_over_at_capacity_1: hand_over(1);
    hand_over_at_capacity_2: hand_over(2);
    two_producers_at_capacity_1: two_producers();
    two_consumers_at_capacity_2: two_consumers();
    cancelled_put_passes_its_wake_on: cancelled_put();
    cancelled_take_passes_its_wake_on: cancelled_take();
    passed_put_is_called_again: passed_put();
    passed_take_is_called_again: passed_take();
    puts_pass_the_first_in_line_so_often_and_no_more: puts_pass();
    takes_pass_the_first_in_line_so_often_and_no_more: takes_pass();
    put_that_is_due_is_called_by_the_one_before: due_put();
    take_that_is_due_is_called_by_the_one_before: due_take();
    line_that_all_have_left_keeps_nobody_out: line_left();
    timed_out_put_is_whole_or_handed_back: timed_out_put();
    timed_out_take_loses_nothing: timed_out_take();
}

/// The producer sleeps on a full buffer, the consumer on an empty one, or neither.
fn hand_over(discipline: Discipline, capacity: i32) {
    explore(move || {
        let sides = sides(discipline, capacity as usize);
        for item in 0..capacity {
            sides.producer.put(item).unwrap();
        }
        let other = spawn(&sides, move |sides| {
            sides.producer.put(capacity).unwrap();
        });
        for item in 0..=capacity {
            assert_eq!(sides.consumer.take(), Ok(item));
        }
        other.join().unwrap();
    });
}

/// Two producers wait for the one place in turn; each wake must reach one that still needs it.
fn two_producers(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let first = waiting_put(&sides, 1);
        let second = waiting_put(&sides, 2);
        let other = thread::spawn(move || block_on(first));
        assert_eq!(sides.consumer.take(), Ok(0));
        let one = sides.consumer.take().unwrap();
        block_on(second);
        assert_eq!(one + sides.consumer.take().unwrap(), 3);
        other.join().unwrap();
    });
}

/// Two consumers wait; two items wake both.
fn two_consumers(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        let first = waiting_take(&sides);
        let second = waiting_take(&sides);
        let other = thread::spawn(move || assert!(block_on(first) > 0));
        sides.producer.put(1).unwrap();
        sides.producer.put(2).unwrap();
        assert!(block_on(second) > 0);
        other.join().unwrap();
    });
}

/// The first put in line is cancelled, called already or not: the second must get its wake.
fn cancelled_put(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let first = waiting_put(&sides, 1);
        let second = waiting_put(&sides, 2);
        let other = spawn(&sides, move |sides| {
            assert_eq!(sides.consumer.take(), Ok(0));
            drop(first);
            // Its item was placed whole, or not at all.
            sides.consumer.try_take()
        });
        block_on(second);
        let next = other.join().unwrap();
        assert!(next == Ok(2) || sides.consumer.try_take() == Ok(2));
    });
}

/// The first take in line is cancelled, called already or not: the second must get its wake.
fn cancelled_take(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        let first = waiting_take(&sides);
        let second = waiting_take(&sides);
        let other = spawn(&sides, move |sides| {
            sides.producer.put(1).unwrap();
            drop(first);
        });
        assert_eq!(block_on(second), 1);
        other.join().unwrap();
    });
}

/// A put whose waiter was called finds that a newcomer has taken the place: it must be called again.
fn passed_put(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let waiting = waiting_put(&sides, 1);
        assert_eq!(sides.consumer.take(), Ok(0));
        let other = thread::spawn(move || block_on(waiting));
        if sides.producer.try_put(2).is_ok() {
            sides.consumer.take().unwrap();
        }
        sides.consumer.take().unwrap();
        other.join().unwrap();
    });
}

/// A put whose deadline passes: the item is placed, or handed back, and never both.
fn timed_out_put(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let other = spawn(&sides, |sides| {
            let until = Patience::Until(std::time::Instant::now());
            match sides.producer.put_within(1, until) {
                Ok(_) => {}
                Err(refused) => {
                    assert_eq!((refused.item, refused.refusal), (1, Refusal::TimedOut));
                    sides.producer.put(2).unwrap();
                }
            }
        });
        assert_eq!(sides.consumer.take(), Ok(0));
        assert!(matches!(sides.consumer.take(), Ok(1 | 2)));
        other.join().unwrap();
        assert_eq!(sides.consumer.try_take(), Err(TakeError::Empty));
    });
}

/// A take whose waiter was called finds that a newcomer has taken the item: it must be called again.
fn passed_take(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        let waiting = waiting_take(&sides);
        sides.producer.put(1).unwrap();
        let other = thread::spawn(move || block_on(waiting));
        if sides.consumer.try_take().is_ok() {
            sides.producer.put(2).unwrap();
        }
        other.join().unwrap();
    });
}

/// A take whose deadline passes: the item is taken or still there, and the next put is not lost on
/// the waiter that has gone.
fn timed_out_take(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        let other = spawn(&sides, |sides| {
            let until = Patience::Until(std::time::Instant::now());
            match sides.consumer.take_within(until) {
                Ok(item) => assert_eq!(item, 1),
                Err(refused) => {
                    assert_eq!(refused, TakeError::TimedOut);
                    assert_eq!(sides.consumer.take(), Ok(1));
                }
            }
        });
        sides.producer.put(1).unwrap();
        other.join().unwrap();
        assert_eq!(sides.consumer.try_take(), Err(TakeError::Empty));
    });
}

/// A put in line is called and takes its time: others may pass it, but not for ever.
fn puts_pass(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let mut waiting = waiting_put(&sides, 1);
        let other = spawn(&sides, |sides| {
            let pass = |_: &i32| {
                let _ = sides.consumer.try_take();
                sides.producer.try_put(2).is_ok()
            };
            (0..8).filter(pass).count()
        });
        let _ = sides.consumer.try_take();
        let came = poll_once(waiting.as_mut()).is_ready();
        let passes = other.join().unwrap();
        assert!(came || passes <= MOST_PASSES, "passed {passes} times");
    });
}

/// A take in line is called and takes its time: others may pass it, but not for ever.
fn takes_pass(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        let mut waiting = waiting_take(&sides);
        let other = spawn(&sides, |sides| {
            let pass = |_: &i32| {
                let _ = sides.producer.try_put(1);
                sides.consumer.try_take().is_ok()
            };
            (0..8).filter(pass).count()
        });
        let _ = sides.producer.try_put(2);
        let came = poll_once(waiting.as_mut()).is_ready();
        let passes = other.join().unwrap();
        assert!(came || passes <= MOST_PASSES, "passed {passes} times");
    });
}

/// The first in line has been passed as often as it allows and the second is called, but may not pass
/// it: once the first has come, it calls the second, for whom there is room too.
fn due_put(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        sides.producer.put_many([0, 0]).unwrap();
        let (first, second) = (waiting_put(&sides, 1), waiting_put(&sides, 2));
        loop {
            sides.consumer.take().unwrap();
            if sides.producer.try_put(0).is_err() {
                break;
            }
        }
        let other = thread::spawn(move || block_on(second));
        sides.consumer.take().unwrap();
        block_on(first);
        other.join().unwrap();
        assert_eq!(sides.consumer.take_many(2), Ok(vec![1, 2]));
    });
}

/// The same on the other side.
fn due_take(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        let (first, second) = (waiting_take(&sides), waiting_take(&sides));
        loop {
            sides.producer.put(1).unwrap();
            if sides.consumer.try_take().is_err() {
                break;
            }
        }
        let other = thread::spawn(move || assert_eq!(block_on(second), 2));
        sides.producer.put(2).unwrap();
        assert_eq!(block_on(first), 1);
        other.join().unwrap();
    });
}

/// Who stood in line has gone: newcomers go ahead, however many.
fn line_left(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let waiting = waiting_put(&sides, 1);
        let other = spawn(&sides, |_| drop(waiting));
        let _ = sides.consumer.take();
        other.join().unwrap();
        // Its item may have been placed before it went.
        let _ = sides.consumer.try_take();
        for item in 0..6 {
            sides.producer.try_put(item).unwrap();
            assert_eq!(sides.consumer.try_take(), Ok(item));
        }
        let waiting = waiting_take(&sides);
        drop(waiting);
        for item in 0..6 {
            sides.producer.try_put(item).unwrap();
            assert_eq!(sides.consumer.try_take(), Ok(item));
        }
    });
}

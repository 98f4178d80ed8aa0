//! Drop-oldest, beside takes, producers in line, consumers in line, and join.

use forebay_threads::{Discipline, Outcome, Refusal};
use loom::future::block_on;
use loom::thread;

use super::{MOST_PASSES, explore, poll_once, sides, spawn, waiting_put};

models! {
    drop_oldest_races_a_take: races_take();
    drop_oldest_races_two_takes: races_two_takes();
    drop_oldest_races_a_producer_to_the_line: races_producer();
    drop_oldest_overtakes_nobody_in_line: in_line_is_not_overtaken();
    drop_oldest_passes_no_more_often_than_others: passes_are_counted();
    drop_oldest_goes_on_once_nobody_is_in_line: line_is_gone();
    drop_oldest_and_join: join_sees_the_end();
    drop_oldest_races_close: races_close();
    drop_oldest_leaves_places_set_aside: leaves_permits();
    two_drop_oldests: two_at_once();
}

/// One of both gets the oldest; what is not taken is dropped and counted.
fn races_take(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let other = spawn(&sides, |sides| sides.consumer.take().unwrap());
        let outcome = sides.dropping().put(1).unwrap();
        match (outcome, other.join().unwrap()) {
            (Outcome::Placed, 0) => assert_eq!(sides.consumer.try_take(), Ok(1)),
            (Outcome::DroppedOldest(1), 1) => {}
            wrong => panic!("{wrong:?}"),
        }
        sides.producer.join();
        let statistics = sides.producer.statistics();
        assert_eq!(statistics.dropped, u64::from(outcome != Outcome::Placed));
        assert_eq!(statistics.produced, statistics.finished + statistics.dropped);
    });
}

/// The item that was refused at first is placed after all: the second take is on its way to sleep by
/// then.
fn races_two_takes(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let other = spawn(&sides, |sides| {
            if sides.consumer.take() == Ok(0) {
                assert_eq!(sides.consumer.take(), Ok(1));
            }
        });
        sides.dropping().put(1).unwrap();
        other.join().unwrap();
    });
}

/// A producer is on its way into the line: before, the oldest is dropped; once it stands there, the
/// item is refused.
fn races_producer(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let other = spawn(&sides, |sides| {
            sides.producer.put(1).unwrap();
        });
        let oldest = match sides.dropping().put(2) {
            Ok(outcome) => {
                assert_eq!(outcome, Outcome::DroppedOldest(1));
                2
            }
            Err(refused) => {
                assert_eq!((refused.item, refused.refusal), (2, Refusal::Full));
                0
            }
        };
        assert_eq!(sides.consumer.take(), Ok(oldest));
        assert_eq!(sides.consumer.take(), Ok(1));
        other.join().unwrap();
    });
}

/// A producer stands in line while a take makes room: a newcomer may come first, but drops nothing.
fn in_line_is_not_overtaken(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let waiting = waiting_put(&sides, 1);
        let other = spawn(&sides, |sides| assert_eq!(sides.consumer.take(), Ok(0)));
        let outcome = sides.dropping().put(2).map_err(|refused| refused.refusal);
        other.join().unwrap();
        match outcome {
            Ok(Outcome::Placed) => assert_eq!(sides.consumer.take(), Ok(2)),
            // The one in line had been placed by then, and was the oldest that waited.
            Ok(Outcome::DroppedOldest(1)) => {
                block_on(waiting);
                assert_eq!(sides.consumer.take(), Ok(2));
                assert_eq!(sides.producer.statistics().dropped, 1);
                return;
            }
            outcome => assert_eq!(outcome, Err(Refusal::Full)),
        }
        block_on(waiting);
        assert_eq!(sides.consumer.take(), Ok(1));
        assert_eq!(sides.producer.statistics().dropped, 0);
    });
}

/// A producer in line is called and takes its time: drop-oldest may pass it as often as any other may,
/// and then not, though there is room (C10).
fn passes_are_counted(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let mut waiting = waiting_put(&sides, 1);
        let other = spawn(&sides, |sides| {
            let dropping = sides.dropping();
            (0..8)
                .filter(|_| {
                    let _ = sides.consumer.try_take();
                    dropping.put(2).is_ok()
                })
                .count()
        });
        let _ = sides.consumer.try_take();
        let came = poll_once(waiting.as_mut()).is_ready();
        let passes = other.join().unwrap();
        assert!(came || passes <= MOST_PASSES, "passed {passes} times");
    });
}

/// The producer that stood in line has put, or given up: drop-oldest drops again.
fn line_is_gone(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let waiting = waiting_put(&sides, 1);
        let other = spawn(&sides, |_| drop(waiting));
        let _ = sides.dropping().put(2);
        other.join().unwrap();
        assert_eq!(sides.dropping().put(3), Ok(Outcome::DroppedOldest(1)));
        let waiting = waiting_put(&sides, 4);
        assert_eq!(sides.consumer.take(), Ok(3));
        block_on(waiting);
        assert_eq!(sides.dropping().put(5), Ok(Outcome::DroppedOldest(1)));
    });
}

/// A join waits while the oldest is dropped for another, and ends with the take of that.
fn join_sees_the_end(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let other = spawn(&sides, |sides| sides.producer.join());
        assert_eq!(sides.dropping().put(1), Ok(Outcome::DroppedOldest(1)));
        assert_eq!(sides.consumer.take(), Ok(1));
        other.join().unwrap();
    });
}

/// Refused or placed; what was placed is drained.
fn races_close(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let other = spawn(&sides, |sides| sides.producer.close());
        let left = match sides.dropping().put(1) {
            Ok(outcome) => {
                assert_eq!(outcome, Outcome::DroppedOldest(1));
                1
            }
            Err(refused) => {
                assert_eq!((refused.item, refused.refusal), (1, Refusal::Closed));
                0
            }
        };
        assert_eq!(sides.consumer.take(), Ok(left));
        assert!(sides.consumer.take().is_err());
        other.join().unwrap();
    });
}

/// A place set aside is nothing to drop: whether the permit has been used or not, one item goes for
/// the new one, and the permit has its place.
fn leaves_permits(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        let permit = sides.producer.reserve().unwrap();
        let dropping = sides.dropping();
        let other = thread::spawn(move || permit.put(1).unwrap());
        assert_eq!(dropping.put(2), Ok(Outcome::Placed));
        assert_eq!(dropping.put(3), Ok(Outcome::DroppedOldest(1)));
        other.join().unwrap();
        let items = sides.consumer.take_many(3).unwrap();
        assert!([[3, 1], [1, 3], [2, 3]].iter().any(|left| items == left), "{items:?}");
    });
}

/// Two drop the oldest at once: the newest is there, and the others are counted.
fn two_at_once(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let other = spawn(&sides, |sides| sides.dropping().put(1).unwrap());
        assert_eq!(sides.dropping().put(2), Ok(Outcome::DroppedOldest(1)));
        assert_eq!(other.join().unwrap(), Outcome::DroppedOldest(1));
        assert!(matches!(sides.consumer.try_take(), Ok(1 | 2)));
        assert_eq!(sides.producer.statistics().dropped, 2);
    });
}

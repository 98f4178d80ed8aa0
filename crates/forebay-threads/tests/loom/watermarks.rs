//! The hook is told of each crossing once, in order, one call at a time.

use std::sync::{Arc, Mutex};

use forebay_threads::{Builder, Discipline, Watermark};
use loom::sync::Mutex as Turnstile;

use super::{Sides, build, explore, spawn};

models! {
    crossings_are_told_once_and_in_order: crossings();
    crossings_of_two_sides_are_told_one_at_a_time: one_at_a_time();
    crossings_by_batches: batches();
    crossings_by_drops_and_returns: drops_and_returns();
}

/// The sides of a buffer of two, with marks at 0 and 2, and what its hook was told. Two hooks at once
/// would be a deadlock for none, but a failure here.
fn marked(discipline: Discipline, high: usize) -> (Arc<Sides<i32>>, Arc<Mutex<Vec<Watermark>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&told);
    let inside = Turnstile::new(());
    let builder = Builder::bounded(2).discipline(discipline);
    let sides = build(builder.watermarks(0, high, move |crossed| {
        // Other threads may go on here: none may come into the hook.
        let _alone = inside.try_lock().expect("one call at a time");
        hook.lock().unwrap().push(crossed);
    }));
    (sides, told)
}

/// High and low take turns, beginning with high.
fn alternating(told: &[Watermark]) -> bool {
    let marks = [Watermark::High, Watermark::Low];
    told.iter().eq(marks.iter().cycle().take(told.len()))
}

/// One put and one take cross both marks: each is told once both are over.
fn crossings(discipline: Discipline) {
    explore(move || {
        let (sides, told) = marked(discipline, 1);
        let other = spawn(&sides, |sides| {
            sides.producer.put(1).unwrap();
        });
        assert_eq!(sides.consumer.take(), Ok(1));
        other.join().unwrap();
        assert_eq!(*told.lock().unwrap(), [Watermark::High, Watermark::Low]);
    });
}

/// Both threads put and take: however the depth went, marks take turns, and the last is low.
fn one_at_a_time(discipline: Discipline) {
    explore(move || {
        let (sides, told) = marked(discipline, 1);
        let other = spawn(&sides, |sides| {
            sides.producer.put(1).unwrap();
            sides.consumer.take().unwrap();
        });
        sides.producer.put(2).unwrap();
        sides.consumer.take().unwrap();
        other.join().unwrap();
        let told = told.lock().unwrap();
        assert!(alternating(&told) && matches!(told.len(), 2 | 4), "{told:?}");
    });
}

/// A drop for a newer item crosses nothing at the high mark; a return may cross it again.
fn drops_and_returns(discipline: Discipline) {
    explore(move || {
        let (sides, told) = marked(discipline, 2);
        sides.producer.put_many([1, 2]).unwrap();
        let lease = sides.consumer.lease().unwrap();
        let other = spawn(&sides, move |_| lease.nack().unwrap());
        sides.dropping().put(3).unwrap();
        other.join().unwrap();
        while sides.consumer.try_take().is_ok() {}
        assert_eq!(*told.lock().unwrap(), [Watermark::High, Watermark::Low]);
    });
}

/// Batches cross the marks as single puts and takes do.
fn batches(discipline: Discipline) {
    explore(move || {
        let (sides, told) = marked(discipline, 2);
        let other = spawn(&sides, |sides| sides.producer.put_many([1, 2, 3]).unwrap());
        let mut items = Vec::new();
        while items.len() < 3 {
            items.extend(sides.consumer.take_many(2).unwrap());
        }
        other.join().unwrap();
        let told = told.lock().unwrap();
        assert!(alternating(&told) && told.len() % 2 == 0, "{told:?}");
        drop(told);
        sides.producer.put_many([4, 5]).unwrap();
        assert_eq!(sides.producer.statistics().waiting, 2);
        assert_eq!(sides.consumer.take_many(2), Ok(vec![4, 5]));
    });
}

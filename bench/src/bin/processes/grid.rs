//! Items of 64 bytes from processes to processes, one after the other.

use std::time::Duration;

use bench::report::{Better, Report, Subject};
use bench::shape::Shape;
use serde_json::{Value, json};

use crate::contender::{BATCH, Contender};
use crate::place::Place;
use crate::race::Course;

const SHAPES: [Shape; 3] =
    [Shape::PAIR, Shape { producers: 2, consumers: 2 }, Shape { producers: 2, consumers: 3 }];
const CAPACITIES: [usize; 2] = [5, 1024];
const ROUND: Duration = Duration::from_millis(400);

pub(crate) fn measure(place: &mut Place) -> Result<Value, String> {
    let subject = Subject::new(
        "processes grid",
        "Items of 64 bytes from processes to processes, one after the other",
        "thousand items a second",
        Better::More,
        &["shape", "capacity"],
    );
    let mut report = Report::of_rounds(subject, place.rounds);
    let entrants =
        place.entrants(&[Contender::Forebay, Contender::ForebayMany], &Contender::SINGLE);
    for (shape, capacity) in place.cells(&SHAPES, &CAPACITIES) {
        let lasting = place.lasting(ROUND);
        let figures = place.side_by_side(&entrants, |contender| {
            let batch = contender.batch(1);
            Course { shape, capacity, batch, lasting, power: false }
        })?;
        report.add(&[&shape, &capacity], figures);
    }
    place.tell(&mut report);
    Ok(json!(report))
}

/// 64 at a time, beside those peers that can.
pub(crate) fn batches(place: &mut Place) -> Result<Value, String> {
    let subject = Subject::new(
        "processes batches",
        &format!("Items of 64 bytes from processes to processes, {BATCH} at a time"),
        "thousand items a second",
        Better::More,
        &["shape", "capacity"],
    );
    let mut report = Report::of_rounds(subject, place.rounds);
    let entrants = place.entrants(&[Contender::ForebayMany], &Contender::SEVERAL);
    for (shape, capacity) in place.cells(&SHAPES, &[1024]) {
        let lasting = place.lasting(ROUND);
        let figures = place.side_by_side(&entrants, |contender| {
            let batch = contender.batch(BATCH);
            Course { shape, capacity, batch, lasting, power: false }
        })?;
        report.add(&[&shape, &capacity], figures);
    }
    place.tell(&mut report);
    Ok(json!(report))
}

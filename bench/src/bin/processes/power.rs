//! Items that survive the plug, beside what the disk does by itself.

use std::time::Duration;

use bench::report::{Better, Report, Subject};
use bench::shape::Shape;
use serde_json::{Value, json};

use crate::contender::{BATCH, Contender, Entrant};
use crate::place::Place;
use crate::race::Course;

const ROUND: Duration = Duration::from_secs(1);

/// Room for all that is put in a round where nobody takes.
const ROOM: usize = 400_000;

/// Names of the places, who stands there, and how many items one call has.
const PLACES: [(&str, Shape, usize); 4] = [
    ("1 producer", Shape { producers: 1, consumers: 0 }, 1),
    ("16 producers", Shape { producers: 16, consumers: 0 }, 1),
    ("1 producer, 64 at a time", Shape { producers: 1, consumers: 0 }, BATCH),
    ("put, leased and acked", Shape::PAIR, 1),
];

pub(crate) fn measure(place: &mut Place) -> Result<Value, String> {
    let subject = Subject::new(
        "processes power",
        "Items of 64 bytes that survive the plug; nobody takes them unless it is said",
        "thousand items a second",
        Better::More,
        &["what"],
    );
    let mut report = Report::of_rounds(subject, place.rounds);
    let entrants = place.entrants(&[Contender::Forebay, Contender::ForebayMany], &Contender::POWER);
    for (name, shape, batch) in PLACES {
        let mut entrants = entrants.clone();
        // Who carries several stands for us where several are carried.
        let not_here = if batch == 1 { Contender::ForebayMany } else { Contender::Forebay };
        entrants.retain(|Entrant { contender, .. }| {
            *contender != not_here && (shape.consumers == 0 || *contender != Contender::Bare)
        });
        let (capacity, lasting) =
            (if shape.consumers == 0 { ROOM } else { 1024 }, place.lasting(ROUND));
        let figures = place.side_by_side(&entrants, |contender| Course {
            // One file and one process is what a disk is compared by.
            shape: if contender == Contender::Bare {
                Shape { producers: 1, ..shape }
            } else {
                shape
            },
            capacity,
            batch: contender.batch(batch),
            lasting,
            power: true,
        })?;
        report.add(&[&name], figures);
    }
    place.tell(&mut report);
    Ok(json!(report))
}

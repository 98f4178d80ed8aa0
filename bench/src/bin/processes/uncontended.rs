//! A put, and a lease with its ack, by one process with nobody else there: how long, how many system calls,
//! how often memory is asked for.

use std::time::Duration;

use bench::report::{Better, Report, Subject, shown};
use bench::rounds::interleaved;
use bench::shape::Shape;
use bench::table::Table;
use serde_json::{Map, Value, json};

use crate::alone::{Alone, Long};
use crate::contender::{Contender, Entrant};
use crate::deed::Deed;
use crate::gate::{Gate, Hand};
use crate::medium::{Medium, Side};
use crate::place::Place;
use crate::race::Course;
use crate::traced;

const ROUND: Duration = Duration::from_millis(300);

/// Of a child that is traced.
const LAPS: u64 = 2_000;

/// System calls for an item that are allowed: every few thousand turns one looks whether the file is still there.
const CALLS: f64 = 0.001;

const PEERS: [Contender; 3] = [Contender::Pipe, Contender::Seqpacket, Contender::SqliteNormal];

pub(crate) fn measure(place: &mut Place) -> Result<Value, String> {
    let subject = Subject::new(
        "processes uncontended",
        "An item of 64 bytes put, and leased and acked or what a peer has for it, by one process alone",
        "ns",
        Better::Less,
        &["what"],
    );
    let mut report = Report::of_rounds(subject, place.rounds);
    let entrants = place.entrants(&[Contender::Forebay, Contender::ForebayMany], &PEERS);
    let long = Long::For(place.lasting(ROUND));
    let mut failure = None;
    let rounds = interleaved(place.rounds, entrants.len(), |turn| {
        let contender = entrants[turn].contender;
        run(contender, long, place).unwrap_or_else(|error| {
            failure.get_or_insert(format!("{contender}: {error}"));
            Alone::default()
        })
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    let figures = |of: fn(&Alone) -> u64| -> Vec<(Entrant, Vec<f64>)> {
        let each = |alone: &Alone| of(alone) as f64 / alone.items as f64;
        let rounds = rounds.iter().map(|rounds| rounds.iter().map(each).collect());
        entrants.iter().cloned().zip(rounds).collect()
    };
    report.add(&[&"put"], figures(|alone| alone.putting));
    report.add(&[&"lease and ack"], figures(|alone| alone.taking));
    place.tell(&mut report);
    let mut page = json!(report);
    page["frugality"] = frugality(place)?;
    Ok(page)
}

/// A child that does it, held at the gate, and what it does it with.
fn start(
    contender: Contender,
    long: Long,
    place: &mut Place,
) -> Result<(Hand, Box<dyn Medium>), String> {
    let batch = contender.batch(1);
    let lasting = Duration::ZERO;
    let course = Course { shape: Shape::PAIR, capacity: 1024, batch, lasting, power: false };
    let medium = contender.medium(&course, place)?;
    let gate = Gate::new(&place.scratch)?;
    let mut command = Deed::Alone { door: medium.door()?, batch, long }.command(gate.socket())?;
    medium.equip(&mut command, Side::Producer)?;
    medium.equip(&mut command, Side::Consumer)?;
    Ok((gate.start(&mut command)?, medium))
}

fn run(contender: Contender, long: Long, place: &mut Place) -> Result<Alone, String> {
    let (mut hand, _medium) = start(contender, long, place)?;
    hand.go()?;
    let alone = heard(&mut hand)?;
    hand.end()?;
    Ok(alone)
}

fn heard(hand: &mut Hand) -> Result<Alone, String> {
    let line = hand.hear()?;
    serde_json::from_str(&line).map_err(|error| format!("{line:?}: {error}"))
}

/// System calls and allocations for each item, which has none where nobody waits.
fn frugality(place: &mut Place) -> Result<Value, String> {
    let mut table = Table::new(["for each item, nobody waiting", "figure", "at most"]);
    let mut traced = |laps: u64| -> Result<(u64, Alone), String> {
        let (mut hand, _medium) = start(Contender::Forebay, Long::Laps(laps), place)?;
        let calls = traced::calls(&mut hand)?;
        let alone = heard(&mut hand)?;
        hand.end()?;
        Ok((calls.values().sum(), alone))
    };
    // What a child does besides, as beginning and telling of it, it does without items too.
    let (without, _) = traced(0)?;
    let (with, alone) = traced(LAPS)?;
    let each = |count: u64| count as f64 / alone.items as f64;
    let figures = [
        ("system calls", each(with.saturating_sub(without)), CALLS),
        ("allocations of a put", each(alone.put_allocations), 0.0),
        ("allocations of a lease and its ack", each(alone.take_allocations), 0.0),
    ];
    let mut page = Map::new();
    for (what, figure, most) in figures {
        table.row([what.to_owned(), format!("{figure:.5}"), shown(most)]);
        page.insert(what.to_owned(), figure.into());
        if figure > most {
            place.broken(format!(
                "{what}: {figure:.5} for each item, and at most {most} is allowed"
            ));
        }
    }
    println!("\n{}", table.markdown());
    Ok(page.into())
}

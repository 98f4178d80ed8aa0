//! Too little comes: consumers are ready, and there is nothing to take.
//!
//! One slow producer, and more consumers than it can keep busy. An empty buffer costs nothing but their
//! time: they sleep until an item comes. The report says who waited, and how many would have done.

use std::thread;
use std::time::Duration;

use forebay::{Consumer, Discipline};

use super::{Count, Scene};
use crate::demo::cast::Cast;
use crate::demo::chance::Chance;
use crate::demo::load::{self, Load};
use crate::demo::narrated::{self, Telling};
use crate::demo::narrator::{self, Narrator, print_all};

pub(super) const SCENE: Scene = Scene {
    name: "starvation",
    about: "one slow producer, three quick consumers: who waits, and how many would do",
    items: Count::Usual(30),
    producers: Count::Usual(1),
    consumers: Count::Usual(3),
    capacity: Count::Usual(5),
    seed: None,
    source: &[
        ("crates/forebay-cli/src/demo/scenes/starvation.rs", "the scene"),
        ("crates/forebay-cli/src/demo/load.rs", "what is measured of the two sides"),
        (
            "crates/forebay-cli/src/run/report/bottleneck.rs",
            "how many consumers would balance them",
        ),
        ("crates/forebay-threads/src/waits.rs", "the time that takes wait on an empty buffer"),
    ],
    play,
    part: None,
};

/// An item is made in this, and up to as much again.
const MAKING: Duration = Duration::from_millis(27);
/// The same for its use.
const USING: Duration = Duration::from_millis(8);

fn play(cast: &Cast) {
    let narrator = &Narrator::begin(cast);
    print_all([
        "to make an item takes longer than to use it: see who waits, and how deep it is".to_owned()
    ]);
    let (producer, consumer) = &cast.buffer(Discipline::Ring);
    let load = &Load::begin();
    thread::scope(|scope| {
        let producers: Vec<_> = cast
            .producers()
            .map(|who| {
                scope.spawn(move || {
                    let mut chance = Chance::of(cast, who);
                    for _ in 0..cast.share_of(who) {
                        load.make(MAKING + chance.pause(MAKING));
                        let number = chance.among(0..=256);
                        narrated::put(narrator, who, producer, number, Telling::plain("puts"))
                            .expect("closed after the last put");
                    }
                })
            })
            .collect();
        for who in cast.consumers() {
            let consumer = consumer.clone();
            scope.spawn(move || {
                let mut chance = Chance::of(cast, who);
                while let Some(_number) = narrated::get(
                    narrator,
                    who,
                    &consumer,
                    Consumer::take_within,
                    ToString::to_string,
                    Telling::plain("takes"),
                ) {
                    load.use_up(USING + chance.pause(USING));
                }
            });
        }
        for producer in producers {
            producer.join().expect("no producer panics");
        }
        load.end_production(&producer.statistics());
        producer.close();
    });
    let statistics = producer.statistics();
    narrator::report(&statistics);
    print_all(load::verdict(&load.measured(cast, &statistics)));
    narrator::account(statistics.produced, statistics.finished, statistics.unfinished());
}

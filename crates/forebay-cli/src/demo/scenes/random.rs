//! Random numbers at random times, without end: the linked discipline (Michael & Scott, 1996).
//!
//! Both sides sleep as long as chance will have it, so now the one waits and now the other. Ctrl-C is how
//! this ends: nobody puts or takes any more, what still waits is counted as remaining, and the exit
//! status is 0, because nothing went wrong. SIGTERM does the same.

use std::thread;
use std::time::Duration;

use forebay::{Consumer, Discipline};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::{Count, Scene};
use crate::demo::cast::{Actor, Cast};
use crate::demo::chance::Chance;
use crate::demo::interruption::Interruption;
use crate::demo::narrated::{self, Telling};
use crate::demo::narrator::{self, Narrator};

pub(super) const SCENE: Scene = Scene {
    name: "random",
    about: "random numbers at random times, until Ctrl-C or --items N",
    items: Count::Endless,
    producers: Count::Usual(2),
    consumers: Count::Usual(2),
    capacity: Count::Usual(5),
    seed: None,
    source: &[
        ("crates/forebay-cli/src/demo/scenes/random.rs", "the scene"),
        ("crates/forebay-cli/src/demo/interruption.rs", "Ctrl-C, which wakes those who sleep"),
        (
            "crates/forebay-threads/src/disciplines/two_lock/mod.rs",
            "the discipline, a lock at each end",
        ),
        ("crates/forebay-threads/src/buffer/ending.rs", "close, drain and join"),
    ],
    play,
    part: None,
};

const PAUSE: Duration = Duration::from_millis(100);

fn play(cast: &Cast) {
    let mut signals = Signals::new([SIGINT, SIGTERM]).expect("both can be caught");
    let no_more_signals = signals.handle();
    let narrator = &Narrator::begin(cast);
    let interruption = &Interruption::default();
    let (producer, consumer) = &cast.buffer(Discipline::Linked);
    thread::scope(|scope| {
        scope.spawn(move || {
            if signals.forever().next().is_some() {
                narrator.page().line(Actor::MAIN, "interrupted");
                interruption.come();
                producer.close();
            }
        });
        let producers: Vec<_> = cast
            .producers()
            .map(|who| {
                scope.spawn(move || {
                    let mut chance = Chance::of(cast, who);
                    for _ in 0..cast.share_of(who) {
                        if interruption.pause(chance.pause(PAUSE)) {
                            break;
                        }
                        let number = chance.among(0..=256);
                        let telling = Telling::plain("puts");
                        if narrated::put(narrator, who, producer, number, telling).is_err() {
                            break;
                        }
                    }
                })
            })
            .collect();
        let consumers: Vec<_> = cast
            .consumers()
            .map(|who| {
                let consumer = consumer.clone();
                scope.spawn(move || {
                    let mut chance = Chance::of(cast, who);
                    while !interruption.pause(chance.pause(PAUSE)) {
                        let telling = Telling::plain("takes");
                        let take = Consumer::take_within;
                        let name = ToString::to_string;
                        if narrated::get(narrator, who, &consumer, take, name, telling).is_none() {
                            break;
                        }
                    }
                })
            })
            .collect();
        for producer in producers {
            producer.join().expect("no producer panics");
        }
        producer.close();
        for consumer in consumers {
            consumer.join().expect("no consumer panics");
        }
        no_more_signals.close();
    });
    narrator::end(&producer.statistics());
}

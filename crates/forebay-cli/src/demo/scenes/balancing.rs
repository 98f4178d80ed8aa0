//! Consumers that are not equally quick: one buffer for all, beside a split that is fixed beforehand.
//!
//! On one buffer nobody shares anything out. Who is free takes next, so each takes as much as it can,
//! and all end together. A fixed split gives each its own buffer and deals the items round; then the
//! slow one is what everything waits for: its buffer fills up, and holds back even what is for others.

use std::iter;
use std::thread;
use std::time::{Duration, Instant};

use forebay::{Consumer, Discipline, Producer};

use super::{Count, Scene};
use crate::demo::cast::Cast;
use crate::demo::chance::Chance;
use crate::demo::narrated::{self, Telling};
use crate::demo::narrator::{self, Narrator, print_all, shown};
use crate::demo::table::Table;

pub(super) const SCENE: Scene = Scene {
    name: "balancing",
    about: "one consumer is slow: each one's share of one buffer, and of a fixed split",
    items: Count::Usual(60),
    producers: Count::Usual(1),
    consumers: Count::Usual(3),
    capacity: Count::Usual(5),
    seed: None,
    source: &[
        ("crates/forebay-cli/src/demo/scenes/balancing.rs", "the scene"),
        ("crates/forebay-threads/src/buffer/taking.rs", "who is free takes next"),
        ("crates/forebay-threads/src/share.rs", "what each consumer took"),
        ("crates/forebay-contract/src/clause.rs", "C10: how far waiters may be passed"),
    ],
    play,
    part: None,
};

/// An item is made in up to this.
const MAKING: Duration = Duration::from_millis(2);
/// A quick consumer uses an item in this, and up to as much again; the first one is so much slower.
const USING: Duration = Duration::from_millis(4);
const SLOWER: u32 = 5;
/// Lines told of each run.
const TOLD: usize = 14;

/// What came of one run.
struct Run {
    /// Of each consumer: how many it took, and when it was done.
    shares: Vec<(u64, Duration)>,
    time: Duration,
    produced: u64,
}

fn play(cast: &Cast) {
    let narrator = &Narrator::begin(cast);
    print_all([format!(
        "consumer-1 is slow: an item takes it {SLOWER} times as long as the others"
    )]);
    narrator.chapter("one buffer, and who is free takes next:", TOLD);
    let (producer, consumer) = cast.buffer(Discipline::Ring);
    let consumers = cast.consumers().map(|_| consumer.clone()).collect();
    let shared = run(cast, narrator, &[producer], consumers);

    narrator.chapter("a buffer for each, and items are dealt round:", TOLD);
    let (producers, consumers): (Vec<_>, Vec<_>) = cast
        .consumers()
        .map(|who| cast.named_buffer(&format!("{who}'s"), Discipline::Ring))
        .unzip();
    let split = run(cast, narrator, &producers, consumers);
    compare(cast, &shared, &split);
}

/// Producers deal their items round the buffers; each consumer takes from its own handle.
fn run(
    cast: &Cast,
    narrator: &Narrator,
    buffers: &[Producer<u64>],
    consumers: Vec<Consumer<u64>>,
) -> Run {
    let begun = Instant::now();
    let shares = thread::scope(|scope| {
        let mut first = 0;
        let producers: Vec<_> = cast
            .producers()
            .map(|who| {
                let range = first..first + cast.share_of(who);
                first = range.end;
                scope.spawn(move || {
                    let mut chance = Chance::of(cast, who);
                    for number in range {
                        thread::sleep(chance.pause(MAKING));
                        let buffer = &buffers[number as usize % buffers.len()];
                        narrated::put(narrator, who, buffer, number, Telling::plain("puts"))
                            .expect("closed after the last put");
                    }
                })
            })
            .collect();
        let consumers: Vec<_> = iter::zip(cast.consumers(), consumers)
            .map(|(who, consumer)| {
                scope.spawn(move || {
                    let mut chance = Chance::of(cast, who);
                    let slower = if who.number == 1 { SLOWER } else { 1 };
                    let mut taken = 0;
                    while let Some(_number) = narrated::get(
                        narrator,
                        who,
                        &consumer,
                        Consumer::take_within,
                        ToString::to_string,
                        Telling::plain("takes"),
                    ) {
                        taken += 1;
                        thread::sleep((USING + chance.pause(USING)) * slower);
                    }
                    (taken, begun.elapsed())
                })
            })
            .collect();
        for producer in producers {
            producer.join().expect("no producer panics");
        }
        for buffer in buffers {
            buffer.close();
        }
        let shares = consumers.into_iter().map(|one| one.join().expect("no consumer panics"));
        shares.collect()
    });
    let produced = buffers.iter().map(|buffer| buffer.statistics().produced).sum();
    Run { shares, time: begun.elapsed(), produced }
}

fn compare(cast: &Cast, shared: &Run, split: &Run) {
    print_all([String::new()]);
    let mut table = Table::headed(["", "one buffer", "done after", "fixed split", "done after"]);
    for ((who, one), other) in iter::zip(iter::zip(cast.consumers(), &shared.shares), &split.shares)
    {
        let slow = if who.number == 1 { " (slow)" } else { "" };
        table.row([
            format!("{who}{slow}"),
            format!("took {}", one.0),
            shown(one.1),
            format!("took {}", other.0),
            shown(other.1),
        ]);
    }
    table.print();
    let times = split.time.as_secs_f64() / shared.time.as_secs_f64();
    let why = if times > 1.1 {
        "dealt round, everything waits for the slow one; on one buffer it takes less, and nobody waits \
         for it"
    } else {
        "with such a cast it comes to much the same"
    };
    print_all([
        format!(
            "one buffer: {}; a fixed split: {}, {times:.1} times as long",
            shown(shared.time),
            shown(split.time)
        ),
        why.to_owned(),
        "in both runs:".to_owned(),
    ]);
    let produced = shared.produced + split.produced;
    let consumed = iter::chain(&shared.shares, &split.shares).map(|share| share.0).sum::<u64>();
    narrator::account(produced, consumed, produced - consumed);
}

//! Too much comes: a quick producer, a slow consumer, and what a full buffer does about it.
//!
//! The same overload is played once for each policy that a producer may choose (C9), and once more into
//! a buffer without a bound, which has no policy, because it is never full.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use forebay::{Builder, Consumer, Overflow, Producer, Statistics};

use super::{Count, Scene};
use crate::demo::cast::Cast;
use crate::demo::chance::Chance;
use crate::demo::load::{self, Load};
use crate::demo::narrated::{self, Telling};
use crate::demo::narrator::{self, Narrator, counted, print_all, shown};
use crate::demo::table::Table;

pub(super) const SCENE: Scene = Scene {
    name: "overflow",
    about: "a quick producer, a slow consumer: every policy for a full buffer, and no bound at all",
    // Without a bound, most of them are in memory at once.
    items: Count::Within { least: 1, usual: 48, most: 10_000 },
    producers: Count::Usual(1),
    consumers: Count::Usual(1),
    capacity: Count::Usual(5),
    seed: None,
    source: &[
        ("crates/forebay-cli/src/demo/scenes/overflow.rs", "the scene"),
        ("crates/forebay-contract/src/overflow.rs", "the policies, and what a put says"),
        ("crates/forebay-threads/src/buffer/putting.rs", "what a put does on full"),
        ("crates/forebay-cli/src/demo/load.rs", "what is measured of the two sides"),
        (
            "crates/forebay-cli/src/run/report/bottleneck.rs",
            "how many consumers would balance them",
        ),
    ],
    play,
    part: None,
};

/// An item is made in this, and up to as much again.
const MAKING: Duration = Duration::from_millis(2);
/// The same for its use.
const USING: Duration = Duration::from_millis(15);
/// What each item carries.
const KIB: usize = 64;
/// Lines told of each run.
const TOLD: usize = 12;

const POLICIES: [(&str, Overflow); 5] = [
    ("wait", Overflow::Wait),
    ("wait 5 ms", Overflow::WaitFor(Duration::from_millis(5))),
    ("refuse", Overflow::Refuse),
    ("drop oldest", Overflow::DropOldest),
    ("drop this", Overflow::DropThis),
];

struct Parcel {
    number: u64,
    made: Instant,
    _bytes: Vec<u8>,
}

impl Parcel {
    fn new(number: u64) -> Self {
        Self { number, made: Instant::now(), _bytes: vec![1; KIB * 1024] }
    }
}

impl fmt::Display for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parcel {}", self.number)
    }
}

/// What came of one run.
struct Run {
    statistics: Statistics,
    refused: u64,
    /// The greatest age of a parcel when it was taken.
    oldest: Duration,
    /// Which side was slow.
    verdict: [String; 2],
}

fn play(cast: &Cast) {
    let narrator = &Narrator::begin(cast);
    let mut runs = Vec::new();
    for (name, overflow) in POLICIES {
        narrator.chapter(format!("on full, {name}:"), TOLD);
        let (producer, consumer) =
            Builder::bounded(cast.capacity).build().expect("no count of a cast is 0");
        let run = overload(cast, narrator, &producer.with_overflow(overflow), &consumer);
        if overflow == Overflow::Wait {
            narrator::report(&run.statistics);
            print_all(run.verdict.clone());
        }
        runs.push((name, run));
    }
    narrator.chapter("no bound, so never full:", TOLD);
    let (producer, consumer) = forebay::unbounded();
    runs.push(("no bound", overload(cast, narrator, &producer, &consumer)));
    compare(cast, &runs);
}

/// Everybody does the same in each run; only the buffer and the policy differ.
fn overload(
    cast: &Cast,
    narrator: &Narrator,
    producer: &Producer<Parcel>,
    consumer: &Consumer<Parcel>,
) -> Run {
    let load = &Load::begin();
    // Relaxed: they are read when everybody is done.
    let (refused, oldest, next) = (&AtomicU64::new(0), &AtomicU64::new(0), &AtomicU64::new(1));
    thread::scope(|scope| {
        let producers: Vec<_> = cast
            .producers()
            .map(|who| {
                scope.spawn(move || {
                    let mut chance = Chance::of(cast, who);
                    for _ in 0..cast.share_of(who) {
                        load.make(MAKING + chance.pause(MAKING));
                        let parcel = Parcel::new(next.fetch_add(1, Ordering::Relaxed));
                        let telling = Telling::plain("puts");
                        // The parcel comes back with a refusal; here nobody has a better place for it.
                        if narrated::put(narrator, who, producer, parcel, telling).is_err() {
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        for who in cast.consumers() {
            let consumer = consumer.clone();
            scope.spawn(move || {
                let mut chance = Chance::of(cast, who);
                while let Some(parcel) = narrated::get(
                    narrator,
                    who,
                    &consumer,
                    Consumer::take_within,
                    ToString::to_string,
                    Telling::plain("takes"),
                ) {
                    let age = parcel.made.elapsed().as_micros() as u64;
                    oldest.fetch_max(age, Ordering::Relaxed);
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
    Run {
        refused: refused.load(Ordering::Relaxed),
        oldest: Duration::from_micros(oldest.load(Ordering::Relaxed)),
        verdict: load::verdict(&load.measured(cast, &statistics)),
        statistics,
    }
}

fn compare(cast: &Cast, runs: &[(&str, Run)]) {
    print_all([
        String::new(),
        format!("the same {} parcels, by policy:", cast.items.unwrap_or_default()),
    ]);
    let mut table = Table::headed([
        "on full", "produced", "consumed", "refused", "dropped", "waited", "oldest", "high",
    ]);
    for (name, Run { statistics, refused, oldest, .. }) in runs {
        table.row([
            (*name).to_owned(),
            statistics.produced.to_string(),
            statistics.finished.to_string(),
            refused.to_string(),
            statistics.dropped.to_string(),
            shown(statistics.producer_wait),
            shown(*oldest),
            statistics.high_water.to_string(),
        ]);
    }
    table.print();
    print_all(
        [
            "waited: producers, for room",
            "oldest: the greatest age of a parcel when it was taken",
            "high: the high-water mark",
            "To wait loses nothing, and slows the producers down. To refuse leaves the parcel to whoever \
             made it. To drop the oldest keeps what is new, to drop this one what is old.",
        ]
        .map(str::to_owned),
    );
    tell_memory(cast, runs);
    let sum = |count: fn(&Run) -> u64| runs.iter().map(|(_, run)| count(run)).sum::<u64>();
    print_all([
        format!("in all {} runs, and {}:", runs.len(), counted(sum(|run| run.refused), "refusal")),
        format!(
            "{} produced, {} consumed, {} dropped, {} remaining",
            sum(|run| run.statistics.produced),
            sum(|run| run.statistics.finished),
            sum(|run| run.statistics.dropped),
            sum(|run| run.statistics.unfinished()),
        ),
    ]);
}

/// What waited at most, in items and in bytes, with a bound and without one.
fn tell_memory(cast: &Cast, runs: &[(&str, Run)]) {
    let mib = |items: u64| items as f64 * KIB as f64 / 1024.0;
    let capacity = cast.capacity as u64;
    let (_, unbounded) = runs.last().expect("it has just been played");
    let high_water = unbounded.statistics.high_water;
    print_all([
        format!(
            "A parcel carries {KIB} KiB, so in a buffer of {capacity} never more than {:.2} MiB wait.",
            mib(capacity)
        ),
        format!(
            "Without a bound {high_water} parcels waited, {:.2} MiB; had the overload gone on, it would \
             have been more, until memory is gone.",
            mib(high_water)
        ),
    ]);
}

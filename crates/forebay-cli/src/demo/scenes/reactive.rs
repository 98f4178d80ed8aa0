//! A stream that is pushed, with backpressure from its end to its source: J. Bonér, D. Farley, R. Kuhn
//! and M. Thompson, *The Reactive Manifesto*, 2014; here with the traits and combinators of the crate
//! `futures`.
//!
//! ```text
//! source -> [readings] -> map, buffered -> [squares] -> collector
//!  sink       buffer         stream          buffer       stream
//! ```
//!
//! Nobody asks the source for anything: it pushes as fast as it can. The collector is slow, and knows
//! nobody but the buffer that it takes from. Still the source goes at its pace, because whatever stands
//! in between takes a reading only when it can do something with it.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use forebay::{Discipline, Producer};
use futures::executor::{ThreadPool, block_on};
use futures::task::SpawnExt as _;
use futures::{SinkExt as _, StreamExt as _, future, poll};

use super::{Count, Scene};
use crate::demo::cast::{Actor, Cast};
use crate::demo::chance::Chance;
use crate::demo::narrator::{self, Narrator, print_all, shown};

pub(super) const SCENE: Scene = Scene {
    name: "reactive",
    about: "a pushed stream through Stream and Sink: a slow end holds the source back",
    items: Count::Usual(24),
    producers: Count::Usual(1),
    consumers: Count::Usual(2),
    capacity: Count::Usual(3),
    seed: None,
    source: &[
        ("crates/forebay-cli/src/demo/scenes/reactive.rs", "the scene"),
        ("crates/forebay-threads/src/sink.rs", "a producer as a Sink"),
        ("crates/forebay-threads/src/stream.rs", "a consumer as a Stream"),
        ("crates/forebay-threads/src/request.rs", "how a stream keeps its place in the line"),
    ],
    play,
    part: None,
};

/// A reading is squared in up to this.
const SQUARING: Duration = Duration::from_millis(4);
/// What the collector does with a square takes this, and up to as much again.
const COLLECTING: Duration = Duration::from_millis(20);

/// Readings that have been pushed and not been collected yet.
#[derive(Debug, Default)]
struct UnderWay {
    pushed: AtomicU64,
    collected: AtomicU64,
    most: AtomicU64,
}

fn play(cast: &Cast) {
    let narrator = &Narrator::begin(cast);
    let at_once = cast.consumers;
    print_all([format!(
        "producers push into readings; the stage squares {at_once} at once, in order, into squares; the \
         collector is slow"
    )]);
    let under_way = &UnderWay::default();
    let (readings, to_square) = cast.named_buffer("readings", Discipline::Ring);
    let readings = &readings;
    let (squares, to_collect) = cast.named_buffer("squares", Discipline::Ring);
    let pool = ThreadPool::builder().pool_size(cast.consumers as usize).create();
    let pool = pool.unwrap_or_else(|error| narrator::give_up(&format!("no threads: {error}")));

    let (held_back, all) = thread::scope(|scope| {
        let sources: Vec<_> = cast
            .producers()
            .map(|who| {
                scope.spawn(move || block_on(push(cast, narrator, who, readings, under_way)))
            })
            .collect();

        // At most so many at once, and out in the order in which they came in.
        let mut chance = Chance::of(cast, Actor::STAGE);
        let squared = to_square
            .into_stream()
            .inspect(|reading| narrator.page().line(Actor::STAGE, format!("takes {reading}")))
            .map(|reading: u64| {
                let pause = chance.pause(SQUARING);
                let square = async move {
                    thread::sleep(pause);
                    (reading, u128::from(reading).pow(2))
                };
                pool.spawn_with_handle(square).expect("the pool is there until the end")
            })
            .buffered(cast.consumers as usize)
            .inspect(|(reading, square)| {
                narrator.page().line(Actor::STAGE, format!("gives {reading}² = {square}"));
            })
            .map(Ok)
            .forward(squares.into_sink());

        let collector = scope.spawn(move || {
            let mut chance = Chance::of(cast, Actor::COLLECTOR);
            // It blocks its thread; nothing else runs there.
            block_on(to_collect.into_stream().for_each(|(_, square)| {
                narrator.page().line(Actor::COLLECTOR, format!("takes {square}, slowly"));
                thread::sleep(COLLECTING + chance.pause(COLLECTING));
                under_way.collected.fetch_add(1, Ordering::AcqRel);
                future::ready(())
            }));
        });

        let closed = scope.spawn(move || {
            let (held_back, all): (Vec<Duration>, Vec<Duration>) =
                sources.into_iter().map(|one| one.join().expect("no source panics")).unzip();
            readings.close();
            (held_back.iter().sum(), all.iter().sum())
        });
        block_on(squared).expect("the collector takes to the end");
        collector.join().expect("the collector does not panic");
        closed.join().expect("nothing to panic over")
    });
    tell(cast, under_way, held_back, all);
    narrator::end(&readings.statistics());
}

/// Pushes its share, as fast as it is let; how long it was held back, and how long all of it took.
async fn push(
    cast: &Cast,
    narrator: &Narrator,
    who: Actor,
    readings: &Producer<u64>,
    under_way: &UnderWay,
) -> (Duration, Duration) {
    let begun = Instant::now();
    let mut chance = Chance::of(cast, who);
    let mut sink = readings.sink();
    let mut held_back = Duration::ZERO;
    for _ in 0..cast.share_of(who) {
        let reading = chance.among(0..=99);
        // It is ready when a place has been set aside for the reading, and has put it there.
        let mut pushing = pin!(sink.feed(reading));
        let since = Instant::now();
        let mut how = String::new();
        let pushed = match poll!(&mut pushing) {
            Poll::Ready(pushed) => pushed,
            Poll::Pending => {
                narrator.page().line(who, format!("has {reading}, and is held back"));
                let pushed = pushing.await;
                held_back += since.elapsed();
                how = format!(" after {}", shown(since.elapsed()));
                pushed
            }
        };
        pushed.expect("closed after the last push");
        under_way.push();
        narrator.page().line(who, format!("pushes {reading}{how}"));
    }
    (held_back, begun.elapsed())
}

impl UnderWay {
    fn push(&self) {
        let pushed = self.pushed.fetch_add(1, Ordering::AcqRel) + 1;
        let now = pushed.saturating_sub(self.collected.load(Ordering::Acquire));
        self.most.fetch_max(now, Ordering::Relaxed);
    }
}

fn tell(cast: &Cast, under_way: &UnderWay, held_back: Duration, all: Duration) {
    let (capacity, at_once) = (cast.capacity as u64, cast.consumers);
    // One more waits in `forward` for its place, and one is in the collector's hands.
    let room = capacity + at_once + 1 + capacity + 1;
    print_all([
        format!("the source was held back for {} of its {}", shown(held_back), shown(all)),
        format!(
            "at most {} readings were under way at once; there is room for {room}: {capacity} in \
             readings, {at_once} being squared, 1 on its way, {capacity} in squares, 1 being collected",
            under_way.most.load(Ordering::Relaxed)
        ),
    ]);
}

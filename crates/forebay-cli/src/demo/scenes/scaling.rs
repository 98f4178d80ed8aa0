//! Consumers are added while it runs, until they are more than keep up, and the depth falls.
//!
//! A clone of a consumer is another consumer: nothing is stopped, told or set up anew for it. The chart
//! shows how many items wait; what it rises or falls by is what comes minus what is taken.

use std::cmp::Ordering;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use forebay::{Consumer, Discipline};

use super::{Count, Scene};
use crate::demo::cast::{Actor, Cast};
use crate::demo::chance::Chance;
use crate::demo::narrator::{self, Narrator, counted, print_all};

pub(super) const SCENE: Scene = Scene {
    name: "scaling",
    about: "consumers are added while it runs, and the depth falls: a chart",
    items: Count::Usual(160),
    producers: Count::Usual(1),
    consumers: Count::Usual(4),
    capacity: Count::Usual(50),
    seed: None,
    source: &[
        ("crates/forebay-cli/src/demo/scenes/scaling.rs", "the scene"),
        ("crates/forebay-threads/src/consumer.rs", "a clone is another consumer"),
        ("crates/forebay-threads/src/share.rs", "what each consumer took"),
        (
            "crates/forebay-contract/src/statistics.rs",
            "depth, and all else that can be read as it runs",
        ),
    ],
    play,
    part: None,
};

/// An item is made in this, and up to as much again.
const MAKING: Duration = Duration::from_millis(5);
/// The same for its use.
const USING: Duration = Duration::from_millis(13);
/// The depth is looked at so often, and after so many looks another consumer comes.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: usize = 7;
/// Columns beside the bar: when, how many consumers, the depth.
const BESIDE: usize = 16;
const LONGEST_BAR: usize = 50;

/// So many consumed from one depth to another.
struct Stage {
    consumers: u64,
    from: u64,
    to: u64,
}

fn play(cast: &Cast) {
    let narrator = &Narrator::begin(cast);
    let begun = Instant::now();
    let (producer, consumer) = &cast.buffer(Discipline::Ring);
    let longest = narrator::width().saturating_sub(BESIDE).clamp(2, LONGEST_BAR);
    let mut stages: Vec<Stage> = Vec::new();
    print_all(["when, how many consumers, how many items wait:".to_owned()]);
    thread::scope(|scope| {
        let producers: Vec<_> = cast
            .producers()
            .map(|who| {
                scope.spawn(move || {
                    let mut chance = Chance::of(cast, who);
                    for number in 0..cast.share_of(who) {
                        thread::sleep(MAKING + chance.pause(MAKING));
                        producer.put(number).expect("closed after the last put");
                    }
                })
            })
            .collect();
        let mut newcomers = cast.consumers();
        // Until everything that will come has been taken.
        for look in 0.. {
            let depth = consumer.statistics().waiting;
            if let Some(stage) = stages.last_mut() {
                stage.to = depth;
                let bar = "#".repeat(bar(depth, cast.capacity, longest));
                let at = begun.elapsed().as_millis();
                print_all([format!("{at:>5} ms {:>2} {bar} {depth}", stage.consumers)]);
            }
            if !producer.statistics().closed && producers.iter().all(ScopedJoinHandle::is_finished)
            {
                producer.close();
                narrator.page().line(Actor::MAIN, "everything has been put");
            }
            if producer.statistics().closed && depth == 0 {
                break;
            }
            if look % LOOKS == 0
                && let Some(who) = newcomers.next()
            {
                let consumer = consumer.clone();
                scope.spawn(move || consume(cast, who, &consumer));
                narrator.page().line(who, "is added");
                stages.push(Stage { consumers: who.number, from: depth, to: depth });
            }
            thread::sleep(LOOK);
        }
    });
    tell(&stages);
    narrator::end(&producer.statistics());
}

fn consume(cast: &Cast, who: Actor, consumer: &Consumer<u64>) {
    let mut chance = Chance::of(cast, who);
    while consumer.take().is_ok() {
        thread::sleep(USING + chance.pause(USING));
    }
}

/// The length of a bar: nothing only for a depth of 0.
fn bar(depth: u64, capacity: usize, longest: usize) -> usize {
    (depth as usize * longest).div_ceil(capacity).min(longest)
}

fn tell(stages: &[Stage]) {
    print_all(stages.iter().map(|Stage { consumers, from, to }| {
        let went = match to.cmp(from) {
            Ordering::Greater => format!("rose from {from} to {to}"),
            Ordering::Less => format!("fell from {from} to {to}"),
            Ordering::Equal => format!("stayed at {to}"),
        };
        format!("with {} the depth {went}", counted(*consumers, "consumer"))
    }));
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn a_bar_is_as_long_as_the_buffer_is_deep() {
        assert_eq!([0, 1, 25, 50].map(|depth| bar(depth, 50, 10)), [0, 1, 5, 10]);
        assert_eq!(bar(1, 1, 50), 50);
    }
}

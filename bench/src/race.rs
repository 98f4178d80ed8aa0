//! All items through a buffer, as fast as it goes, between threads.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::blocking::{Put, Take, Trial};
use crate::contender::Contender;
use crate::item::{Item, deal, sum};
use crate::options::Options;
use crate::rounds::interleaved;
use crate::{progress, watchdog};

/// How long a race takes, about, unless the command line says something else.
const ROUND: Duration = Duration::from_millis(75);

/// Carries some items from the producers to the consumers, each a thread of its own.
///
/// It takes from the moment the first thread starts to the moment the last has ended; the threads
/// are there before it begins.
#[derive(Debug, Clone, Copy)]
pub struct Race {
    /// How many in all.
    items: u64,
    /// What each thread does before it starts.
    before: fn(),
}

impl Race {
    /// Of so many items.
    pub fn of(items: u64) -> Self {
        Self { items, before: || () }
    }

    /// With every thread doing this first.
    #[must_use]
    pub fn after(self, before: fn()) -> Self {
        Self { before, ..self }
    }
}

impl<T: Item> Trial<T> for Race {
    type Outcome = Duration;

    fn run<P: Put<T>, C: Take<T>>(self, producers: Vec<P>, consumers: Vec<C>) -> Duration {
        let Self { items, before } = self;
        let start = &Barrier::new(producers.len() + consumers.len());
        let runs = deal(items, producers.len());
        let ready = move || {
            before();
            start.wait();
            Instant::now()
        };
        let legs: Vec<Leg> = thread::scope(|scope| {
            let putting = producers.into_iter().zip(runs).map(|(mut producer, run)| {
                scope.spawn(move || {
                    let begun = ready();
                    run.for_each(|number| producer.put(T::new(number)));
                    drop(producer);
                    Leg { sum: 0, begun, ended: Instant::now() }
                })
            });
            let putting: Vec<_> = putting.collect();
            let taking = consumers.into_iter().map(|mut consumer| {
                scope.spawn(move || {
                    let begun = ready();
                    let mut sum = 0_u64;
                    while let Some(item) = consumer.take() {
                        sum = sum.wrapping_add(item.number());
                    }
                    Leg { sum, begun, ended: Instant::now() }
                })
            });
            let taking: Vec<_> = taking.collect();
            let threads = putting.into_iter().chain(taking);
            threads.map(|thread| thread.join().expect("no thread of a race panics")).collect()
        });
        Leg::whole(&legs, items)
    }
}

/// What one producer or consumer did.
#[derive(Debug, Clone, Copy)]
pub struct Leg {
    /// Of the numbers it took, wrapping; 0 for a producer.
    pub sum: u64,
    /// When it started.
    pub begun: Instant,
    /// When it had nothing more to do.
    pub ended: Instant,
}

impl Leg {
    /// From the first start to the last end, if what was taken are the numbers of `items` items.
    pub fn whole(legs: &[Self], items: u64) -> Duration {
        let taken = legs.iter().fold(0_u64, |sum, leg| sum.wrapping_add(leg.sum));
        assert_eq!(taken, sum(items), "items were lost or doubled: this measures nothing");
        let begun = legs.iter().map(|leg| leg.begun).min().expect("there are legs");
        let ended = legs.iter().map(|leg| leg.ended).max().expect("there are legs");
        ended - begun
    }
}

/// What each contender comes to over the rounds, where `race` has one of them carry so many items at
/// a place, such as a shape and a capacity, that `place` names; `figure` is [`rate`] or [`each`].
pub fn side_by_side(
    place: &str,
    contenders: &[Contender],
    options: &Options,
    figure: fn(u64, Duration) -> f64,
    race: impl Fn(Contender, u64) -> Duration,
) -> Vec<(Contender, Vec<f64>)> {
    let watched = |contender: Contender, items| {
        let what = format!("{contender} at {place}");
        progress::show(&what);
        watchdog::watch(&what, watchdog::LIMIT, || race(contender, items))
    };
    let wanted = options.round(ROUND);
    let items: Vec<u64> = contenders
        .iter()
        .map(|contender| enough(wanted, |items| watched(*contender, items)))
        .collect();
    let figures = interleaved(options.rounds(), contenders.len(), |turn| {
        figure(items[turn], watched(contenders[turn], items[turn]))
    });
    contenders.iter().copied().zip(figures).collect()
}

/// Million items a second.
pub fn rate(items: u64, duration: Duration) -> f64 {
    items as f64 / duration.as_secs_f64() / 1e6
}

/// Nanoseconds for each item.
pub fn each(items: u64, duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9 / items as f64
}

/// How many items make a race of about `wanted`, where `race` races so many.
fn enough(wanted: Duration, race: impl Fn(u64) -> Duration) -> u64 {
    let mut items = 2_000;
    loop {
        let duration = race(items);
        if duration * 4 >= wanted {
            let more = wanted.as_secs_f64() / duration.as_secs_f64();
            return ((items as f64 * more) as u64).max(1);
        }
        items *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_race_needs_few_items() {
        let wanted = Duration::from_millis(100);
        assert_eq!(enough(wanted, |items| Duration::from_micros(items * 1000)), 100);
        assert_eq!(enough(wanted, Duration::from_micros), 100_000);
    }
}

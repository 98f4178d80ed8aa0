//! Items through a buffer, as fast as they go, for some time.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::blocking::{Put, Take, Trial};
use crate::contender::Contender;
use crate::item::Item;
use crate::options::Options;
use crate::rounds::interleaved;
use crate::{progress, watchdog};

/// How long a race takes, unless the command line says something else.
const ROUND: Duration = Duration::from_millis(75);

/// Producers put for so long and consumers take the rest, each a thread of its own.
///
/// It takes from the moment the first thread starts to the moment the last has ended; the threads
/// are there before it begins. The end is a time and not a number of items, because many buffers
/// change between a fast and a slow state, and what took long in one is over at once in the other.
#[derive(Debug, Clone, Copy)]
pub struct Race {
    lasting: Duration,
    before: fn(),
}

impl Race {
    /// For so long.
    pub fn lasting(lasting: Duration) -> Self {
        Self { lasting, before: || () }
    }

    /// With every thread doing this first.
    #[must_use]
    pub fn after(self, before: fn()) -> Self {
        Self { before, ..self }
    }
}

impl<T: Item> Trial<T> for Race {
    type Outcome = Carried;

    fn run<P: Put<T>, C: Take<T>>(self, producers: Vec<P>, consumers: Vec<C>) -> Carried {
        let start = &Barrier::new(producers.len() + consumers.len() + 1);
        let over = &AtomicBool::new(false);
        let ready = move || {
            (self.before)();
            start.wait();
        };
        thread::scope(|scope| {
            let putting = producers.into_iter().zip(0..).map(|(mut producer, hand)| {
                scope.spawn(move || {
                    ready();
                    let mut leg = Leg::begin();
                    while !over.load(Ordering::Relaxed) {
                        producer.put(T::new(leg.next(hand)));
                    }
                    drop(producer);
                    leg.end()
                })
            });
            let putting: Vec<_> = putting.collect();
            let taking = consumers.into_iter().map(|mut consumer| {
                scope.spawn(move || {
                    ready();
                    let mut leg = Leg::begin();
                    while let Some(item) = consumer.take() {
                        leg.count(item.number());
                    }
                    leg.end()
                })
            });
            let taking: Vec<_> = taking.collect();
            start.wait();
            thread::sleep(self.lasting);
            over.store(true, Ordering::Relaxed);
            let legs = |threads: Vec<thread::ScopedJoinHandle<'_, Leg>>| -> Vec<Leg> {
                let join = |thread: thread::ScopedJoinHandle<'_, Leg>| thread.join();
                let leg = |leg: thread::Result<Leg>| leg.expect("no thread of a race panics");
                threads.into_iter().map(join).map(leg).collect()
            };
            Carried::by(&legs(putting), &legs(taking))
        })
    }
}

/// What one producer or consumer did.
#[derive(Debug, Clone, Copy)]
pub struct Leg {
    items: u64,
    /// Of the items' numbers, wrapping.
    sum: u64,
    begun: Instant,
    ended: Instant,
}

impl Leg {
    /// Starts now.
    pub fn begin() -> Self {
        let now = Instant::now();
        Self { items: 0, sum: 0, begun: now, ended: now }
    }

    /// The number of the next item that the producer `hand` puts; no other has it.
    #[inline]
    pub fn next(&mut self, hand: u64) -> u64 {
        let number = hand << 48 | self.items;
        self.count(number);
        number
    }

    /// Notes an item.
    #[inline]
    pub fn count(&mut self, number: u64) {
        self.items += 1;
        self.sum = self.sum.wrapping_add(number);
    }

    /// There is nothing more to do.
    #[must_use]
    pub fn end(self) -> Self {
        Self { ended: Instant::now(), ..self }
    }
}

/// What a race came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Carried {
    items: u64,
    duration: Duration,
}

impl Carried {
    /// By these producers and consumers, from the first start to the last end.
    ///
    /// # Panics
    /// If what was taken is not what was put.
    pub fn by(putting: &[Leg], taking: &[Leg]) -> Self {
        let total = |legs: &[Leg]| {
            legs.iter().fold((0, 0_u64), |(items, sum), leg| {
                (items + leg.items, sum.wrapping_add(leg.sum))
            })
        };
        assert_eq!(total(putting), total(taking), "items were lost or doubled");
        let legs = || putting.iter().chain(taking);
        let begun = legs().map(|leg| leg.begun).min().expect("there are legs");
        let ended = legs().map(|leg| leg.ended).max().expect("there are legs");
        Self { items: total(putting).0, duration: ended - begun }
    }

    /// Million items a second.
    pub fn rate(self) -> f64 {
        self.items as f64 / self.duration.as_secs_f64() / 1e6
    }

    /// Nanoseconds for each item.
    pub fn each(self) -> f64 {
        self.duration.as_secs_f64() * 1e9 / self.items as f64
    }
}

/// What each contender comes to over the rounds, where `figure` has one of them race for so long at
/// a place, such as a shape and a capacity, that `place` names.
pub fn side_by_side(
    place: &str,
    contenders: &[Contender],
    options: &Options,
    figure: impl Fn(Contender, Duration) -> f64,
) -> Vec<(Contender, Vec<f64>)> {
    let lasting = options.round(ROUND);
    let figures = interleaved(options.rounds(), contenders.len(), |turn| {
        let what = format!("{} at {place}", contenders[turn]);
        progress::show(&what);
        watchdog::watch(&what, lasting + watchdog::LIMIT, || figure(contenders[turn], lasting))
    });
    contenders.iter().copied().zip(figures).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(numbers: impl IntoIterator<Item = u64>) -> Leg {
        let mut leg = Leg::begin();
        numbers.into_iter().for_each(|number| leg.count(number));
        leg.end()
    }

    #[test]
    fn every_item_has_a_number_of_its_own() {
        let (mut one, mut other) = (Leg::begin(), Leg::begin());
        assert_eq!([one.next(0), one.next(0)], [0, 1]);
        assert_eq!(other.next(1), 1 << 48);
        assert_eq!(Carried::by(&[one, other], &[leg([1 << 48, 0]), leg([1])]).items, 3);
    }

    #[test]
    #[should_panic(expected = "lost or doubled")]
    fn a_doubled_item_is_seen() {
        Carried::by(&[leg([1, 2])], &[leg([1, 1])]);
    }
}

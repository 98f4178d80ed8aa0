//! A buffer in simulated time, event by event: items come, wait, are worked on, and go.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

use hdrhistogram::Histogram;
use toyvm::chance::Chance;

use super::spread::Spread;

/// What becomes of an item that finds the buffer full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum OnFull {
    /// Its producer waits, and makes no other meanwhile
    Wait,
    /// It is refused, or dropped
    Refuse,
    /// The oldest that waits is dropped for it
    DropOldest,
}

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model {
    /// From one item to the next, of all producers together.
    pub(super) gap: Spread,
    pub(super) producers: u32,
    /// The work of one item.
    pub(super) service: Spread,
    pub(super) consumers: u32,
    pub(super) capacity: u64,
    pub(super) on_full: OnFull,
}

/// What came of it, from when the buffer had filled as it does.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Seconds.
    pub(super) time: f64,
    /// Items that came, and those of them that were refused or dropped.
    pub(super) came: u64,
    pub(super) lost: u64,
    /// Microseconds that each waited that was worked on.
    pub(super) waits: Histogram<u64>,
    /// The sum of these, in seconds.
    pub(super) waited: f64,
    /// Seconds that producers waited, all together.
    pub(super) held_up: f64,
    /// Items that waited, times the seconds that they did; consumers that worked, likewise; seconds without room.
    depth: f64,
    work: f64,
    full: f64,
}

impl Seen {
    fn new() -> Self {
        let waits = Histogram::new(3).expect("three digits can be kept");
        let (came, lost) = (0, 0);
        let (time, waited, held_up, depth, work, full) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        Self { time, came, lost, waits, waited, held_up, depth, work, full }
    }

    /// Items that wait, in the mean.
    pub(super) fn depth(&self) -> f64 {
        self.depth / self.time
    }

    /// Of the time of these consumers, what they work.
    pub(super) fn busy(&self, consumers: u32) -> f64 {
        self.work / self.time / f64::from(consumers)
    }

    /// Of the time, that in which there is no room.
    pub(super) fn full(&self) -> f64 {
        self.full / self.time
    }

    /// Items that are worked on, a second.
    pub(super) fn rate(&self) -> f64 {
        self.waits.len() as f64 / self.time
    }

    /// Seconds that an item waits, in the mean.
    pub(super) fn wait(&self) -> f64 {
        self.waited / (self.waits.len().max(1)) as f64
    }

    /// Seconds that no more than so large a part of the items wait longer.
    pub(super) fn wait_of(&self, part: f64) -> f64 {
        self.waits.value_at_quantile(part) as f64 / 1e6
    }

    /// Adds what another run of the same model saw.
    pub(super) fn add(&mut self, other: &Self) {
        self.time += other.time;
        self.came += other.came;
        self.lost += other.lost;
        self.waits.add(&other.waits).expect("both keep three digits");
        self.waited += other.waited;
        self.held_up += other.held_up;
        self.depth += other.depth;
        self.work += other.work;
        self.full += other.full;
    }
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// This producer has an item.
    Item(u32),
    /// A consumer is done with one.
    Done,
}

/// When.
#[derive(Debug, Clone, Copy)]
struct Due {
    at: f64,
    event: Event,
}

impl Ord for Due {
    /// The next is the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.total_cmp(&self.at)
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Due {}

struct Simulation {
    model: Model,
    chance: Chance,
    now: f64,
    due: BinaryHeap<Due>,
    /// Since when each item waits that does, and each producer.
    waiting: VecDeque<f64>,
    standing: VecDeque<(f64, u32)>,
    working: u32,
    seen: Seen,
}

/// Goes on until so many items were worked on, after a tenth as many that are not looked at.
pub(super) fn simulate(model: Model, items: u64, seed: u64) -> Seen {
    let mut simulation = Simulation {
        model,
        chance: Chance::new(seed, 0),
        now: 0.0,
        due: BinaryHeap::new(),
        waiting: VecDeque::new(),
        standing: VecDeque::new(),
        working: 0,
        seen: Seen::new(),
    };
    // Who goes away leaves no producer waiting, so one is as many as it takes.
    let producers = if model.on_full == OnFull::Wait { model.producers } else { 1 };
    for producer in 0..producers {
        simulation.produce(producer, producers);
    }
    simulation.go_on(items / 10, producers);
    simulation.seen = Seen::new();
    simulation.go_on(items, producers);
    simulation.seen
}

impl Simulation {
    fn go_on(&mut self, items: u64, producers: u32) {
        while self.seen.waits.len() < items {
            let Due { at, event } = self.due.pop().expect("somebody always produces or works");
            self.pass(at);
            match event {
                Event::Item(producer) => self.come(producer, producers),
                Event::Done => {
                    self.working -= 1;
                    self.work();
                    self.let_in(producers);
                }
            }
        }
    }

    /// Time passes in which nothing changes.
    fn pass(&mut self, until: f64) {
        let time = until - self.now;
        self.seen.time += time;
        self.seen.depth += time * self.waiting.len() as f64;
        self.seen.work += time * f64::from(self.working);
        if self.is_full() {
            self.seen.full += time;
        }
        self.now = until;
    }

    fn is_full(&self) -> bool {
        self.waiting.len() as u64 >= self.model.capacity
    }

    fn produce(&mut self, producer: u32, producers: u32) {
        let gap = self.model.gap.draw(&mut self.chance) * f64::from(producers);
        self.due.push(Due { at: self.now + gap, event: Event::Item(producer) });
    }

    fn come(&mut self, producer: u32, producers: u32) {
        self.seen.came += 1;
        if self.working < self.model.consumers {
            // It does not wait.
        } else if self.is_full() {
            match self.model.on_full {
                OnFull::Wait => {
                    self.standing.push_back((self.now, producer));
                    return;
                }
                OnFull::Refuse => {
                    self.seen.lost += 1;
                    return self.produce(producer, producers);
                }
                OnFull::DropOldest => {
                    self.seen.lost += 1;
                    self.waiting.pop_front();
                }
            }
        }
        self.waiting.push_back(self.now);
        self.work();
        self.produce(producer, producers);
    }

    /// A consumer that has nothing to do takes the oldest item.
    fn work(&mut self) {
        if self.working == self.model.consumers {
            return;
        }
        let Some(since) = self.waiting.pop_front() else { return };
        let wait = self.now - since;
        self.seen.waited += wait;
        self.seen.waits.record((wait * 1e6).round() as u64).expect("it grows with what is waited");
        self.working += 1;
        let service = self.model.service.draw(&mut self.chance);
        self.due.push(Due { at: self.now + service, event: Event::Done });
    }

    /// The producer that stands first in line puts its item, once there is room.
    fn let_in(&mut self, producers: u32) {
        if self.is_full() {
            return;
        }
        if let Some((since, producer)) = self.standing.pop_front() {
            self.seen.held_up += self.now - since;
            self.waiting.push_back(self.now);
            self.work();
            self.produce(producer, producers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::formula::{Known, known};
    use super::*;

    const ITEMS: u64 = 400_000;

    fn model(load: f64, consumers: u32, capacity: u64) -> Model {
        Model {
            gap: Spread { mean: 1.0 / load, variation: 1.0 },
            producers: 1,
            service: Spread { mean: 1.0, variation: 1.0 },
            consumers,
            capacity,
            on_full: OnFull::Refuse,
        }
    }

    fn near(what: &str, found: f64, known: f64, within: f64) {
        assert!((found - known).abs() <= within * known.max(0.02), "{what}: {found}, not {known}");
    }

    #[test]
    fn it_comes_to_what_the_formula_says() {
        for (load, consumers, capacity) in [
            (0.5, 1, 1_000),
            (0.9, 1, 4),
            (2.0, 3, 1_000),
            (3.0, 5, 1),
            (9.0, 8, 20),
            (40.0, 44, 9),
        ] {
            let seen = simulate(model(load, consumers, capacity), ITEMS, 11);
            let Known { refused, wait, depth, busy } = known(load, 1.0, consumers, capacity);
            near("refused", seen.lost as f64 / seen.came as f64, refused, 0.03);
            near("wait", seen.wait(), wait, 0.04);
            near("depth", seen.depth(), depth, 0.04);
            near("busy", seen.busy(consumers), busy, 0.01);
            if capacity == 1_000 && consumers == 1 {
                // Of all, those that wait so long: ρ exp(−(1 − ρ) t).
                near("99 %", seen.wait_of(0.99), (load / 0.01_f64).ln() / (1.0 - load), 0.06);
            }
            // What waits, by what is worked on (Little, 1961).
            near("Little", seen.depth(), seen.rate() * seen.wait(), 0.001);
        }
    }

    #[test]
    fn one_consumer_and_work_of_any_kind() {
        // Pollaczek (1930) and Khinchine (1932): by how much the work varies, not by how.
        for variation in [0.0, 0.5, 1.0, 2.0] {
            let service = Spread { mean: 1.0, variation };
            let seen = simulate(Model { service, ..model(0.6, 1, 100_000) }, 4 * ITEMS, 3);
            let known = 0.6 / 0.4 * (1.0 + variation * variation) / 2.0;
            near(&format!("{variation}"), seen.wait(), known, 0.05);
        }
    }

    #[test]
    fn producers_that_wait_make_no_more_than_is_worked_on() {
        let waits = Model { on_full: OnFull::Wait, producers: 3, ..model(20.0, 4, 5) };
        let seen = simulate(waits, ITEMS, 5);
        near("rate", seen.rate(), 4.0, 0.01);
        near("busy", seen.busy(4), 1.0, 0.001);
        assert_eq!(seen.lost, 0);
        assert!(seen.full() > 0.5 && seen.held_up > 0.0, "{} {}", seen.full(), seen.held_up);
        // With room for all, nobody waits.
        let seen = simulate(Model { on_full: OnFull::Wait, ..model(2.0, 4, 100_000) }, ITEMS, 5);
        assert!(seen.held_up <= 0.0);
        near("wait", seen.wait(), known(2.0, 1.0, 4, 100_000).wait, 0.04);
    }

    #[test]
    fn the_oldest_goes_for_the_newest() {
        let (oldest, this) = (OnFull::DropOldest, OnFull::Refuse);
        let drops = |on_full| simulate(Model { on_full, ..model(8.0, 4, 6) }, ITEMS, 5);
        let (oldest, this) = (drops(oldest), drops(this));
        near("lost", oldest.lost as f64 / oldest.came as f64, 0.5, 0.02);
        near("as many", this.lost as f64 / this.came as f64, 0.5, 0.02);
        assert!(oldest.wait() < this.wait() * 0.9, "{} {}", oldest.wait(), this.wait());
    }

    #[test]
    fn the_same_seed_is_the_same_simulation() {
        let run = |seed| simulate(model(0.9, 1, 4), 10_000, seed).waited.to_bits();
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }
}

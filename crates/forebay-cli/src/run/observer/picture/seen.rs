//! What has been seen of a run so far: bounded, whatever its length.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::failures::Failures;
use super::series::{Bucket, Series};
use super::slowest::{Slow, Slowest};
use crate::run::item::Item;
use crate::run::observer::Moment;
use crate::run::observer::event::{Event, Side};

/// So many producers, and so many consumers, are followed one by one; more only all together.
pub(super) const FOLLOWED: usize = 24;

/// How many items waited.
#[derive(Debug, Default)]
pub(super) struct Level {
    /// Items times seconds.
    pub(super) area: f64,
    /// The least and the greatest.
    pub(super) range: Option<(u64, u64)>,
}

impl Bucket for Level {
    fn add(&mut self, other: &Self, part: f64) {
        self.area += other.area * part;
        if let Some((least, most)) = other.range {
            self.include(least);
            self.include(most);
        }
    }
}

impl Level {
    fn include(&mut self, depth: u64) {
        let (least, most) = self.range.unwrap_or((depth, depth));
        self.range = Some((least.min(depth), most.max(depth)));
    }
}

/// What one did, or several together, in seconds.
#[derive(Debug, Default)]
pub(super) struct Deeds {
    pub(super) working: f64,
    pub(super) waiting: f64,
}

impl Bucket for Deeds {
    fn add(&mut self, other: &Self, part: f64) {
        self.working += other.working * part;
        self.waiting += other.waiting * part;
    }
}

/// How many items came to their end.
#[derive(Debug, Default)]
pub(super) struct Ends {
    pub(super) finished: f64,
    pub(super) failed: f64,
}

impl Bucket for Ends {
    fn add(&mut self, other: &Self, part: f64) {
        self.finished += other.finished * part;
        self.failed += other.failed * part;
    }
}

/// A producer or a consumer.
#[derive(Debug, Default)]
pub(super) struct Member {
    pub(super) deeds: Series<Deeds>,
    /// When it was last heard of.
    pub(super) last: Duration,
}

/// All producers, or all consumers.
#[derive(Debug, Default)]
pub(super) struct Crew {
    /// The first ones.
    pub(super) members: Vec<Member>,
    pub(super) all: Series<Deeds>,
    /// How many there are.
    pub(super) count: usize,
}

impl Crew {
    fn note(&mut self, number: usize, from: Duration, to: Duration, tell: fn(&mut Deeds, f64)) {
        self.count = self.count.max(number + 1);
        self.all.spread(from, to, tell);
        if number < FOLLOWED {
            if number >= self.members.len() {
                self.members.resize_with(number + 1, Member::default);
            }
            self.members[number].deeds.spread(from, to, tell);
            self.members[number].last = to;
        }
    }

    fn worked(&mut self, number: usize, from: Duration, to: Duration) {
        self.note(number, from, to, |deeds, seconds| deeds.working += seconds);
    }

    fn waited(&mut self, number: usize, from: Duration, to: Duration) {
        self.note(number, from, to, |deeds, seconds| deeds.waiting += seconds);
    }
}

/// An item that a consumer has now.
#[derive(Debug)]
struct Held {
    consumer: usize,
    since: Duration,
}

/// What has been seen.
#[derive(Debug)]
pub(super) struct Seen {
    began: Instant,
    pub(super) depth: Series<Level>,
    /// The depth since when it last changed.
    level: (Duration, u64),
    pub(super) producers: Crew,
    pub(super) consumers: Crew,
    pub(super) ends: Series<Ends>,
    /// How long consumers had an item, each try for itself, in ns; the first two digits are right.
    pub(super) tries: Histogram<u64>,
    pub(super) slowest: Slowest,
    pub(super) failures: Failures,
    /// Tries that failed and were not the last.
    pub(super) tried_again: u64,
    held: HashMap<u64, Held>,
    /// When each consumer was done with its last item.
    free: HashMap<usize, Duration>,
}

impl Seen {
    pub(super) fn new(began: Instant) -> Self {
        Self {
            began,
            depth: Series::default(),
            level: (Duration::ZERO, 0),
            producers: Crew::default(),
            consumers: Crew::default(),
            ends: Series::default(),
            // It grows as is needed, up to 60 KB. No error: two digits are within its limits.
            tries: Histogram::new(2).expect("two digits"),
            slowest: Slowest::default(),
            failures: Failures::default(),
            tried_again: 0,
            held: HashMap::new(),
            free: HashMap::new(),
        }
    }

    pub(super) fn see(&mut self, moment: Moment, event: &Event<'_>) {
        let Moment { at, depth } = moment;
        if depth != self.level.1 {
            self.end_level(at);
            self.level = (at, depth);
        }
        match *event {
            Event::Put { producer, .. } => self.producers.worked(producer, at, at),
            Event::Lease { consumer, item, .. } => {
                self.held.insert(item.seq, Held { consumer, since: at });
            }
            Event::Ack { item, .. } => {
                self.end_try(at, item, || "finished".to_owned());
                self.ends.at(at).finished += 1.0;
            }
            Event::Failed { item, reason, .. } => {
                self.tried_again += 1;
                self.end_try(at, item, || format!("failed, to be tried again: {reason}"));
            }
            Event::Dead { item, reason, .. } => {
                self.end_try(at, item, || format!("failed: {reason}"));
                self.ends.at(at).failed += 1.0;
                self.failures.note(at, || item.label(), reason);
            }
            Event::Nack { item } => {
                // Out of a consumer's hands; or out of backoff, where nobody worked on it.
                if let Some(held) = self.held.remove(&item.seq) {
                    self.work(held, at);
                }
            }
            Event::Output { .. }
            | Event::Refused { .. }
            | Event::Dropped { .. }
            | Event::Consumers { .. } => {}
            Event::Wait { side, since } => {
                let since = since.saturating_duration_since(self.began);
                match side {
                    Side::Producer(number) => self.producers.waited(number, since, at),
                    Side::Consumer(number) => self.consumers.waited(number, since, at),
                }
            }
        }
    }

    /// The consumer is done with it, for now or for good. A consumer with a worker may hold several, and
    /// works on one after another; since when on this one.
    fn work(&mut self, Held { consumer, since }: Held, at: Duration) -> Duration {
        let free = self.free.entry(consumer).or_default();
        let since = since.max(*free);
        *free = at;
        self.consumers.worked(consumer, since, at);
        since
    }

    fn end_try(&mut self, at: Duration, item: &Item, result: impl FnOnce() -> String) {
        let Some(held) = self.held.remove(&item.seq) else { return };
        let since = self.work(held, at);
        let took = at.saturating_sub(since);
        // It grows for whatever is within these bounds.
        let _ = self.tries.record(took.as_nanos().clamp(1, 1 << 62) as u64);
        let (seq, label) = (Reverse(item.seq), || item.label());
        self.slowest.note(took, || Slow { took, seq, label: label(), result: result() });
    }

    fn end_level(&mut self, at: Duration) {
        let (since, depth) = self.level;
        self.depth.spread(since, at, |level, seconds| {
            level.area += depth as f64 * seconds;
            level.include(depth);
        });
    }

    /// The run has ended: so has what still goes on.
    pub(super) fn end(&mut self, at: Duration) {
        self.end_level(at);
        self.level.0 = at;
        for held in std::mem::take(&mut self.held).into_values() {
            self.work(held, at);
        }
    }
}

//! What the reference buffer keeps under its lock.

use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;
use std::time::{Duration, Instant};

use forebay_conformance::{Counted, Item, Settings};
use forebay_contract::{DeadLetter, Overflow, Share, Statistics};

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) item: Counted,
    pub(crate) deliveries: u32,
    pub(crate) failures: u32,
}

#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) entry: Entry,
    pub(crate) consumer: u64,
    pub(crate) deadline: Option<Instant>,
}

/// What a waiter waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    Place { weight: u64 },
    Item { consumer: u64 },
    Lease { consumer: u64 },
    Join,
}

#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) ticket: u64,
    pub(crate) want: Want,
    pub(crate) since: Instant,
    pub(crate) waker: Option<Waker>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) waiting: BTreeMap<u64, Entry>,
    pub(crate) leased: BTreeMap<u64, Held>,
    pub(crate) dead: VecDeque<DeadLetter<Counted>>,
    pub(crate) line: Vec<Waiter>,
    /// Places and weight set aside by permits.
    pub(crate) reserved: usize,
    pub(crate) reserved_weight: u64,
    pub(crate) next_position: u64,
    pub(crate) next_ticket: u64,
    pub(crate) produced: u64,
    pub(crate) finished: u64,
    pub(crate) dropped: u64,
    pub(crate) high_water: u64,
    pub(crate) closed: bool,
    pub(crate) producers: usize,
    pub(crate) consumers: usize,
    pub(crate) producer_wait: Duration,
    pub(crate) consumer_wait: Duration,
    pub(crate) next_consumer: u64,
    /// Of the consumers alive, by number.
    pub(crate) shares: BTreeMap<u64, Share>,
    pub(crate) departed: u64,
    /// What all handles share whose policies are not their own.
    pub(crate) shared_overflow: Overflow,
}

impl State {
    /// What the waiting items weigh together.
    pub(crate) fn weight(&self) -> u64 {
        self.waiting.values().map(|entry| entry.item.weight()).sum()
    }

    pub(crate) fn puts_in_line(&self) -> usize {
        self.line.iter().filter(|waiter| matches!(waiter.want, Want::Place { .. })).count()
    }

    pub(crate) fn statistics(&self, settings: &Settings) -> Statistics {
        let puts = self.puts_in_line();
        let joins = self.line.iter().filter(|waiter| waiter.want == Want::Join).count();
        let mut s = Statistics::default();
        s.capacity = Some(settings.capacity);
        s.weight_capacity = settings.weight_capacity;
        s.weight = settings.weight_capacity.map_or(0, |_| self.weight());
        s.reserved = self.reserved as u64;
        s.produced = self.produced;
        s.finished = self.finished;
        s.waiting = self.waiting.len() as u64;
        s.leased = self.leased.len() as u64;
        s.dead = self.dead.len() as u64;
        s.dropped = self.dropped;
        s.high_water = self.high_water;
        s.closed = self.closed;
        s.producers = self.producers;
        s.consumers = self.consumers;
        s.producers_waiting = puts;
        s.consumers_waiting = self.line.len() - puts - joins;
        s.producer_wait = self.producer_wait;
        s.consumer_wait = self.consumer_wait;
        s.shares = self.shares.values().cloned().collect();
        s.departed = self.departed;
        s
    }
}

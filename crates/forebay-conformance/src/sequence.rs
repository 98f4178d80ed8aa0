//! Random sequences of operations, run on a buffer and on the model side by side.
//!
//! Random testing against an executable specification, with failing cases cut down to a short one
//! (K. Claessen and J. Hughes, *QuickCheck*, 2000). Everything happens on one thread and nothing
//! waits, so that the two must agree at every step, to the last count.

use std::fmt::Debug;

use fastrand::Rng;
use forebay_contract::model::Token;
use forebay_contract::{
    Consume, DeadLetter, LeaseError, Leased, Model, Overflow, Patience, Produce, TakeError,
};

use crate::{Factory, Item, Settings, Subject};

const CONSUMERS: usize = 3;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Put,
    Take(usize),
    Lease(usize),
    /// Answers the lease of this index, modulo those held.
    Ack(usize),
    Nack(usize),
    Fail(usize),
    Reject(usize),
    Drop(usize),
    TakeDead,
    Join,
    Close,
}

impl Operation {
    fn random(rng: &mut Rng) -> Self {
        let one = rng.usize(0..CONSUMERS);
        let lease = rng.usize(0..8);
        match rng.u8(0..100) {
            0..35 => Self::Put,
            35..50 => Self::Take(one),
            50..72 => Self::Lease(one),
            72..77 => Self::Ack(lease),
            77..83 => Self::Nack(lease),
            83..88 => Self::Fail(lease),
            88..90 => Self::Reject(lease),
            90..94 => Self::Drop(lease),
            94..97 => Self::TakeDead,
            97..99 => Self::Join,
            _ => Self::Close,
        }
    }
}

/// Settings, and the steps taken on a buffer made with them.
#[derive(Debug, Clone)]
pub struct Sequence {
    settings: Settings,
    operations: Vec<Operation>,
}

impl Sequence {
    /// The sequence of this seed.
    pub fn random(seed: u64, length: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut settings = Settings::new(rng.usize(1..5));
        settings.max_leased = rng.bool().then(|| rng.usize(1..5));
        settings.max_failures = rng.bool().then(|| rng.u32(1..4));
        settings.max_deliveries = rng.bool().then(|| rng.u32(1..5));
        let operations = (0..length).map(|_| Operation::random(&mut rng)).collect();
        Self { settings, operations }
    }

    /// Runs it on a fresh buffer and a fresh model; the first difference, in words.
    pub fn compare<F: Factory>(&self, factory: &F) -> Result<(), String> {
        let mut pair = Pair::new(factory, self.settings);
        for (step, operation) in self.operations.iter().enumerate() {
            pair.step(*operation)
                .and_then(|()| pair.compare_counts())
                .map_err(|difference| format!("step {step}, {operation:?}: {difference}"))?;
        }
        Ok(())
    }

    /// A sequence that still differs and from which no single step can be left out.
    pub fn shrink<F: Factory>(mut self, factory: &F, mut difference: String) -> (Self, String) {
        let mut step = 0;
        while step < self.operations.len() {
            let mut shorter = self.clone();
            shorter.operations.remove(step);
            match shorter.compare(factory) {
                Ok(()) => step += 1,
                Err(found) => (self, difference, step) = (shorter, found, 0),
            }
        }
        (self, difference)
    }
}

type LeaseOf<F> = <<F as Factory>::Consumer as Consume<<F as Factory>::Item>>::Lease;

/// The buffer and its model, in step.
struct Pair<F: Factory> {
    subject: Subject<F>,
    consumers: Vec<F::Consumer>,
    leases: Vec<(LeaseOf<F>, Token)>,
    model: Model<u64>,
    max_leased: usize,
    next: u64,
}

impl<F: Factory> Pair<F> {
    fn new(factory: &F, settings: Settings) -> Self {
        let subject = Subject::new(factory, settings);
        let default = Model::<u64>::default_max_leased(settings.capacity);
        let max_leased = settings.max_leased.unwrap_or(default);
        let mut model = Model::new(settings.capacity).with_max_leased(max_leased);
        if let Some(limit) = settings.max_failures {
            model = model.with_max_failures(limit);
        }
        if let Some(limit) = settings.max_deliveries {
            model = model.with_max_deliveries(limit);
        }
        let consumers = (0..CONSUMERS).map(|_| subject.consumer.clone()).collect();
        Self { subject, consumers, leases: Vec::new(), model, max_leased, next: 0 }
    }

    fn step(&mut self, operation: Operation) -> Result<(), String> {
        match operation {
            Operation::Put => {
                let found = self.subject.producer.try_put(self.subject.item(self.next));
                let found = found.map_err(|error| (error.item.id(), error.refusal));
                let promised = self.model.put(self.next, Overflow::Refuse);
                let promised = promised.map_err(|error| (error.item, error.refusal));
                self.next += 1;
                same("the put", &found, &promised)
            }
            Operation::Take(consumer) => {
                let found = self.consumers[consumer].try_take().map(|item| item.id());
                same("the take", &found, &self.model.take(consumer as u64))
            }
            Operation::Lease(consumer) => self.lease(consumer),
            Operation::Ack(index) => self.answer(
                index,
                |lease| lease.ack().map(|item| Some(item.id())),
                |model, token| model.ack(token).map(Some),
            ),
            Operation::Nack(index) => self.answer(
                index,
                |lease| lease.nack().map(|()| None),
                |model, token| model.nack(token).map(|()| None),
            ),
            Operation::Fail(index) => self.answer(
                index,
                |lease| lease.fail("failed").map(|()| None),
                |model, token| model.fail(token, "failed").map(|()| None),
            ),
            Operation::Reject(index) => self.answer(
                index,
                |lease| lease.reject("rejected").map(|()| None),
                |model, token| model.reject(token, "rejected").map(|()| None),
            ),
            Operation::Drop(index) => self.answer(
                index,
                |lease| {
                    drop(lease);
                    Ok(None)
                },
                |model, token| model.nack(token).map(|()| None),
            ),
            Operation::TakeDead => {
                let found = self.subject.consumer.take_dead().map(|letter| DeadLetter {
                    item: letter.item.id(),
                    death: letter.death,
                    deliveries: letter.deliveries,
                    failures: letter.failures,
                });
                same("the dead letter", &found, &self.model.take_dead())
            }
            Operation::Join => {
                let found = self.subject.producer.join_within(Patience::Try).is_ok();
                same("the join", &found, &self.model.is_joined())
            }
            Operation::Close => {
                self.subject.producer.close();
                self.model.close();
                Ok(())
            }
        }
    }

    fn lease(&mut self, consumer: usize) -> Result<(), String> {
        let found = self.consumers[consumer].try_lease();
        let promised = self.model.lease(consumer as u64);
        match (found, promised) {
            (Ok(lease), Ok(token)) => {
                let seen = (Some(lease.id()), lease.deliveries(), Some(lease.failures()));
                let model = &self.model;
                let due = (model.item(token).copied(), token.delivery(), model.failures(token));
                self.leases.push((lease, token));
                same("the lease (id, deliveries, failures)", &seen, &due)
            }
            // With nothing to lease and the limit reached, either reason is true.
            (Err(TakeError::LeaseLimit), Err(TakeError::Empty))
                if self.leases.len() >= self.max_leased =>
            {
                Ok(())
            }
            (found, promised) => same("the lease's refusal", &found.err(), &promised.err()),
        }
    }

    fn answer(
        &mut self,
        index: usize,
        found: impl FnOnce(LeaseOf<F>) -> Result<Option<u64>, LeaseError>,
        promised: impl FnOnce(&mut Model<u64>, Token) -> Result<Option<u64>, LeaseError>,
    ) -> Result<(), String> {
        if self.leases.is_empty() {
            return Ok(());
        }
        let (lease, token) = self.leases.swap_remove(index % self.leases.len());
        same("the answer", &found(lease), &promised(&mut self.model, token))
    }

    fn compare_counts(&self) -> Result<(), String> {
        let found = self.subject.statistics();
        let promised = self.model.statistics();
        let counts = |s: &forebay_contract::Statistics| {
            let moved = [s.produced, s.finished, s.dead, s.dropped];
            (moved, s.waiting, s.leased, s.closed)
        };
        same(
            "[produced, finished, dead, dropped], waiting, leased, closed",
            &counts(&found),
            &counts(&promised),
        )
    }
}

fn same<T: PartialEq + Debug>(what: &str, found: &T, promised: &T) -> Result<(), String> {
    if found == promised {
        Ok(())
    } else {
        Err(format!("{what}: the buffer says {found:?}, the model {promised:?}"))
    }
}

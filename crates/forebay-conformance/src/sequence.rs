//! Random sequences of operations, run on a buffer and on the model side by side.
//!
//! Random testing against an executable specification, with failing cases cut down to a short one
//! (K. Claessen and J. Hughes, *QuickCheck*, 2000). Everything happens on one thread and nothing
//! waits, so that the two must agree at every step, to the last count.

use std::fmt::Debug;

use fastrand::Rng;
use forebay_contract::model::{Permit, Token};
use forebay_contract::{
    Consume, DeadLetter, LeaseError, Leased, Model, Overflow, Patience, Permitted, Produce,
    Statistics, TakeError,
};

use crate::{Factory, Item, Settings, Subject};

const CONSUMERS: usize = 3;
/// The policies that answer at once; to wait is tried.
const POLICIES: [Overflow; 4] =
    [Overflow::Wait, Overflow::Refuse, Overflow::DropOldest, Overflow::DropThis];
/// What a permit sets aside, where items are weighed.
const PERMIT_WEIGHT: u64 = 1;

/// What the item of this id weighs.
fn weight_of(id: u64) -> u64 {
    id % 4
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    /// By the producer of this index among the policies.
    Put(usize),
    /// So many.
    PutMany(usize, usize),
    Reserve,
    /// Through the permit of this index, modulo those kept.
    PutPermitted(usize),
    Release(usize),
    Take(usize),
    /// At most so many.
    TakeMany(usize, usize),
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
        let policy = rng.usize(0..POLICIES.len());
        let many = rng.usize(0..5);
        match rng.u8(0..120) {
            0..30 => Self::Put(policy),
            30..38 => Self::PutMany(many, policy),
            38..43 => Self::Reserve,
            43..47 => Self::PutPermitted(lease),
            47..49 => Self::Release(lease),
            49..60 => Self::Take(one),
            60..68 => Self::TakeMany(one, many),
            68..90 => Self::Lease(one),
            90..95 => Self::Ack(lease),
            95..101 => Self::Nack(lease),
            101..106 => Self::Fail(lease),
            106..108 => Self::Reject(lease),
            108..112 => Self::Drop(lease),
            112..116 => Self::TakeDead,
            116..119 => Self::Join,
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
        settings.weight_capacity = rng.bool().then(|| rng.u64(1..8));
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
type PermitOf<F> = <<F as Factory>::Producer as Produce<<F as Factory>::Item>>::Permit;

/// The buffer and its model, in step.
struct Pair<F: Factory> {
    subject: Subject<F>,
    /// One for each policy.
    producers: Vec<F::Producer>,
    consumers: Vec<F::Consumer>,
    permits: Vec<(PermitOf<F>, Permit)>,
    leases: Vec<(LeaseOf<F>, Token)>,
    model: Model<u64>,
    max_leased: usize,
    next: u64,
}

impl<F: Factory> Pair<F> {
    fn new(factory: &F, mut settings: Settings) -> Self {
        settings.weight_capacity = settings.weight_capacity.filter(|_| F::BOUNDS_WEIGHT);
        let subject = Subject::new(factory, settings);
        let default = Model::<u64>::default_max_leased(settings.capacity);
        let max_leased = settings.max_leased.unwrap_or(default);
        let mut model = Model::new(settings.capacity).with_max_leased(max_leased);
        if let Some(limit) = settings.weight_capacity {
            model = model.with_weight_capacity(limit, |id| weight_of(*id));
        }
        if let Some(limit) = settings.max_failures {
            model = model.with_max_failures(limit);
        }
        if let Some(limit) = settings.max_deliveries {
            model = model.with_max_deliveries(limit);
        }
        let producers = POLICIES.map(|policy| subject.producer.clone().with_overflow(policy));
        let consumers = (0..CONSUMERS).map(|_| subject.consumer.clone()).collect();
        Self {
            subject,
            producers: producers.into(),
            consumers,
            permits: Vec::new(),
            leases: Vec::new(),
            model,
            max_leased,
            next: 0,
        }
    }

    /// The next item, and its id.
    fn next(&mut self) -> (F::Item, u64) {
        let id = self.next;
        self.next += 1;
        (F::Item::weighing(id, weight_of(id), &self.subject.ledger), id)
    }

    fn step(&mut self, operation: Operation) -> Result<(), String> {
        match operation {
            Operation::Put(policy) => {
                let (item, id) = self.next();
                let found = self.producers[policy].try_put(item);
                let found = found.map_err(|error| (error.item.id(), error.refusal));
                let promised = self.model.put(id, POLICIES[policy]);
                let promised = promised.map_err(|error| (error.item, error.refusal));
                same("the put", &found, &promised)
            }
            Operation::PutMany(count, policy) => {
                let (items, ids): (Vec<F::Item>, Vec<u64>) =
                    (0..count).map(|_| self.next()).unzip();
                let found = self.producers[policy].put_many_within(items, Patience::Try);
                let found = found.map_err(|error| {
                    let rest: Vec<u64> = error.rest.iter().map(Item::id).collect();
                    (rest, error.refusal, error.done)
                });
                let promised = self.model.put_many(ids, POLICIES[policy]);
                let promised = promised.map_err(|error| (error.rest, error.refusal, error.done));
                same("the put of many", &found, &promised)
            }
            Operation::Reserve => {
                let found = self.subject.producer.try_reserve();
                let promised = self.model.reserve(PERMIT_WEIGHT);
                let refusals = (found.as_ref().err().copied(), promised.err());
                if let (Ok(found), Ok(promised)) = (found, promised) {
                    self.permits.push((found, promised));
                }
                same("the reserve's refusal", &refusals.0, &refusals.1)
            }
            Operation::PutPermitted(index) => self.put_permitted(index),
            Operation::Release(index) => {
                if !self.permits.is_empty() {
                    let (found, promised) = self.permits.swap_remove(index % self.permits.len());
                    drop(found);
                    self.model.release(promised);
                }
                Ok(())
            }
            Operation::TakeMany(consumer, max) => {
                let found = self.consumers[consumer].take_many_within(max, Patience::Try);
                let found = found.map(|items| items.iter().map(Item::id).collect::<Vec<u64>>());
                same("the take of many", &found, &self.model.take_many(consumer as u64, max))
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

    fn put_permitted(&mut self, index: usize) -> Result<(), String> {
        if self.permits.is_empty() {
            return Ok(());
        }
        let (permit, promised) = self.permits.swap_remove(index % self.permits.len());
        let (item, id) = self.next();
        let found = permit.put(item).map_err(|error| (error.item.id(), error.refusal));
        let promised = self.model.put_permitted(promised, id);
        let promised = promised.map_err(|error| (error.item, error.refusal));
        same("the put through a permit", &found, &promised)
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
        let counts = |s: &Statistics| {
            let moved = [s.produced, s.finished, s.dead, s.dropped];
            let held = [s.waiting, s.leased, s.reserved, s.weight];
            (moved, held, s.weight_capacity, s.closed)
        };
        same(
            "[produced, finished, dead, dropped], [waiting, leased, reserved, weight], weight \
             capacity, closed",
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

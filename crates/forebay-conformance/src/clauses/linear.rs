//! C1, C2, C4, C6 and C9 at once: every concurrent history is one that the model explains.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use fastrand::Rng;
use forebay_contract::{Clause, Model, Overflow, Patience, Produce};

use crate::ensure::ensure;
use crate::history::{Answer, Event, Scribe, listing, weight_of};
use crate::linearizable::is_linearizable;
use crate::pattern::violation;
use crate::worker::{Worker, finish_all};
use crate::{Factory, Ledger, Settings, Subject};

/// What the callers of a short history do, beside puts and takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mix {
    /// Nothing.
    Plain,
    /// A close in the midst of them.
    Closing,
    /// Leases, acks and nacks.
    Leasing,
    /// Puts that drop on full.
    Dropping,
    /// Permits.
    Reserving,
    /// Items are weighed.
    Weighing,
    /// Calls for many items.
    Batching,
}

impl Mix {
    const fn clause(self) -> Clause {
        match self {
            Self::Plain | Self::Leasing | Self::Batching => Clause::Order,
            Self::Closing => Clause::CloseAndDrain,
            Self::Dropping => Clause::Overflow,
            Self::Reserving => Clause::Waiting,
            Self::Weighing => Clause::Bound,
        }
    }
}

/// Many short histories of puts and takes, each explained by the model.
pub fn c2_short_histories_are_linearizable<F: Factory>(factory: &F) {
    explain_rounds(factory, Mix::Plain, 400);
}

/// The same with leases: acks and nacks take their place in the order as well.
pub fn c2_histories_with_leases_are_linearizable<F: Factory>(factory: &F) {
    explain_rounds(factory, Mix::Leasing, 400);
}

/// The same with calls for many items: their parts come in their order.
pub fn c2_histories_of_batches_are_linearizable<F: Factory>(factory: &F) {
    explain_rounds(factory, Mix::Batching, 300);
}

/// The same with a close in their midst: no put after it, no `Closed` before it.
pub fn c6_histories_with_close_are_linearizable<F: Factory>(factory: &F) {
    explain_rounds(factory, Mix::Closing, 300);
}

/// The same with items of different weights: the bound is exact by weight too.
pub fn c1_histories_by_weight_are_linearizable<F: Factory>(factory: &F) {
    explain_rounds(factory, Mix::Weighing, 300);
}

/// The same with permits: a place set aside is nobody else's.
pub fn c5_histories_with_permits_are_linearizable<F: Factory>(factory: &F) {
    explain_rounds(factory, Mix::Reserving, 300);
}

/// The same with puts that drop: what a put says was dropped is what goes, and nothing else.
pub fn c9_histories_with_drops_are_linearizable<F: Factory>(factory: &F) {
    explain_rounds(factory, Mix::Dropping, 300);
}

fn explain_rounds<F: Factory>(factory: &F, mix: Mix, rounds: u64) {
    for round in 0..F::scaled(rounds) {
        let (capacity, max_leased) = (1 + (round % 3) as usize, 1 + (round % 2) as usize);
        let mut settings = Settings::new(capacity).max_leased(max_leased);
        let mut model = Model::new(capacity).with_max_leased(max_leased);
        if mix == Mix::Weighing {
            let weight_capacity = 2 + round % 5;
            settings = settings.weight_capacity(weight_capacity);
            model = model.with_weight_capacity(weight_capacity, |id| weight_of(*id));
        }
        let events = short_history(factory, settings, mix, round);
        let explained = is_linearizable(&events, &model);
        let clause = mix.clause();
        assert!(explained, "{clause}: {settings:?}: no order explains{}", listing(&events));
    }
}

/// Three callers with a few calls each, beginning together, and the rest taken by one.
fn short_history<F: Factory>(factory: &F, settings: Settings, mix: Mix, round: u64) -> Vec<Event> {
    const CALLERS: u64 = 3;
    let subject = Subject::new(factory, settings);
    let clock = Arc::new(AtomicU64::new(0));
    let start = Arc::new(Barrier::new(CALLERS as usize));
    let callers = (0..CALLERS)
        .map(|caller| {
            let (producer, consumer) = (subject.producer.clone(), subject.consumer.clone());
            let (ledger, start) = (subject.ledger.clone(), Arc::clone(&start));
            let mut scribe = Scribe::<F>::new(caller, &clock);
            Worker::start(move || {
                let mut rng = Rng::with_seed(round * CALLERS + caller);
                start.wait();
                calls(&mut scribe, (&producer, &consumer), &ledger, mix, &mut rng);
                while scribe.answer(true) {}
                while scribe.release() {}
                scribe.into_events()
            })
        })
        .collect();
    let mut events: Vec<Event> = finish_all(callers).into_iter().flatten().collect();
    let mut last = Scribe::<F>::new(CALLERS, &clock);
    while matches!(last.take(&subject.consumer, Patience::Try), Answer::Item(_)) {}
    events.extend(last.into_events());
    events
}

/// The calls of one caller.
fn calls<F: Factory>(
    scribe: &mut Scribe<F>,
    (producer, consumer): (&F::Producer, &F::Consumer),
    ledger: &Ledger,
    mix: Mix,
    rng: &mut Rng,
) {
    const CALLS: u64 = 5;
    // Ids of their own for each caller and call.
    const BATCH: u64 = 3;
    let first = scribe.caller() * CALLS * BATCH;
    let droppers = [Overflow::DropOldest, Overflow::DropThis]
        .map(|overflow| producer.clone().with_overflow(overflow));
    for id in (first..first + CALLS * BATCH).step_by(BATCH as usize) {
        let patience = if rng.u8(0..3) == 0 {
            Patience::lasting(Duration::from_micros(rng.u64(1..300)))
        } else {
            Patience::Try
        };
        match (mix, rng.u8(0..20)) {
            (Mix::Dropping, 0..7) => scribe.put(&droppers[rng.usize(0..2)], id, ledger, patience),
            (Mix::Reserving, 0..5) => scribe.reserve(producer, patience),
            (Mix::Reserving, 5..8) => scribe.put_permitted(id, ledger),
            (Mix::Reserving, 8) => drop(scribe.release()),
            (Mix::Batching, 0..6) => {
                let ids: Vec<u64> = (id..id + rng.u64(1..=BATCH)).collect();
                scribe.put_many(producer, &ids, ledger, patience);
            }
            (Mix::Batching, 12..17) => scribe.take_many(consumer, rng.usize(1..4), patience),
            (Mix::Leasing, 9..12) => drop(scribe.lease(consumer, patience)),
            (Mix::Leasing, 12..16) => drop(scribe.answer(rng.bool())),
            (Mix::Closing, 19) => scribe.close(producer),
            (Mix::Reserving, 9..12) | (_, 0..9) => scribe.put(producer, id, ledger, patience),
            _ => drop(scribe.take(consumer, patience)),
        }
    }
}

/// Long histories show none of the patterns that no queue shows: first with calls that wait, then
/// with calls that try.
pub fn c2_long_histories_keep_their_order<F: Factory>(factory: &F) {
    let each = F::scaled(1_500);
    for (capacity, waits) in [(1, true), (5, true), (5, false)] {
        let subject = Subject::with_capacity(factory, capacity);
        let clock = Arc::new(AtomicU64::new(0));
        let patience = if waits { Patience::Forever } else { Patience::Try };
        let producing = (0..2)
            .map(|caller| {
                let (own, ledger) = (subject.producer.clone(), subject.ledger.clone());
                let mut scribe = Scribe::<F>::new(caller, &clock);
                Worker::start(move || {
                    for id in caller * each..(caller + 1) * each {
                        scribe.put(&own, id, &ledger, patience);
                        if id % 64 == 0 {
                            std::thread::yield_now();
                        }
                    }
                    scribe.into_events()
                })
            })
            .collect();
        let consuming = (2..4)
            .map(|caller| {
                let own = subject.consumer.clone();
                let mut scribe = Scribe::<F>::new(caller, &clock);
                Worker::start(move || {
                    loop {
                        match scribe.take(&own, patience) {
                            Answer::Nothing(forebay_contract::TakeError::Closed) => break,
                            Answer::Nothing(_) => std::thread::yield_now(),
                            _ => {}
                        }
                    }
                    scribe.into_events()
                })
            })
            .collect();
        let mut events: Vec<Event> = finish_all(producing).into_iter().flatten().collect();
        subject.producer.close();
        events.extend(finish_all(consuming).into_iter().flatten());
        let found = violation(&events);
        ensure!(Order, found.is_none(), "capacity {capacity}, waits {waits}: {found:?}");
    }
}

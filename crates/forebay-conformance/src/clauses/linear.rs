//! C1, C2, C4 and C6 at once: every concurrent history is one that the model explains.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use fastrand::Rng;
use forebay_contract::{Model, Patience, Produce};

use crate::ensure::ensure;
use crate::history::{Answer, Event, Scribe, listing};
use crate::linearizable::is_linearizable;
use crate::pattern::violation;
use crate::worker::{Worker, finish_all};
use crate::{Factory, Settings, Subject};

/// What the callers of a short history do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mix {
    /// Puts and takes.
    Plain,
    /// Puts and takes, and a close in the midst of them.
    Closing,
    /// Puts, takes, leases, acks and nacks.
    Leasing,
}

/// Many short histories of puts and takes, each explained by the model.
pub fn c2_short_histories_are_linearizable<F: Factory>(factory: &F) {
    explain_rounds(factory, Mix::Plain, 400);
}

/// The same with leases: acks and nacks take their place in the order as well.
pub fn c2_histories_with_leases_are_linearizable<F: Factory>(factory: &F) {
    explain_rounds(factory, Mix::Leasing, 400);
}

/// The same with a close in their midst: no put after it, no `Closed` before it.
pub fn c6_histories_with_close_are_linearizable<F: Factory>(factory: &F) {
    explain_rounds(factory, Mix::Closing, 300);
}

fn explain_rounds<F: Factory>(factory: &F, mix: Mix, rounds: u64) {
    for round in 0..rounds {
        let (capacity, max_leased) = (1 + (round % 3) as usize, 1 + (round % 2) as usize);
        let settings = Settings::new(capacity).max_leased(max_leased);
        let events = short_history(factory, settings, mix, round);
        let model = Model::new(capacity).with_max_leased(max_leased);
        let explained = is_linearizable(&events, &model);
        if mix == Mix::Closing {
            ensure!(
                CloseAndDrain,
                explained,
                "{settings:?}: no order explains{}",
                listing(&events)
            );
        } else {
            ensure!(Order, explained, "{settings:?}: no order explains{}", listing(&events));
        }
    }
}

/// Three callers with a few calls each, beginning together, and the rest taken by one.
fn short_history<F: Factory>(factory: &F, settings: Settings, mix: Mix, round: u64) -> Vec<Event> {
    const CALLERS: u64 = 3;
    const CALLS: u64 = 5;
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
                for number in 0..CALLS {
                    let patience = if rng.u8(0..3) == 0 {
                        Patience::lasting(Duration::from_micros(rng.u64(1..300)))
                    } else {
                        Patience::Try
                    };
                    let id = caller * CALLS + number;
                    match rng.u8(0..20) {
                        0..9 => scribe.put(&producer, id, &ledger, patience),
                        9..12 if mix == Mix::Leasing => drop(scribe.lease(&consumer, patience)),
                        12..16 if mix == Mix::Leasing => drop(scribe.answer(rng.bool())),
                        19 if mix == Mix::Closing => scribe.close(&producer),
                        _ => drop(scribe.take(&consumer, patience)),
                    }
                }
                while scribe.answer(true) {}
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

/// Long histories show none of the patterns that no queue shows: first with calls that wait, then
/// with calls that try.
pub fn c2_long_histories_keep_their_order<F: Factory>(factory: &F) {
    const EACH: u64 = 1_500;
    for (capacity, waits) in [(1, true), (5, true), (5, false)] {
        let subject = Subject::with_capacity(factory, capacity);
        let clock = Arc::new(AtomicU64::new(0));
        let patience = if waits { Patience::Forever } else { Patience::Try };
        let producing = (0..2)
            .map(|caller| {
                let (own, ledger) = (subject.producer.clone(), subject.ledger.clone());
                let mut scribe = Scribe::<F>::new(caller, &clock);
                Worker::start(move || {
                    for id in caller * EACH..(caller + 1) * EACH {
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

//! Histories: what concurrent callers asked, what they were told, and when.
//!
//! After M. Herlihy and J. Wing, *Linearizability: a correctness condition for concurrent objects*,
//! 1990: a history is right when every call can be placed at one moment between its begin and its
//! end so that the sequential object, here the [`Model`](forebay_contract::Model), would have
//! answered the same.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use forebay_contract::{Consume, Leased, Patience, Produce, Refusal, TakeError};

use crate::{Factory, Item, Ledger};

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Put this item.
    Put(u64),
    /// Take an item.
    Take,
    /// Lease an item.
    Lease,
    /// Finish this leased item.
    Ack(u64),
    /// Give this leased item back.
    Nack(u64),
    /// Close.
    Close,
}

/// What was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It was done.
    Done,
    /// This item came.
    Item(u64),
    /// The put was refused.
    Refused(Refusal),
    /// No item came.
    Nothing(TakeError),
}

/// One call from its begin to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Who called; consumers are told apart by it.
    pub caller: u64,
    /// What was asked.
    pub call: Call,
    /// What was told.
    pub answer: Answer,
    /// Whether the call was ready to wait. While such a put or take is under way, places and items
    /// may be kept for it (C10).
    pub waits: bool,
    /// When it began, on the history's own clock, which ticks at every begin and end.
    pub begun: u64,
    /// When it had ended.
    pub ended: u64,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { caller, call, answer, waits, begun, ended } = self;
        let how = if *waits { " (waits)" } else { "" };
        write!(f, "{begun:>3}-{ended:<3} caller {caller}: {call:?}{how} -> {answer:?}")
    }
}

/// The events in the order of their begins, one a line, to be read in a failure.
pub fn listing(events: &[Event]) -> String {
    let mut sorted = events.to_vec();
    sorted.sort_unstable_by_key(|event| event.begun);
    let lines: Vec<String> = sorted.iter().map(Event::to_string).collect();
    format!("\n{}", lines.join("\n"))
}

/// Writes down one caller's calls.
pub struct Scribe<F: Factory> {
    caller: u64,
    clock: Arc<AtomicU64>,
    events: Vec<Event>,
    leases: Vec<<F::Consumer as Consume<F::Item>>::Lease>,
}

impl<F: Factory> Scribe<F> {
    /// A scribe for this caller; all scribes of a history share its clock.
    pub fn new(caller: u64, clock: &Arc<AtomicU64>) -> Self {
        Self { caller, clock: Arc::clone(clock), events: Vec::new(), leases: Vec::new() }
    }

    /// Puts an item.
    pub fn put(&mut self, producer: &F::Producer, id: u64, ledger: &Ledger, patience: Patience) {
        let item = F::Item::new(id, ledger);
        self.record(Call::Put(id), patience, |_| match producer.put_within(item, patience) {
            Ok(_) => Answer::Done,
            Err(error) => Answer::Refused(error.refusal),
        });
    }

    /// Takes an item; what came of it.
    pub fn take(&mut self, consumer: &F::Consumer, patience: Patience) -> Answer {
        self.record(Call::Take, patience, |_| match consumer.take_within(patience) {
            Ok(item) => Answer::Item(item.id()),
            Err(error) => Answer::Nothing(error),
        })
    }

    /// Leases an item and holds it.
    pub fn lease(&mut self, consumer: &F::Consumer, patience: Patience) -> Answer {
        self.record(Call::Lease, patience, |scribe| match consumer.lease_within(patience) {
            Ok(lease) => {
                let id = lease.id();
                scribe.leases.push(lease);
                Answer::Item(id)
            }
            Err(error) => Answer::Nothing(error),
        })
    }

    /// Ends the oldest lease held, by ack or nack; false when none is held.
    pub fn answer(&mut self, acks: bool) -> bool {
        if self.leases.is_empty() {
            return false;
        }
        let lease = self.leases.remove(0);
        let id = lease.id();
        let call = if acks { Call::Ack(id) } else { Call::Nack(id) };
        self.record(call, Patience::Try, |_| {
            let answered = if acks { lease.ack().map(drop) } else { lease.nack() };
            assert!(answered.is_ok(), "C4 nothing twice: a lease without deadline expired");
            Answer::Done
        });
        true
    }

    /// Closes the buffer.
    pub fn close(&mut self, producer: &F::Producer) {
        self.record(Call::Close, Patience::Try, |_| {
            producer.close();
            Answer::Done
        });
    }

    /// What it wrote. Leases still held are dropped only afterwards, outside the history.
    pub fn into_events(self) -> Vec<Event> {
        self.events
    }

    fn record(
        &mut self,
        call: Call,
        patience: Patience,
        run: impl FnOnce(&mut Self) -> Answer,
    ) -> Answer {
        let begun = self.clock.fetch_add(1, Ordering::SeqCst);
        let answer = run(self);
        let ended = self.clock.fetch_add(1, Ordering::SeqCst);
        let waits = patience != Patience::Try;
        self.events.push(Event { caller: self.caller, call, answer, waits, begun, ended });
        answer
    }
}

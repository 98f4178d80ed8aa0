//! Histories: what concurrent callers asked, what they were told, and when.
//!
//! After M. Herlihy and J. Wing, *Linearizability: a correctness condition for concurrent objects*,
//! 1990: a history is right when every call can be placed at one moment between its begin and its
//! end so that the sequential object, here the [`Model`](forebay_contract::Model), would have
//! answered the same.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use forebay_contract::{
    Batch, Consume, Leased, Outcome, Overflow, Patience, Permitted, Produce, Refusal, TakeError,
};

use crate::{Factory, Item, Ledger};

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Put this item, and wait or be refused when there is no room.
    Put(u64),
    /// Put this item, and drop what this policy says when there is no room.
    PutOr(u64, Overflow),
    /// Set a place aside.
    Reserve,
    /// Put this item where a place was set aside.
    PutPermitted(u64),
    /// Give a place back that was set aside.
    Release,
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
    /// It was done: a put has placed its item.
    Done,
    /// It was, and so many of the oldest were dropped for it.
    DroppedOldest(u64),
    /// The item that was to be put was dropped.
    DroppedThis,
    /// This item came.
    Item(u64),
    /// The put or the permit was refused.
    Refused(Refusal),
    /// No item came.
    Nothing(TakeError),
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Placed => Self::Done,
            Outcome::DroppedOldest(dropped) => Self::DroppedOldest(dropped),
            Outcome::DroppedThis => Self::DroppedThis,
        }
    }
}

/// One call from its begin to its end, or one item's part of a call for many, which has the begin
/// and the end of the whole. A caller's events come in the order in which they are written.
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

/// What the item of this id weighs in a history: 0 to 3.
pub fn weight_of(id: u64) -> u64 {
    id % 4
}

/// Writes down one caller's calls.
pub struct Scribe<F: Factory> {
    caller: u64,
    clock: Arc<AtomicU64>,
    events: Vec<Event>,
    leases: Vec<<F::Consumer as Consume<F::Item>>::Lease>,
    permits: Vec<<F::Producer as Produce<F::Item>>::Permit>,
}

impl<F: Factory> Scribe<F> {
    /// A scribe for this caller; all scribes of a history share its clock.
    pub fn new(caller: u64, clock: &Arc<AtomicU64>) -> Self {
        Self {
            caller,
            clock: Arc::clone(clock),
            events: Vec::new(),
            leases: Vec::new(),
            permits: Vec::new(),
        }
    }

    /// Whose calls these are.
    pub fn caller(&self) -> u64 {
        self.caller
    }

    /// Puts an item under the policy of its producer.
    pub fn put(&mut self, producer: &F::Producer, id: u64, ledger: &Ledger, patience: Patience) {
        let item = F::Item::weighing(id, weight_of(id), ledger);
        let overflow = producer.overflow();
        let (call, waits) = if overflow.drops() {
            (Call::PutOr(id, overflow), Patience::Try)
        } else {
            (Call::Put(id), patience)
        };
        self.record(call, waits, |_| match producer.put_within(item, patience) {
            Ok(outcome) => outcome.into(),
            Err(error) => Answer::Refused(error.refusal),
        });
    }

    /// Puts these items in one call, by a producer that drops nothing.
    pub fn put_many(
        &mut self,
        producer: &F::Producer,
        ids: &[u64],
        ledger: &Ledger,
        patience: Patience,
    ) {
        let items = ids.iter().map(|id| F::Item::weighing(*id, weight_of(*id), ledger)).collect();
        let begun = self.tick();
        let put = producer.put_many_within(items, patience);
        let ended = self.tick();
        let (done, refusal) = match put {
            Ok(done) => (done, None),
            Err(error) => {
                let rest: Vec<u64> = error.rest.iter().map(Item::id).collect();
                assert!(ids.ends_with(&rest), "C5 waiting: of {ids:?}, {rest:?} came back");
                assert!(!rest.is_empty(), "C5 waiting: nothing came back of a refused batch");
                (error.done, Some(error.refusal))
            }
        };
        let placed = Batch { placed: done.placed, ..Batch::default() };
        assert!(done == placed, "C9 overflow: a batch that drops nothing: {done:?}");
        let answers = (0..done.placed).map(|_| Answer::Done).chain(refusal.map(Answer::Refused));
        for (id, answer) in ids.iter().zip(answers) {
            self.write(Call::Put(*id), answer, patience, begun, ended);
        }
    }

    /// Takes up to `max` items in one call.
    pub fn take_many(&mut self, consumer: &F::Consumer, max: usize, patience: Patience) {
        let begun = self.tick();
        let taken = consumer.take_many_within(max, patience);
        let ended = self.tick();
        match taken {
            Ok(items) => {
                let count = items.len();
                assert!((1..=max).contains(&count), "C5 waiting: {count} of {max} were taken");
                // It waits for the first only.
                let waits = [patience].into_iter().chain(std::iter::repeat(Patience::Try));
                for (item, waits) in items.into_iter().zip(waits) {
                    self.write(Call::Take, Answer::Item(item.id()), waits, begun, ended);
                }
            }
            Err(error) => self.write(Call::Take, Answer::Nothing(error), patience, begun, ended),
        }
    }

    /// Sets a place aside and keeps the permit.
    pub fn reserve(&mut self, producer: &F::Producer, patience: Patience) {
        self.record(Call::Reserve, patience, |scribe| match producer.reserve_within(patience) {
            Ok(permit) => {
                scribe.permits.push(permit);
                Answer::Done
            }
            Err(refusal) => Answer::Refused(refusal),
        });
    }

    /// Puts an item through the oldest permit kept, if there is one.
    pub fn put_permitted(&mut self, id: u64, ledger: &Ledger) {
        if self.permits.is_empty() {
            return;
        }
        let permit = self.permits.remove(0);
        let item = F::Item::weighing(id, weight_of(id), ledger);
        self.record(Call::PutPermitted(id), Patience::Try, |_| match permit.put(item) {
            Ok(()) => Answer::Done,
            Err(error) => Answer::Refused(error.refusal),
        });
    }

    /// Drops the oldest permit kept; false when there is none.
    pub fn release(&mut self) -> bool {
        if self.permits.is_empty() {
            return false;
        }
        let permit = self.permits.remove(0);
        self.record(Call::Release, Patience::Try, |_| {
            drop(permit);
            Answer::Done
        });
        true
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
        let begun = self.tick();
        let answer = run(self);
        let ended = self.tick();
        self.write(call, answer, patience, begun, ended);
        answer
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    fn write(&mut self, call: Call, answer: Answer, patience: Patience, begun: u64, ended: u64) {
        let waits = patience != Patience::Try;
        self.events.push(Event { caller: self.caller, call, answer, waits, begun, ended });
    }
}

//! A buffer that a run shares with others, in a file or on a server: `forebay work`, and `run --buffer`.
//!
//! Consumers lease from a buffer in memory as ever; what they lease there carries the [duty](duty) to finish
//! what lies in the shared one. One thread, the [supply](supply), leases from that what is [in demand](demand),
//! [standing in line](standing) where there is nothing, and makes items of it as their [form](form) says. Whoever ends a
//! try answers both leases, the shared buffer's first, so that whatever dies in between, the item is delivered again. An
//! item in [backoff](super::backoff) is leased there, and goes back there as failed when its pause is over.
//!
//! A run that brings items into the shared buffer itself keeps account of [its own](own) there, and ends when they have.

pub(crate) mod demand;
pub(crate) mod duty;
pub(crate) mod dying;
pub(crate) mod extending;
pub(crate) mod form;
pub(crate) mod logged;
pub(crate) mod opening;
pub(crate) mod own;
mod standing;
pub(crate) mod supply;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use forebay::{Fault, Lease, LeaseError, Outcome, Overflow, PutError, Refusal, Statistics};

use crate::buffer::place::{self, Buffer, Consumer, Producer};
use crate::run::intake::producer::{self, Course};
use crate::run::item::Item;
use crate::run::message::say;
use crate::run::stop::Cause;
use crate::run::{LAST_WAIT, Run};
use demand::Demand;
use duty::Duty;
use extending::Extending;
use form::Form;
use logged::Logged;
use own::{Met, Own};

/// The number of the item at this position: that is the position, counted from 1. It is `{#}`, Seq in the joblog, and
/// how people name it.
pub(crate) fn number(position: u64) -> u64 {
    position + 1
}

/// The shared buffer that a run works on.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) buffer: Buffer,
    /// Never cloned: the guard keeps this one alive.
    pub(crate) consumer: Arc<Consumer>,
    /// Of a run that brings items itself.
    pub(crate) producer: Option<Producer>,
    pub(crate) own: Option<Own>,
    /// Where a run that brings items keeps a joblog: of that run, and of those who work beside it.
    pub(crate) logged: Option<Logged>,
    pub(crate) demand: Arc<Demand>,
    pub(crate) form: Form,
    /// So many items of the buffer go to one command.
    pub(crate) rows: usize,
    /// At so many failures the buffer sets an item aside by itself.
    pub(crate) max_failures: Option<u32>,
    /// End when nothing waits.
    pub(crate) once: bool,
    /// Items that came out of the buffer here, and of these the ones that went back there as failed, or were lost to
    /// others, while the run went on.
    pub(crate) brought: AtomicU64,
    pub(crate) gone: AtomicU64,
    /// How the buffer stood when it told last.
    pub(crate) last: Mutex<Statistics>,
    /// How long others had waited for room when this began.
    pub(crate) waited_before: Duration,
    /// Dead letters that nobody could read when this began.
    pub(crate) unreadable_before: u64,
    /// Where leases have a deadline.
    pub(crate) extending: Option<Extending>,
}

/// How many of these are dead letters that nobody can read.
fn letters_unreadable(items: &[place::Item]) -> u64 {
    items.iter().filter(|item| item.is_dead && !item.is_readable).count() as u64
}

impl Shared {
    /// The most items that may wait there.
    pub(crate) fn capacity(&self) -> usize {
        usize::try_from(self.buffer.settings().capacity).unwrap_or(usize::MAX)
    }

    /// How often an item is tried: as often as was asked for, but no more than the buffer allows. Who works on what
    /// others put goes by the buffer alone if nothing was asked for.
    pub(crate) fn tries(&self, asked: Option<u32>, works: bool) -> u32 {
        let usual = if works { self.max_failures.unwrap_or(1) } else { 1 };
        asked.unwrap_or(usual).min(self.max_failures.unwrap_or(u32::MAX))
    }

    /// How many of these, which are in the buffer, are dead letters that nobody can read, and were not when this began.
    fn unreadable_letters(&self, items: &[place::Item]) -> u64 {
        letters_unreadable(items).saturating_sub(self.unreadable_before)
    }

    /// How many items could not be read, as far as is known here.
    pub(crate) fn unreadable(&self) -> u64 {
        let of_others = self.own.as_ref().map_or(0, |own| own.figures().unreadable);
        self.consumer.unreadable().max(of_others)
    }

    /// The buffer in a message.
    pub(crate) fn name(&self) -> String {
        self.buffer.place().to_string()
    }

    /// Puts an item of the input into the buffer, unless it is there from an earlier life of the run, and calls
    /// `waited` if it waited, with since when. Nobody is told of the put here, but when the item comes out
    /// again: only then it has its number.
    pub(crate) fn put(
        &self,
        run: &Run,
        number: usize,
        item: &Item,
        waited: &mut impl FnMut(Instant),
    ) -> Course {
        if run.stop.is_stopping() {
            return Course::Stopped;
        }
        let (Some(own), Some(producer)) = (&self.own, &self.producer) else { return Course::Shut };
        let bytes = self.form.bytes(&item.args);
        if own.meet(&bytes) != Met::New {
            run.intake.put(number);
            return Course::On;
        }
        let waits = matches!(producer.overflow(), Overflow::Wait | Overflow::WaitFor(_));
        let mut outcome = producer.try_put(bytes.into());
        let outcome = loop {
            outcome = match outcome {
                // Who has the lock goes on, or is killed.
                Err(PutError { item, refusal: Refusal::Unable(Fault::Stalled { .. }) })
                    if !run.stop.is_stopping() =>
                {
                    producer.try_put(item)
                }
                Err(PutError { item, refusal: Refusal::Full }) if waits => {
                    let full = Instant::now();
                    let outcome = producer.put(item);
                    waited(full);
                    outcome
                }
                outcome => break outcome,
            };
        };
        match outcome {
            Ok(Outcome::DroppedThis) => own.drop_one(&self.form.bytes(&item.args)),
            Ok(_) => {}
            Err(PutError { item: bytes, refusal }) => {
                own.withdraw(&bytes);
                return self.refuse(run, number, item, refusal);
            }
        }
        run.intake.put(number);
        Course::On
    }

    fn refuse(&self, run: &Run, number: usize, item: &Item, refusal: Refusal) -> Course {
        match refusal {
            Refusal::Full | Refusal::TimedOut | Refusal::TooHeavy => {
                producer::refuse(run, number, item, refusal)
            }
            Refusal::Unable(fault) => {
                run.stop_broken(format_args!(
                    "{}; item {} and what comes after it are not put",
                    self.buffer.place().in_words(fault),
                    item.label()
                ));
                Course::Stopped
            }
            _ => {
                say(format_args!(
                    "{} was closed: item {} and what comes after it are not put; put them into another \
                     buffer",
                    self.name(),
                    item.label()
                ));
                run.note_fault();
                Course::Shut
            }
        }
    }

    /// All items of the input are put.
    pub(crate) fn end_input(&self) {
        if let Some(own) = &self.own {
            own.end();
            if own.has_ended() {
                self.demand.end();
            }
            // From here on it is compared what others have done.
            self.demand.call();
        }
    }

    /// The items of a duty have come to their end: the run may have.
    fn settle(&self, duty: &Duty, has_failed: bool) {
        let Some(own) = &self.own else { return };
        duty.each(|bytes| own.settle(bytes, has_failed));
        if own.has_ended() {
            self.demand.end();
        }
    }
}

impl Run {
    /// Tells those who look for items that this consumer waits for one.
    pub(crate) fn waiting<T, E>(&self, wait: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let Some(shared) = &self.shared else { return wait() };
        shared.demand.wait();
        let item = wait();
        shared.demand.waited(item.is_ok());
        item
    }

    /// So many items went to a consumer that did not wait for them.
    pub(crate) fn took(&self, items: usize) {
        if let Some(shared) = &self.shared {
            shared.demand.took(items);
        }
    }

    /// Finishes items in the shared buffer, those of several commands together.
    pub(crate) fn ack_shared<'a>(&self, items: impl Iterator<Item = &'a Item> + Clone) {
        let Some(shared) = &self.shared else { return };
        let duties = items.filter_map(|item| item.duty.as_deref());
        // Before they are handed over.
        duties.clone().for_each(|duty| shared.settle(duty, false));
        self.note_answer(Duty::ack_all(duties));
    }

    /// Makes an item that has failed its last try a dead letter of the shared buffer.
    pub(crate) fn set_aside_shared(&self, item: &Item, reason: &str) {
        if let (Some(shared), Some(duty)) = (&self.shared, &item.duty) {
            shared.settle(duty, true);
            let is_last = shared.max_failures.is_some_and(|most| duty.failures() + 1 >= most);
            let tries = duty.failures() + 1;
            self.note_answer(match tries {
                _ if is_last => duty.fail(reason),
                1 => duty.reject(reason),
                _ => duty.reject(&format!("failed {tries} times, last because: {reason}")),
            });
        }
    }

    /// Gives an item that failed back to the shared buffer. Says whether it came from one.
    pub(crate) fn fail_shared(&self, item: &Item, reason: &str) -> bool {
        let Some(duty) = &item.duty else { return false };
        self.note_answer(duty.fail(reason));
        true
    }

    /// What is done cannot be undone: that its lease was gone can only be told.
    fn note_answer(&self, answer: Result<(), LeaseError>) {
        let Some(shared) = &self.shared else { return };
        match answer {
            Ok(()) => {}
            Err(LeaseError::Unable(fault)) => {
                self.stop_broken(format_args!(
                    "{}: {fault}; what was just done may be done again. Starting nothing more",
                    shared.name()
                ));
            }
            Err(error) => {
                say(format_args!(
                    "{}: {error}; it was done here, and may be done again",
                    shared.name()
                ));
            }
        }
    }

    /// An item is none of ours any more, until it is leased from the shared buffer again.
    pub(crate) fn let_go(&self, shared: &Shared, lease: Lease<Item>) {
        shared.gone.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.printer.end_turn(lease.place) {
            self.stop_without_output(&error);
        }
        let _ = lease.ack();
    }

    /// Sees to it that a server knows of everything that was given back here: what it hears nothing of stays leased until
    /// this process has been silent for long. Of a file the kernel does that.
    pub(crate) fn part(&self) {
        if let Some(shared) = &self.shared
            && shared.buffer.place().file().is_none()
        {
            shared.demand.until_none_is_held(LAST_WAIT);
            // Answered after all that was sent before.
            let _ = self.standing_of(shared);
            if self.stop.cause() != Some(Cause::Broken) {
                shared.buffer.flush();
            }
        }
    }

    /// How the shared buffer stands; as it did when it told last, if it tells no more. Once the run broke that is not
    /// asked again: a server that is gone is waited for each time.
    pub(crate) fn standing_of(&self, shared: &Shared) -> Statistics {
        let mut last = shared.last.lock().unwrap_or_else(PoisonError::into_inner);
        if self.stop.cause() != Some(Cause::Broken)
            && let Ok(now) = shared.buffer.statistics()
        {
            *last = now;
        }
        last.clone()
    }

    /// How the whole buffer stands: what is in memory alone, or in the shared one, too.
    pub(crate) fn standing(&self) -> Statistics {
        let memory = self.buffer.statistics();
        let Some(shared) = &self.shared else { return memory };
        let there = self.standing_of(shared);
        let mut standing = memory;
        standing.capacity = there.capacity;
        standing.waiting += there.waiting;
        standing.high_water = there.high_water;
        standing
    }
}

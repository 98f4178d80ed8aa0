//! The search for an explanation: is there one order of the calls that the model would answer so?
//!
//! J. Wing and C. Gong, *Testing and verifying concurrent objects*, 1993: among the calls not yet
//! placed, one that began before any of them had ended must come next; try each, and go back when
//! the model answers otherwise. G. Lowe, *Testing for linearizability*, 2017, after A. Horn and
//! D. Kroening, 2015: remember each pair of calls placed and state reached, and enter none twice.
//!
//! One thing is wider than a plain bounded queue: a `try` may be refused because the next place or
//! item belongs to a call that waits (C10), so `Full` and `Empty` are also right while such a call
//! is under way and not yet placed.
//!
//! A call for many items is as many calls for one, in their order: they may lie apart, since nothing
//! promises that no other call comes between them.

use std::collections::{BTreeMap, HashSet};

use forebay_contract::model::{Permit, Token};
use forebay_contract::{Model, Overflow, Refusal, TakeError};

use crate::history::{Answer, Call, Event};

/// Whether some order of the events, none before one that had ended when it began, is what `model`
/// would have answered.
///
/// # Panics
///
/// With more than 64 events: the search takes time exponential in their overlap.
pub fn is_linearizable(events: &[Event], model: &Model<u64>) -> bool {
    assert!(events.len() <= 64, "a short history has at most 64 events");
    let mut search = Search { events, entered: HashSet::new() };
    let everything = u64::MAX.checked_shr(64 - events.len() as u32).unwrap_or(0);
    let (tokens, permits) = (BTreeMap::new(), Vec::new());
    search.explains(everything, &State { model: model.clone(), tokens, permits })
}

#[derive(Clone)]
struct State {
    model: Model<u64>,
    tokens: BTreeMap<u64, Token>,
    permits: Vec<Permit>,
}

/// What a permit sets aside, where items are weighed.
const PERMIT_WEIGHT: u64 = 1;

impl State {
    /// What decides the answers to come: the unfinished items in order, and which are leased. The
    /// rest follows from which calls were placed.
    fn essence(&self) -> Vec<(u64, bool)> {
        self.model.unfinished().map(|(id, leased)| (*id, leased)).collect()
    }

    /// Whether the model answers so; moves it on.
    fn answers(&mut self, event: &Event, kept_for_others: bool) -> bool {
        match (event.call, event.answer) {
            (Call::Put(id), Answer::Done) => self.model.put(id, Overflow::Refuse).is_ok(),
            (Call::Put(id), Answer::Refused(refusal)) => {
                is_refused(self.model.put_refusal(&id), refusal, kept_for_others)
            }
            (Call::PutOr(id, overflow), answer) => {
                self.answers_or(id, overflow, answer, kept_for_others)
            }
            (Call::Reserve, Answer::Done) => {
                let permit = self.model.reserve(PERMIT_WEIGHT);
                self.permits.extend(permit);
                permit.is_ok()
            }
            (Call::Reserve, Answer::Refused(refusal)) => {
                let due = self.model.clone().reserve(PERMIT_WEIGHT).err();
                is_refused(due, refusal, kept_for_others)
            }
            (Call::PutPermitted(id), answer) => self.permits.pop().is_some_and(|permit| match self
                .model
                .put_permitted(permit, id)
            {
                Ok(()) => answer == Answer::Done,
                Err(error) => answer == Answer::Refused(error.refusal),
            }),
            (Call::Release, _) => {
                let permit = self.permits.pop();
                permit.is_some_and(|permit| {
                    self.model.release(permit);
                    true
                })
            }
            (Call::Take, Answer::Item(id)) => self.model.take(event.caller) == Ok(id),
            (Call::Lease, Answer::Item(id)) => match self.model.lease(event.caller) {
                Ok(token) if self.model.item(token) == Some(&id) => {
                    self.tokens.insert(id, token);
                    true
                }
                _ => false,
            },
            (Call::Take | Call::Lease, Answer::Nothing(error)) => {
                let mut probe = self.model.clone();
                let due = if event.call == Call::Take {
                    probe.take(event.caller).err()
                } else {
                    probe.lease(event.caller).err()
                };
                match due {
                    Some(due) => {
                        due == error || (due, error) == (TakeError::Empty, TakeError::LeaseLimit)
                    }
                    None => kept_for_others && error != TakeError::Closed,
                }
            }
            (Call::Ack(id), _) => {
                self.tokens.remove(&id).is_some_and(|token| self.model.ack(token) == Ok(id))
            }
            (Call::Nack(id), _) => {
                self.tokens.remove(&id).is_some_and(|token| self.model.nack(token).is_ok())
            }
            (Call::Close, _) => {
                self.model.close();
                true
            }
            (Call::Put(_) | Call::Reserve | Call::Take | Call::Lease, _) => false,
        }
    }

    /// The same for a put that drops on full.
    fn answers_or(
        &mut self,
        id: u64,
        overflow: Overflow,
        answer: Answer,
        kept_for_others: bool,
    ) -> bool {
        // What room there is may be another's, who must not be overtaken: then this item is dropped,
        // or refused, and nothing is dropped for it.
        let due = self.model.put_refusal(&id);
        let stands_behind = kept_for_others && matches!(due, None | Some(Refusal::Full));
        match answer {
            Answer::DroppedThis if stands_behind => overflow == Overflow::DropThis,
            Answer::Refused(Refusal::Full) if stands_behind => overflow == Overflow::DropOldest,
            answer => match self.model.put(id, overflow) {
                Ok(outcome) => answer == outcome.into(),
                Err(error) => answer == Answer::Refused(error.refusal),
            },
        }
    }
}

/// Whether this refusal is right where the model would refuse so: `Full` is right as well when the
/// room there is belongs to another.
fn is_refused(due: Option<Refusal>, refusal: Refusal, kept_for_others: bool) -> bool {
    due == Some(refusal) || (due.is_none() && refusal == Refusal::Full && kept_for_others)
}

/// Which line a call may have to stand in.
#[derive(PartialEq, Eq)]
enum Line {
    Places,
    Items,
}

fn line_of(call: Call) -> Option<Line> {
    match call {
        Call::Put(_) | Call::PutOr(..) | Call::Reserve => Some(Line::Places),
        Call::Take | Call::Lease => Some(Line::Items),
        Call::PutPermitted(_) | Call::Release | Call::Ack(_) | Call::Nack(_) | Call::Close => None,
    }
}

struct Search<'a> {
    events: &'a [Event],
    entered: HashSet<(u64, Vec<(u64, bool)>)>,
}

impl Search<'_> {
    /// Whether the events of `left`, one bit each, can follow from this state.
    fn explains(&mut self, left: u64, state: &State) -> bool {
        if left == 0 {
            return true;
        }
        if !self.entered.insert((left, state.essence())) {
            return false;
        }
        let first_end =
            self.remaining(left).map(|(_, event)| event.ended).min().unwrap_or(u64::MAX);
        for index in 0..self.events.len() {
            let event = self.events[index];
            if left & (1 << index) == 0 || event.begun > first_end || !self.is_next(left, index) {
                continue;
            }
            let mut next = state.clone();
            // A wait that ended at its deadline changed nothing, and needs no reason.
            let gave_up = matches!(
                event.answer,
                Answer::Refused(Refusal::TimedOut) | Answer::Nothing(TakeError::TimedOut)
            );
            let explained = gave_up || next.answers(&event, self.is_kept(left, index));
            if explained && self.explains(left & !(1 << index), &next) {
                return true;
            }
        }
        false
    }

    fn remaining(&self, left: u64) -> impl Iterator<Item = (usize, &Event)> {
        self.events.iter().enumerate().filter(move |(index, _)| left & (1 << index) != 0)
    }

    /// Whether this is the first that its caller did of what remains.
    fn is_next(&self, left: u64, index: usize) -> bool {
        let caller = self.events[index].caller;
        self.remaining(left)
            .find(|(_, event)| event.caller == caller)
            .is_none_or(|(first, _)| first == index)
    }

    /// Whether a waiting call on the same side is under way beside this one, not yet placed.
    fn is_kept(&self, left: u64, index: usize) -> bool {
        let event = &self.events[index];
        let line = line_of(event.call);
        self.remaining(left).any(|(other, waiter)| {
            other != index
                && waiter.waits
                && waiter.begun < event.ended
                && line_of(waiter.call) == line
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call of a caller of its own.
    fn event(call: Call, answer: Answer, begun: u64, ended: u64) -> Event {
        Event { caller: begun, call, answer, waits: false, begun, ended }
    }

    #[test]
    fn overlapping_puts_may_take_either_order() {
        let history = [
            event(Call::Put(1), Answer::Done, 0, 3),
            event(Call::Put(2), Answer::Done, 1, 2),
            event(Call::Take, Answer::Item(1), 4, 5),
            event(Call::Take, Answer::Item(2), 6, 7),
        ];
        assert!(is_linearizable(&history, &Model::new(2)));
    }

    #[test]
    fn puts_in_sequence_may_not() {
        let history = [
            event(Call::Put(1), Answer::Done, 0, 1),
            event(Call::Put(2), Answer::Done, 2, 3),
            event(Call::Take, Answer::Item(2), 4, 5),
        ];
        assert!(!is_linearizable(&history, &Model::new(2)));
    }

    #[test]
    fn a_put_past_the_capacity_is_found() {
        let history =
            [event(Call::Put(1), Answer::Done, 0, 1), event(Call::Put(2), Answer::Done, 2, 3)];
        assert!(is_linearizable(&history, &Model::new(2)));
        assert!(!is_linearizable(&history, &Model::new(1)));
    }

    #[test]
    fn empty_is_wrong_after_a_put_unless_kept_for_a_waiter() {
        let refused = event(Call::Take, Answer::Nothing(TakeError::Empty), 3, 4);
        let put = event(Call::Put(1), Answer::Done, 0, 1);
        assert!(!is_linearizable(&[put, refused], &Model::new(1)));
        let mut waiter = event(Call::Take, Answer::Item(1), 2, 5);
        waiter.waits = true;
        assert!(is_linearizable(&[put, refused, waiter], &Model::new(1)));
    }

    #[test]
    fn a_nacked_item_may_come_again_and_an_acked_one_not() {
        let again = |ending| {
            [
                event(Call::Put(1), Answer::Done, 0, 1),
                event(Call::Lease, Answer::Item(1), 2, 3),
                event(ending, Answer::Done, 4, 5),
                event(Call::Take, Answer::Item(1), 6, 7),
            ]
        };
        assert!(is_linearizable(&again(Call::Nack(1)), &Model::new(1)));
        assert!(!is_linearizable(&again(Call::Ack(1)), &Model::new(1)));
    }

    #[test]
    fn closed_is_wrong_before_close() {
        let end = event(Call::Take, Answer::Nothing(TakeError::Closed), 0, 1);
        let close = event(Call::Close, Answer::Done, 2, 3);
        assert!(!is_linearizable(&[end, close], &Model::new(1)));
    }

    #[test]
    fn the_parts_of_a_batch_come_in_their_order() {
        let batch = |first, second| {
            let mut parts = [first, second].map(|id| event(Call::Put(id), Answer::Done, 0, 9));
            parts[1].begun = 0;
            let taken = [
                event(Call::Take, Answer::Item(1), 10, 11),
                event(Call::Take, Answer::Item(3), 12, 13),
                event(Call::Take, Answer::Item(2), 14, 15),
            ];
            let between = event(Call::Put(3), Answer::Done, 4, 5);
            [&parts[..], &[between], &taken[..]].concat()
        };
        assert!(is_linearizable(&batch(1, 2), &Model::new(3)));
        assert!(!is_linearizable(&batch(2, 1), &Model::new(3)));
    }

    #[test]
    fn drops_are_right_only_on_full_and_behind_nobody() {
        let put = event(Call::Put(1), Answer::Done, 0, 1);
        let oldest = |answer| event(Call::PutOr(2, Overflow::DropOldest), answer, 3, 4);
        let this = |answer| event(Call::PutOr(2, Overflow::DropThis), answer, 3, 4);
        let explained = |events: &[Event], capacity| is_linearizable(events, &Model::new(capacity));
        assert!(explained(&[put, oldest(Answer::DroppedOldest(1))], 1));
        assert!(!explained(&[put, oldest(Answer::DroppedOldest(1))], 2));
        assert!(!explained(&[put, oldest(Answer::Refused(Refusal::Full))], 1));
        assert!(explained(&[put, this(Answer::DroppedThis)], 1));
        assert!(!explained(&[put, this(Answer::DroppedThis)], 2));
        let mut waiter = event(Call::Put(3), Answer::Refused(Refusal::TimedOut), 2, 5);
        waiter.waits = true;
        assert!(explained(&[put, waiter, oldest(Answer::Refused(Refusal::Full))], 1));
        assert!(!explained(&[put, waiter, this(Answer::Refused(Refusal::Full))], 1));
    }

    #[test]
    fn a_permit_keeps_its_place_until_it_is_used_or_dropped() {
        let reserve = event(Call::Reserve, Answer::Done, 0, 1);
        let full = event(Call::Put(1), Answer::Refused(Refusal::Full), 2, 3);
        let placed = event(Call::Put(1), Answer::Done, 4, 5);
        let used = event(Call::PutPermitted(2), Answer::Done, 2, 3);
        let dropped = event(Call::Release, Answer::Done, 2, 3);
        assert!(is_linearizable(&[reserve, full], &Model::new(1)));
        assert!(!is_linearizable(&[reserve, placed], &Model::new(1)));
        assert!(!is_linearizable(&[reserve, used, placed], &Model::new(1)));
        assert!(is_linearizable(&[reserve, dropped, placed], &Model::new(1)));
    }
}

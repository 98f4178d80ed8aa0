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

use std::collections::{BTreeMap, HashSet};

use forebay_contract::model::Token;
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
    search.explains(everything, &State { model: model.clone(), tokens: BTreeMap::new() })
}

#[derive(Clone)]
struct State {
    model: Model<u64>,
    tokens: BTreeMap<u64, Token>,
}

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
            (Call::Put(id), Answer::Refused(Refusal::Full)) => {
                let due = self.model.put_refusal(&id);
                due == Some(Refusal::Full) || (due.is_none() && kept_for_others)
            }
            (Call::Put(id), Answer::Refused(refusal)) => {
                self.model.put_refusal(&id) == Some(refusal)
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
            (Call::Put(_) | Call::Take | Call::Lease, _) => false,
        }
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
            if left & (1 << index) == 0 || event.begun > first_end {
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

    /// Whether a waiting call on the same side is under way beside this one, not yet placed.
    fn is_kept(&self, left: u64, index: usize) -> bool {
        let event = &self.events[index];
        let puts = matches!(event.call, Call::Put(_));
        self.remaining(left).any(|(other, waiter)| {
            other != index
                && waiter.waits
                && waiter.begun < event.ended
                && matches!(waiter.call, Call::Put(_)) == puts
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(call: Call, answer: Answer, begun: u64, ended: u64) -> Event {
        Event { caller: 0, call, answer, waits: false, begun, ended }
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
}

//! What is known of a buffer apart from its items' bytes: the document that lies beside them.
//!
//! It says what was the case when it was written. Every item that lies behind it in the stream was put since, and nothing
//! else has happened. So a put writes an item and no document, and everything else writes a document.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::engine::Role;

/// A process that is connected, by the name that it gave itself.
pub(super) type Name = String;

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    /// Items put ever; the last has this position.
    pub(super) produced: u64,
    /// Items up to this position were lent at least once, taken or dropped. Those after it wait.
    pub(super) begun: u64,
    /// What those weigh that wait and were never lent, in their order. Nothing where weight is not bounded.
    pub(super) weights: VecDeque<u64>,
    /// Items that were given back, by position.
    pub(super) back: BTreeMap<u64, Tries>,
    /// Leases, by token.
    pub(super) loans: BTreeMap<u64, Lease>,
    pub(super) tokens: u64,
    /// Items that are finished or dropped, and still lie in the stream; and who removes them.
    pub(super) gone: BTreeMap<u64, Name>,
    /// Items that are to be dead letters, and still lie among the others.
    pub(super) dying: Vec<Dying>,
    /// Places set aside, each by a process under a number of its own.
    pub(super) permits: BTreeSet<(Name, u64)>,
    /// Those who wait, in the order in which they came.
    pub(super) line: Vec<Stander>,
    pub(super) sessions: BTreeMap<Name, Party>,
    /// Consumers ever.
    pub(super) consumers: u64,
    pub(super) is_closed: bool,
    pub(super) finished: u64,
    /// Items dropped because it was full.
    pub(super) dropped: u64,
    /// Those of them that never lay here.
    pub(super) unplaced: u64,
    /// Who has dropped an item for another that comes right behind this document.
    pub(super) replacing: BTreeSet<Name>,
    /// Dead letters ever.
    pub(super) buried: u64,
    /// Dead letters that became items again.
    pub(super) retried: u64,
    /// Those of them that may still lie among the dead letters.
    pub(super) retrying: BTreeSet<String>,
    /// How often nothing was unfinished any more.
    pub(super) idles: u64,
    pub(super) high_water: u64,
    /// What consumers took that are gone.
    pub(super) departed: u64,
    /// Milliseconds that puts and takes waited.
    pub(super) producer_wait: u64,
    pub(super) consumer_wait: u64,
}

/// How often an item was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Tries {
    #[serde(rename = "d")]
    pub(super) deliveries: u32,
    #[serde(rename = "f")]
    pub(super) failures: u32,
    #[serde(rename = "w")]
    pub(super) weight: u64,
}

/// An item on lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    #[serde(rename = "p")]
    pub(super) position: u64,
    #[serde(rename = "t")]
    pub(super) tries: Tries,
    #[serde(rename = "s")]
    pub(super) session: Name,
    #[serde(rename = "c")]
    pub(super) handle: u64,
    /// A take that may still be undone: beside the lease limit.
    #[serde(rename = "g")]
    pub(super) is_for_good: bool,
    /// How long it lasts from when it was last moved, in milliseconds; for ever without.
    #[serde(rename = "l")]
    pub(super) lasts: Option<u64>,
    /// How often its deadline was moved.
    #[serde(rename = "m")]
    pub(super) moved: u64,
}

/// An item on its way to the dead letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dying {
    pub(super) position: u64,
    pub(super) tries: Tries,
    pub(super) death: Kind,
    pub(super) reason: String,
    /// Who brings it there.
    pub(super) by: Name,
}

/// What an item died of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    Failures,
    Deliveries,
    Rejected,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum For {
    Room,
    Take,
    Lease,
    Idle,
}

/// One who waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stander {
    #[serde(rename = "s")]
    pub(super) session: Name,
    #[serde(rename = "w")]
    pub(super) waiter: u64,
    #[serde(rename = "f")]
    pub(super) waits_for: For,
    #[serde(rename = "c")]
    pub(super) handle: u64,
    /// The weight for which it waits.
    #[serde(rename = "h")]
    pub(super) heavy: u64,
}

/// What a process has here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Party {
    /// The last document that it wrote, by a count of its own: so it knows, after its connection broke, that it did.
    pub(super) wrote: u64,
    pub(super) handles: BTreeMap<u64, Handle>,
}

/// A producer or consumer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Handle {
    /// The number of a consumer, in the order in which they were made.
    pub(super) consumer: Option<u64>,
    pub(super) items: u64,
    /// Milliseconds.
    pub(super) waited: u64,
}

impl State {
    /// The depth.
    pub(super) fn waiting(&self) -> u64 {
        self.produced - self.begun + self.back.len() as u64
    }

    pub(super) fn unfinished(&self) -> u64 {
        self.waiting() + self.loans.len() as u64 + self.replacing.len() as u64
    }

    /// The oldest item that has to lie in the stream.
    pub(super) fn first(&self) -> Option<u64> {
        let waits = (self.begun < self.produced).then_some(self.begun + 1);
        let back = self.back.keys().next().copied();
        let lent = self.loans.values().map(|lease| lease.position).min();
        let dies = self.dying.iter().map(|dying| dying.position).min();
        [waits, back, lent, dies].into_iter().flatten().min()
    }

    /// The first items behind this position that wait, are leased, or are on their way to the dead letters: so many at most.
    pub(super) fn unburied(&self, after: u64, most: usize) -> Vec<u64> {
        let lent = self.loans.values().map(|lease| lease.position);
        let dying = self.dying.iter().map(|dying| dying.position);
        let begun = self.back.keys().copied().chain(lent).chain(dying);
        let begun: BTreeSet<u64> = begun.filter(|position| *position > after).collect();
        // All of these lie behind the others.
        let fresh = self.begun.max(after) + 1..=self.produced;
        begun.into_iter().chain(fresh).take(most).collect()
    }

    /// Messages that may lie in the stream.
    pub(super) fn messages(&self) -> u64 {
        let kept = self.dying.len() + self.gone.len() + 1;
        self.waiting() + self.loans.len() as u64 + kept as u64
    }

    /// What waits weighs so much.
    pub(super) fn weight(&self) -> u64 {
        let back: u64 = self.back.values().map(|tries| tries.weight).sum();
        self.weights.iter().sum::<u64>() + back
    }

    pub(super) fn see_depth(&mut self) {
        self.high_water = self.high_water.max(self.waiting());
    }

    /// Items that were put behind this document, without one of their own.
    pub(super) fn add(&mut self, items: u64) {
        self.produced += items;
        if items > 0 {
            self.replacing.clear();
        }
        self.see_depth();
    }

    /// As it is before the last item comes, which replaces one that was dropped.
    pub(super) fn before_replacement(&self, own: &str) -> Self {
        let mut before = self.clone();
        before.produced -= 1;
        before.weights.pop_back();
        before.replacing.insert(own.to_owned());
        before
    }

    pub(super) fn party(&mut self, session: &str) -> &mut Party {
        self.sessions.entry(session.to_owned()).or_default()
    }

    pub(super) fn enroll(&mut self, session: &str, handle: u64, role: Role) {
        if self.sessions.get(session).is_some_and(|party| party.handles.contains_key(&handle)) {
            return;
        }
        let consumer = (role == Role::Consumer).then_some(self.consumers);
        self.consumers += u64::from(consumer.is_some());
        self.party(session).handles.insert(handle, Handle { consumer, ..Handle::default() });
    }

    pub(super) fn depart(&mut self, session: &str, handle: u64) {
        let gone = self.sessions.get_mut(session).and_then(|party| party.handles.remove(&handle));
        self.departed += gone.map_or(0, |handle| handle.items);
    }

    /// Takes the oldest that waits out of the waiting.
    pub(super) fn oldest(&mut self) -> Option<(u64, Tries)> {
        if let Some(first) = self.back.pop_first() {
            return Some(first);
        }
        if self.begun == self.produced {
            return None;
        }
        self.begun += 1;
        let weight = self.weights.pop_front().unwrap_or(0);
        Some((self.begun, Tries { weight, ..Tries::default() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_back_is_the_oldest() {
        let mut state = State::default();
        state.add(3);
        let (first, second) = (state.oldest().expect("one"), state.oldest().expect("two"));
        assert_eq!((first.0, second.0), (1, 2));
        state.back.insert(second.0, second.1);
        state.back.insert(first.0, first.1);
        assert_eq!((state.waiting(), state.high_water), (3, 3));
        let order: Vec<u64> = std::iter::from_fn(|| state.oldest()).map(|one| one.0).collect();
        assert_eq!(order, [1, 2, 3]);
    }

    #[test]
    fn what_is_there_is_told_in_order_wherever_it_is() {
        let mut state = State::default();
        state.add(6);
        let mut begun = std::iter::from_fn(|| state.oldest()).take(4).collect::<Vec<_>>();
        let (last, tries) = begun.pop().expect("four");
        state.back.insert(begun[1].0, tries);
        let (session, reason) = ("me".to_owned(), String::new());
        let is_for_good = false;
        let (handle, lasts, moved) = (1, None, 0);
        let lease = Lease { position: last, tries, session, handle, is_for_good, lasts, moved };
        state.loans.insert(7, lease);
        let (death, by) = (Kind::Rejected, "me".to_owned());
        state.dying.push(Dying { position: begun[0].0, tries, death, reason, by });
        assert_eq!(state.unburied(0, 9), [1, 2, 4, 5, 6], "the third is finished");
        assert_eq!(state.unburied(0, 3), [1, 2, 4]);
        assert_eq!(state.unburied(4, 9), [5, 6]);
        assert_eq!(state.unburied(5, 9), [6]);
        assert!(state.unburied(6, 9).is_empty());
    }

    #[test]
    fn a_document_is_read_as_it_was_written() {
        let mut state = State { is_closed: true, ..State::default() };
        state.add(2);
        state.enroll("me", 7, Role::Consumer);
        state.permits.insert(("me".to_owned(), 1));
        let (position, tries) = state.oldest().expect("one");
        let session = "me".to_owned();
        let lease = Lease {
            position,
            tries,
            session: session.clone(),
            handle: 7,
            is_for_good: false,
            lasts: Some(30),
            moved: 0,
        };
        state.loans.insert(1, lease);
        state.line.push(Stander { session, waiter: 3, waits_for: For::Room, handle: 7, heavy: 0 });
        let text = serde_json::to_vec(&state).expect("it can be written");
        assert_eq!(serde_json::from_slice::<State>(&text).expect("it can be read"), state);
    }
}

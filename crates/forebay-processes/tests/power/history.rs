//! What was done, and when; and what may be true of each item when power fails.

use std::collections::BTreeMap;

use forebay_processes::Durability;

use crate::journal::{Journal, Time};

/// Where an item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Nowhere,
    /// Waiting, or on lease.
    Unfinished,
    /// Dead, for this reason.
    Dead(String),
}

/// A step of an item that somebody asked for.
#[derive(Debug, Clone)]
struct Change {
    begun: Time,
    returned: Time,
    /// Whether it was promised to survive once it returned.
    lasts: bool,
    to: Place,
}

/// The steps of every item, in their order.
#[derive(Debug, Default)]
pub(crate) struct Deeds {
    changes: BTreeMap<u64, Vec<Change>>,
    /// Places handed out: the position of an item, by its number.
    pub(crate) positions: BTreeMap<u64, u64>,
    /// When the buffer was closed: from then to then.
    pub(crate) closed: Option<(Time, Time)>,
}

/// One that was asked for.
pub(crate) struct Deed {
    number: u64,
    index: usize,
}

impl Deeds {
    /// Somebody asks now for a step, which is promised to survive once it has returned if it `lasts`.
    pub(crate) fn begin(&mut self, number: u64, begun: Time, lasts: bool, to: Place) -> Deed {
        let changes = self.changes.entry(number).or_default();
        changes.push(Change { begun, returned: Time::MAX, lasts, to });
        Deed { number, index: changes.len() - 1 }
    }

    /// It has returned.
    pub(crate) fn end(&mut self, deed: &Deed, returned: Time) {
        self.changes.get_mut(&deed.number).expect("it began")[deed.index].returned = returned;
    }

    /// An item's first step was refused: there is no such item.
    pub(crate) fn refuse(&mut self, deed: &Deed) {
        assert_eq!(self.changes.remove(&deed.number).map(|changes| changes.len()), Some(1));
    }
}

/// A life of a buffer, in full.
pub(crate) struct History {
    pub(crate) journal: Journal,
    pub(crate) deeds: Deeds,
    pub(crate) durability: Durability,
}

impl History {
    pub(crate) fn items(&self) -> impl Iterator<Item = u64> {
        self.deeds.changes.keys().copied()
    }

    /// Where an item may be if power fails at `time`.
    pub(crate) fn places(&self, number: u64, time: Time) -> Vec<Place> {
        let mut places = vec![Place::Nowhere];
        for change in self.deeds.changes.get(&number).into_iter().flatten() {
            if change.begun >= time {
                break;
            }
            if self.is_fixed(change, time) {
                places.clear();
            }
            places.push(change.to.clone());
        }
        places
    }

    fn is_fixed(&self, change: &Change, time: Time) -> bool {
        let power = self.durability == Durability::Power;
        let synced = self.journal.synced(time);
        power && (change.lasts && change.returned <= time || change.returned <= synced)
    }

    /// Whether the buffer is closed, if that is known.
    pub(crate) fn closed(&self, time: Time) -> Option<bool> {
        match self.deeds.closed {
            Some((begun, _)) if begun >= time => Some(false),
            Some((_, returned)) if returned > time => None,
            Some(_) => (self.durability == Durability::Power).then_some(true),
            None => Some(false),
        }
    }

    /// The greatest position of an item whose put is known to last.
    pub(crate) fn last_position(&self, time: Time) -> Option<u64> {
        let lasts = |number: &&u64| {
            self.deeds.changes[number].first().is_some_and(|put| self.is_fixed(put, time))
        };
        self.deeds.positions.keys().filter(lasts).map(|number| self.deeds.positions[number]).max()
    }
}

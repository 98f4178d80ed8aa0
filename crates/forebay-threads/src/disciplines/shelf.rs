//! The plain sequential part of the disciplines that work under one lock.

use std::collections::{BTreeMap, VecDeque};

use crate::calls::Calls;
use crate::gauge::Gauge;
use crate::store::{Counts, Entry};

/// Fresh items in order, and returned entries, which all stand before them; and what is known about
/// them.
///
/// An entry can only be returned after it was taken, and whatever is fresh now was put after it: so
/// every returned entry is older than every fresh item.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    fresh: VecDeque<T>,
    returned: BTreeMap<u64, Entry<T>>,
    /// Fresh items taken so far: the position of the next.
    taken: u64,
    removed: u64,
    high_water: u64,
    reserved: usize,
    /// Permits ever given.
    permits: u64,
    capacity: usize,
    gauge: Option<Gauge>,
    pub(super) closed: bool,
    pub(super) watched: bool,
}

impl<T> Shelf<T> {
    pub(super) fn new(capacity: usize, gauge: Option<Gauge>) -> Self {
        Self {
            fresh: VecDeque::new(),
            returned: BTreeMap::new(),
            taken: 0,
            removed: 0,
            high_water: 0,
            reserved: 0,
            permits: 0,
            capacity,
            gauge,
            closed: false,
            watched: false,
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.fresh.len() + self.returned.len()
    }

    /// Whether one more of this weight may wait.
    pub(super) fn has_room(&self, weight: u64) -> bool {
        self.depth() + self.reserved < self.capacity && self.fits(weight)
    }

    /// Whether so much more weight may wait.
    pub(super) fn fits(&self, weight: u64) -> bool {
        self.gauge.as_ref().is_none_or(|gauge| gauge.fits(weight))
    }

    /// Whether one of this weight would have room if nothing waited.
    pub(super) fn could_have_room(&self, weight: u64) -> bool {
        self.reserved < self.capacity
            && self.gauge.as_ref().is_none_or(|gauge| gauge.could_fit(weight))
    }

    /// Puts and permits so far.
    pub(super) fn admitted(&self) -> u64 {
        self.taken + self.fresh.len() as u64 + self.permits
    }

    /// Takes so far.
    pub(super) fn removed(&self) -> u64 {
        self.removed
    }

    pub(super) fn put(&mut self, item: T, weight: u64, calls: &mut Calls) {
        self.fresh.push_back(item);
        if let Some(gauge) = &mut self.gauge {
            gauge.put(weight, calls);
        }
        self.mark();
    }

    pub(super) fn reserve(&mut self, weight: u64) {
        self.reserved += 1;
        self.permits += 1;
        if let Some(gauge) = &mut self.gauge {
            gauge.reserve(weight);
        }
    }

    /// Ends a permit.
    pub(super) fn release(&mut self, weight: u64) {
        self.reserved -= 1;
        if let Some(gauge) = &mut self.gauge {
            gauge.release(weight);
        }
    }

    pub(super) fn give_back(&mut self, entry: Entry<T>, calls: &mut Calls) {
        if let Some(gauge) = &mut self.gauge {
            gauge.give_back(entry.weight, calls);
        }
        self.returned.insert(entry.position, entry);
        self.mark();
    }

    pub(super) fn take(&mut self, calls: &mut Calls) -> Option<Entry<T>> {
        let entry = if let Some((_, entry)) = self.returned.pop_first() {
            if let Some(gauge) = &mut self.gauge {
                gauge.take_returned(entry.weight, calls);
            }
            entry
        } else {
            let mut entry = Entry::fresh(self.fresh.pop_front()?, self.taken);
            if let Some(gauge) = &mut self.gauge {
                entry.weight = gauge.take_fresh(calls);
            }
            self.taken += 1;
            entry
        };
        self.removed += 1;
        Some(entry)
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            produced: self.taken + self.fresh.len() as u64,
            removed: self.removed,
            waiting: self.depth() as u64,
            reserved: self.reserved as u64,
            weight: self.gauge.as_ref().map_or(0, Gauge::weight),
            high_water: self.high_water,
        }
    }

    fn mark(&mut self) {
        self.high_water = self.high_water.max(self.depth() as u64);
    }
}

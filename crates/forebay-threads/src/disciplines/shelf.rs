//! The plain sequential part of the disciplines that work under a lock.

use std::collections::{BTreeMap, VecDeque};

use crate::store::{Counts, Entry};

/// Fresh items in order, and returned entries, which all stand before them.
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
}

impl<T> Shelf<T> {
    pub(super) fn new() -> Self {
        Self {
            fresh: VecDeque::new(),
            returned: BTreeMap::new(),
            taken: 0,
            removed: 0,
            high_water: 0,
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.fresh.len() + self.returned.len()
    }

    pub(super) fn put(&mut self, item: T) {
        self.fresh.push_back(item);
        self.mark();
    }

    pub(super) fn give_back(&mut self, entry: Entry<T>) {
        self.returned.insert(entry.position, entry);
        self.mark();
    }

    pub(super) fn take(&mut self) -> Option<Entry<T>> {
        let entry = if let Some((_, entry)) = self.returned.pop_first() {
            entry
        } else {
            let item = self.fresh.pop_front()?;
            self.taken += 1;
            Entry::fresh(item, self.taken - 1)
        };
        self.removed += 1;
        Some(entry)
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            produced: self.taken + self.fresh.len() as u64,
            removed: self.removed,
            waiting: self.depth() as u64,
            high_water: self.high_water,
        }
    }

    fn mark(&mut self) {
        self.high_water = self.high_water.max(self.depth() as u64);
    }
}

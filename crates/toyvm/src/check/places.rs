//! Where states lie, found by their hashes: a table with open addressing, in which whoever does not find
//! its place free takes the next one (Knuth, 1973).
//!
//! An entry has eight bytes, and so many bits of the hash that the table grows without a look at the
//! states.

/// Bits of an entry that say where the state lies; the others are of its hash.
const PLACE: u32 = 34;

/// Entries at first.
const FIRST: usize = 16;

/// Of so many entries,
const OF: usize = 16;
/// so many are taken at most.
const MOST: usize = 13;

/// Where states lie.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The hash above, the place and one below; 0 if it is free. They are a power of two.
    entries: Vec<u64>,
    count: usize,
}

/// A free entry, where a state belongs that was not found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot(usize);

impl Places {
    /// Where a state of that hash belongs; none if one of them is `same`.
    pub(super) fn find(&mut self, hash: u64, same: impl Fn(u64) -> bool) -> Option<Slot> {
        if self.count >= self.entries.len() / OF * MOST {
            self.grow();
        }
        let last = self.entries.len() - 1;
        let hash = hash_bits(hash);
        let mut at = hash as usize & last;
        loop {
            let entry = self.entries[at];
            if entry == 0 {
                return Some(Slot(at));
            }
            if entry >> PLACE == hash && same((entry & ((1 << PLACE) - 1)) - 1) {
                return None;
            }
            at = (at + 1) & last;
        }
    }

    /// A place where a state of that hash may lie: the one that is looked at first.
    pub(super) fn likely(&self, hash: u64) -> Option<u64> {
        let last = self.entries.len().checked_sub(1)?;
        let hash = hash_bits(hash);
        let entry = self.entries[hash as usize & last];
        (entry >> PLACE == hash && entry != 0).then(|| (entry & ((1 << PLACE) - 1)) - 1)
    }

    /// Puts a state into its free entry.
    pub(super) fn insert(&mut self, slot: Slot, hash: u64, place: u64) {
        debug_assert!(place < (1 << PLACE) - 1 && self.entries[slot.0] == 0);
        self.entries[slot.0] = hash_bits(hash) << PLACE | (place + 1);
        self.count += 1;
    }

    #[cold]
    fn grow(&mut self) {
        let size = (self.entries.len() * 2).max(FIRST);
        let old = std::mem::replace(&mut self.entries, vec![0; size]);
        for entry in old.into_iter().filter(|entry| *entry != 0) {
            let mut at = (entry >> PLACE) as usize & (size - 1);
            while self.entries[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            self.entries[at] = entry;
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Bytes of all of it.
    pub(super) fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<u64>()
    }
}

/// Those bits of a hash that stand in an entry.
fn hash_bits(hash: u64) -> u64 {
    hash & ((1 << (u64::BITS - PLACE)) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_it_is_found_and_nothing_else_however_it_grows() {
        // Of few hashes, so that most have to go on to the next entry.
        let hash = |state: u64| state % 50 * 7919 + ((state % 3) << 60);
        let mut places = Places::default();
        for state in 0..2_000 {
            let slot = places.find(hash(state), |place| place == state).expect("it is new");
            places.insert(slot, hash(state), state);
            assert!(places.find(hash(state), |place| place == state).is_none());
        }
        assert_eq!(places.len(), 2_000);
        for state in 0..2_000 {
            assert!(places.find(hash(state), |place| place == state).is_none(), "{state}");
            assert!(places.find(hash(state), |place| place == state + 2_000).is_some());
        }
    }
}

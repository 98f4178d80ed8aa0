//! The words of the ring: positions that count to the capacity exactly, and the flags beside them.
//!
//! ```text
//! 63                                        8 + index bits        8        0
//! +----------------------------------------+---------------------+----------+
//! | lap                                    | index < capacity    | flags    |
//! +----------------------------------------+---------------------+----------+
//! ```
//!
//! Head, tail and stamps share this layout. A position is a word whose flags are zero. The index
//! counts to any capacity, power of two or not, and then the lap goes up: no division is needed to
//! find a slot, and no slot is spare.

/// In a tail: puts are refused for good.
pub(super) const CLOSED: u64 = 1 << 0;
/// In a stamp: the slot holds an item.
pub(super) const PUBLISHED: u64 = 1 << 0;
/// In either word: others of one's own side stand in line; ask before passing them.
pub(super) const QUEUED: u64 = 1 << 1;
/// In either word: someone of the other side sleeps; call it.
pub(super) const CALL: u64 = 1 << 2;
/// In both words: returned entries wait outside the ring.
pub(super) const RETURNED: u64 = 1 << 3;
/// In a head: somebody watches for the store to become empty.
pub(super) const WATCHED: u64 = 1 << 4;

const FLAG_BITS: u32 = 8;
/// The greatest capacity: with it there are 2²⁴ laps, and more with less.
const MOST: u64 = 1 << 32;
pub(super) const FLAGS: u64 = (1 << FLAG_BITS) - 1;

/// How positions are counted.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub(super) capacity: u64,
    /// One lap, as a difference of words.
    pub(super) lap: u64,
}

impl Layout {
    /// `None` if the index would leave too few bits for the laps.
    pub(super) fn new(capacity: usize) -> Option<Self> {
        let capacity = u64::try_from(capacity).ok().filter(|&capacity| capacity <= MOST)?;
        Some(Self { capacity, lap: capacity.next_power_of_two() << FLAG_BITS })
    }

    #[inline]
    pub(super) fn index(self, position: u64) -> usize {
        ((position & (self.lap - 1)) >> FLAG_BITS) as usize
    }

    #[inline]
    pub(super) fn next(self, position: u64) -> u64 {
        if self.index(position) as u64 + 1 < self.capacity {
            position + (1 << FLAG_BITS)
        } else {
            (position & !(self.lap - 1)).wrapping_add(self.lap)
        }
    }

    /// The plain running count of a position.
    pub(super) fn count(self, position: u64) -> u64 {
        (position >> self.lap.trailing_zeros()) * self.capacity + self.index(position) as u64
    }

    /// The position so many places on, less than a lap.
    pub(super) fn on(self, position: u64, places: u64) -> u64 {
        let index = self.index(position) as u64 + places;
        let lap = position & !(self.lap - 1);
        if index < self.capacity {
            lap | (index << FLAG_BITS)
        } else {
            lap.wrapping_add(self.lap) | ((index - self.capacity) << FLAG_BITS)
        }
    }

    pub(super) fn depth(self, head: u64, tail: u64) -> u64 {
        self.count(tail & !FLAGS).saturating_sub(self.count(head & !FLAGS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_every_place_of_every_lap() {
        for capacity in [1, 2, 3, 5, 64, 1000] {
            let layout = Layout::new(capacity).unwrap();
            let mut position = 0;
            for count in 0..5 * capacity as u64 {
                assert_eq!(layout.count(position), count);
                assert_eq!(layout.index(position) as u64, count % capacity as u64);
                assert_eq!(position & FLAGS, 0);
                assert_eq!(layout.depth(position, position + layout.lap), capacity as u64);
                for places in 0..capacity as u64 {
                    assert_eq!(layout.count(layout.on(position, places)), count + places);
                }
                position = layout.next(position);
            }
        }
    }
}

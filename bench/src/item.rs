//! What is carried: a number, alone or in a block of some size.

use std::ops::Range;

/// An item that tells its number, so that whoever takes it can check that none was lost or doubled.
///
/// The bounds are what the most demanding peer asks for (thingbuf keeps its slots filled).
pub trait Item: Send + Sync + Default + Clone + Unpin + 'static {
    /// The item with this number.
    fn new(number: u64) -> Self;

    /// The number it was made with.
    fn number(&self) -> u64;
}

impl Item for u64 {
    #[inline]
    fn new(number: u64) -> Self {
        number
    }

    #[inline]
    fn number(&self) -> u64 {
        *self
    }
}

/// An item of `WORDS` × 8 bytes, moved by value.
#[derive(Debug, Clone)]
pub struct Block<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Default for Block<WORDS> {
    fn default() -> Self {
        Self::new(0)
    }
}

impl<const WORDS: usize> Item for Block<WORDS> {
    #[inline]
    fn new(number: u64) -> Self {
        Self([number; WORDS])
    }

    #[inline]
    fn number(&self) -> u64 {
        // A torn item has two numbers.
        assert_eq!(self.0[0], self.0[WORDS - 1], "an item arrived in pieces");
        self.0[0]
    }
}

/// The numbers of `items` items, dealt out to `hands` in runs whose lengths differ by one at most.
pub fn deal(items: u64, hands: usize) -> Vec<Range<u64>> {
    let (each, rest) = (items / hands as u64, items % hands as u64);
    let mut first = 0;
    let deal = |hand| {
        let begin = first;
        first += each + u64::from(hand < rest);
        begin..first
    };
    (0..hands as u64).map(deal).collect()
}

/// What the numbers of `items` items sum to, wrapping.
pub fn sum(items: u64) -> u64 {
    (0..items).fold(0, u64::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_dealt() {
        assert_eq!(deal(7, 3), [0..3, 3..5, 5..7]);
        assert_eq!(sum(7), 21);
    }

    #[test]
    fn a_block_keeps_its_number() {
        assert_eq!(Block::<128>::new(7).number(), 7);
        assert_eq!(size_of::<Block<128>>(), 1024);
    }
}

//! What is carried: a number, alone or in a block of some size.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_keeps_its_number() {
        assert_eq!(Block::<128>::new(7).number(), 7);
        assert_eq!(size_of::<Block<128>>(), 1024);
    }
}

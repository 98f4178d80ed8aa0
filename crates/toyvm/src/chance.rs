//! The one generator of random numbers, the same for ever: SplitMix64 (Steele, Lea & Flood, *Fast
//! Splittable Pseudorandom Number Generators*, 2014). The same file, seed and scheduler give the same
//! run on every machine, so no part of it may change.

/// A stream of random numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chance(u64);

impl Chance {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    /// The stream of a seed for one purpose; streams for different purposes have nothing in common.
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mut stream = Self(seed);
        stream.0 = stream.bits() ^ purpose;
        stream
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(Self::STEP);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `below`, which is at least 1 (Lemire, 2019, without his rejection: the bias is
    /// below 2⁻⁶⁴ · `below`).
    pub fn below(&mut self, below: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(below)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_for_ever() {
        // The first of the published sequence for this state.
        let mut chance = Chance(1_234_567);
        assert_eq!(chance.bits(), 6_457_827_717_110_365_317);
        assert_eq!(chance.bits(), 3_203_168_211_198_807_973);
        let mut chance = Chance::new(7, 0);
        let rolls: Vec<u64> = (0..6).map(|_| chance.below(100)).collect();
        assert_eq!(rolls, [72, 64, 54, 60, 34, 18]);
    }

    #[test]
    fn seeds_and_purposes_differ_and_all_is_reached() {
        let rolls = |seed, purpose| {
            let mut chance = Chance::new(seed, purpose);
            (0..100).map(|_| chance.below(5)).collect::<Vec<u64>>()
        };
        assert_ne!(rolls(1, 0), rolls(2, 0));
        assert_ne!(rolls(1, 0), rolls(1, 1));
        assert!((0..5).all(|number| rolls(1, 0).contains(&number)));
        assert!(rolls(1, 0).iter().all(|roll| *roll < 5));
    }
}

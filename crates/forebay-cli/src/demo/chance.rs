//! Dice that fall the same way again when given the same seed.
//!
//! SplitMix64 (Steele, Lea & Flood, *Fast Splittable Pseudorandom Number Generators*, 2014): a counter
//! that advances by a fixed odd step, and a mix of its bits.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::cast::{Actor, Cast};

/// The dice of one actor.
#[derive(Debug)]
pub(super) struct Chance(u64);

impl Chance {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    /// Each actor has dice of its own: with dice that all share, what falls to whom would depend on
    /// who comes first.
    pub(super) fn of(cast: &Cast, actor: Actor) -> Self {
        let mut dice = Self(cast.seed);
        for part in [actor.role as u64, actor.number] {
            dice.0 = dice.roll() ^ part;
        }
        dice
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(Self::STEP);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number out of a small range.
    pub(super) fn among(&mut self, range: RangeInclusive<u64>) -> u64 {
        range.start() + self.roll() % (range.end() - range.start() + 1)
    }

    /// A pause between nothing and `most`.
    pub(super) fn pause(&mut self, most: Duration) -> Duration {
        Duration::from_micros(self.among(0..=most.as_micros() as u64))
    }
}

/// A seed that nobody chose; small enough to be typed again.
pub(super) fn any_seed() -> u64 {
    RandomState::new().hash_one(()) % 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::cast::Role;

    #[test]
    fn the_same_seed_falls_the_same_way_for_each_actor() {
        let rolls = |seed, number| {
            let cast =
                Cast { scene: "", items: None, producers: 1, consumers: 1, capacity: 1, seed };
            let mut dice = Chance::of(&cast, Actor { role: Role::Producer, number });
            (0..50).map(|_| dice.among(0..=256)).collect::<Vec<u64>>()
        };
        assert_eq!(rolls(7, 1), rolls(7, 1));
        assert_ne!(rolls(7, 1), rolls(7, 2));
        assert_ne!(rolls(7, 1), rolls(8, 1));
        assert!(rolls(7, 1).iter().all(|roll| *roll <= 256));
    }
}

//! Dice that fall the same way again when given the same seed.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::cast::{Actor, Cast};

/// The dice of one actor.
#[derive(Debug)]
pub(super) struct Chance(toyvm::chance::Chance);

impl Chance {
    /// Each actor has dice of its own: with dice that all share, what falls to whom would depend on
    /// who comes first.
    pub(super) fn of(cast: &Cast, actor: Actor) -> Self {
        // Numbers are small, so no two actors have the same dice.
        let whose = (actor.role as u64) << 32 | actor.number;
        Self(toyvm::chance::Chance::new(cast.seed, whose))
    }

    /// A number out of a small range.
    pub(super) fn among(&mut self, range: RangeInclusive<u64>) -> u64 {
        range.start() + self.0.below(range.end() - range.start() + 1)
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
            let cast = Cast {
                scene: "",
                items: None,
                producers: 1,
                consumers: 1,
                capacity: 1,
                seed,
                kill: false,
                place: None,
            };
            let mut dice = Chance::of(&cast, Actor { role: Role::Producer, number });
            (0..50).map(|_| dice.among(0..=256)).collect::<Vec<u64>>()
        };
        assert_eq!(rolls(7, 1), rolls(7, 1));
        assert_ne!(rolls(7, 1), rolls(7, 2));
        assert_ne!(rolls(7, 1), rolls(8, 1));
        assert!(rolls(7, 1).iter().all(|roll| *roll <= 256));
    }
}

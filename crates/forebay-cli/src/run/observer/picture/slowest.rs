//! The items that took longest.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// So many are named.
const NAMED: usize = 10;

/// An item that was long with its consumer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slow {
    pub(super) took: Duration,
    /// Of items that took the same time the first one is named.
    pub(super) seq: Reverse<u64>,
    pub(super) label: String,
    pub(super) result: String,
}

/// The slowest seen so far, the least slow of them on top.
#[derive(Debug, Default)]
pub(super) struct Slowest(BinaryHeap<Reverse<Slow>>);

impl Slowest {
    /// Names the item if it is among the slowest; nothing is made of the others.
    pub(super) fn note(&mut self, took: Duration, slow: impl FnOnce() -> Slow) {
        let is_full = self.0.len() == NAMED;
        if is_full && self.0.peek().is_some_and(|Reverse(least)| least.took >= took) {
            return;
        }
        if is_full {
            self.0.pop();
        }
        self.0.push(Reverse(slow()));
    }

    /// The slowest first.
    pub(super) fn list(&self) -> Vec<&Slow> {
        let mut list: Vec<_> = self.0.iter().map(|Reverse(slow)| slow).collect();
        list.sort_by(|a, b| b.cmp(a));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ten_slowest_are_kept_and_no_other_is_labelled() {
        let mut slowest = Slowest::default();
        let mut labelled = 0;
        for seq in 0..1000_u64 {
            let took = Duration::from_millis(seq * 617 % 1000);
            slowest.note(took, || {
                labelled += 1;
                Slow { took, seq: Reverse(seq), label: String::new(), result: String::new() }
            });
        }
        let times: Vec<_> = slowest.list().iter().map(|slow| slow.took.as_millis()).collect();
        assert_eq!(times, (990..1000).rev().collect::<Vec<_>>());
        assert!(labelled < 200, "{labelled}");
    }
}

//! Snapshots of what changes step by step, so that going back does not begin at the beginning.

use std::collections::BTreeMap;

/// Snapshots at steps that are multiples of a distance. When there are too many, the distance doubles
/// and those between go: however long a play is, memory stays bounded, and going back to any step
/// makes at most about a thirtieth of its steps again.
#[derive(Debug)]
pub(super) struct Snapshots<T> {
    every: usize,
    kept: BTreeMap<usize, T>,
}

impl<T> Snapshots<T> {
    /// The most that are kept.
    pub(super) const MOST: usize = 64;
    /// How far apart they are at first: so many steps are made again in no time.
    const AT_FIRST: usize = 16;

    /// With that of the beginning.
    pub(super) fn new(beginning: T) -> Self {
        Self { every: Self::AT_FIRST, kept: BTreeMap::from([(0, beginning)]) }
    }

    /// Whether one is wanted after so many steps.
    pub(super) fn is_due(&self, step: usize) -> bool {
        step.is_multiple_of(self.every) && !self.kept.contains_key(&step)
    }

    /// Keeps one that is due.
    pub(super) fn keep(&mut self, step: usize, snapshot: T) {
        self.kept.insert(step, snapshot);
        while self.kept.len() > Self::MOST {
            self.every *= 2;
            let every = self.every;
            self.kept.retain(|step, _| step.is_multiple_of(every));
        }
    }

    /// The last one at or before a step.
    pub(super) fn before(&self, step: usize) -> (usize, &T) {
        let (step, snapshot) = self.kept.range(..=step).next_back().expect("the beginning is kept");
        (*step, snapshot)
    }

    /// What comes after a step is no longer what was played.
    pub(super) fn forget_after(&mut self, step: usize) {
        self.kept.retain(|kept, _| *kept <= step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_few_and_never_far() {
        let mut snapshots = Snapshots::new(0);
        for step in 1..=100_000 {
            if snapshots.is_due(step) {
                snapshots.keep(step, step);
            }
            assert!(snapshots.kept.len() <= Snapshots::<usize>::MOST);
            let (at, snapshot) = snapshots.before(step);
            assert!(at == *snapshot && step - at <= (step / 30).max(16), "{at} for {step}");
        }
        assert!(snapshots.kept.len() > 32);
        assert_eq!(snapshots.before(0), (0, &0));
    }

    #[test]
    fn what_is_no_longer_so_is_forgotten() {
        let mut snapshots = Snapshots::new("beginning");
        snapshots.keep(16, "sixteen");
        snapshots.keep(32, "thirty-two");
        snapshots.forget_after(31);
        assert_eq!(snapshots.before(40), (16, &"sixteen"));
        assert!(snapshots.is_due(32) && !snapshots.is_due(16));
    }
}

//! What the producers bring, all together: the numbers of items, and who brought how many.

pub(crate) mod blocks;
pub(crate) mod delimiter;
pub(crate) mod dropped;
pub(crate) mod input;
pub(crate) mod origin;
pub(crate) mod packing;
pub(crate) mod producer;
pub(crate) mod producer_command;
pub(crate) mod resume;
pub(crate) mod source;
pub(crate) mod upstream;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::run::Run;
use crate::run::arguments::Arguments;
use crate::run::item::Item;

/// Counts of the producers, readable while they run. Producers are numbered from 0.
#[derive(Debug)]
pub(crate) struct Intake {
    numbers: Mutex<Numbers>,
    each: Vec<Brought>,
    /// Producers that have not ended.
    going: AtomicUsize,
    /// Items refused because the buffer was full, and because they weigh more than it may hold.
    full: AtomicU64,
    too_heavy: AtomicU64,
}

/// The numbers that were given last.
#[derive(Debug, Default)]
struct Numbers {
    seq: u64,
    places: u64,
}

#[derive(Debug, Default)]
struct Brought {
    put: AtomicU64,
    refused: AtomicU64,
    /// On a full buffer, in ns.
    waited: AtomicU64,
    ended: OnceLock<Ended>,
}

#[derive(Debug, Clone, Copy)]
struct Ended {
    /// When the last item was put, since the run began.
    at: Duration,
    /// The time that the source took for all items while nothing held it back.
    free: Duration,
}

impl Intake {
    pub(crate) fn new(producers: usize) -> Self {
        Self {
            numbers: Mutex::default(),
            each: (0..producers).map(|_| Brought::default()).collect(),
            going: AtomicUsize::new(producers),
            full: AtomicU64::new(0),
            too_heavy: AtomicU64::new(0),
        }
    }

    /// Numbers the next item, whichever producer brings it.
    pub(crate) fn number(&self, args: Arguments) -> Item {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let place = numbers.places;
        numbers.places += 1;
        numbers.seq += 1;
        Item { seq: numbers.seq, place, args, duty: None }
    }

    /// An item of the input gets no place.
    pub(crate) fn leave_out(&self) {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner).seq += 1;
    }

    pub(crate) fn put(&self, producer: usize) {
        self.each[producer].put.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn waited(&self, producer: usize, time: Duration) {
        self.each[producer].waited.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    pub(crate) fn refuse(&self, producer: usize, is_too_heavy: bool) {
        self.each[producer].refused.fetch_add(1, Ordering::Relaxed);
        let refused = if is_too_heavy { &self.too_heavy } else { &self.full };
        refused.fetch_add(1, Ordering::Relaxed);
    }

    /// The producer has put its last item, then; its source took so long for all of them. Says whether
    /// it was the last to end.
    pub(crate) fn end(&self, producer: usize, at: Duration, free: Duration) -> bool {
        let _ = self.each[producer].ended.set(Ended { at, free });
        self.going.fetch_sub(1, Ordering::AcqRel) == 1
    }

    pub(crate) fn producers(&self) -> usize {
        self.each.len()
    }

    /// Items refused because the buffer was full.
    pub(crate) fn refused_full(&self) -> u64 {
        self.full.load(Ordering::Relaxed)
    }

    /// Items refused because they weigh more than the buffer may hold.
    pub(crate) fn too_heavy(&self) -> u64 {
        self.too_heavy.load(Ordering::Relaxed)
    }

    /// Items refused for either reason.
    pub(crate) fn refused(&self) -> u64 {
        self.refused_full() + self.too_heavy()
    }

    /// Items put by each producer.
    pub(crate) fn produced_by(&self) -> Vec<u64> {
        self.each.iter().map(|brought| brought.put.load(Ordering::Relaxed)).collect()
    }

    /// How long all producers together waited on a full buffer.
    pub(crate) fn waited_in_all(&self) -> Duration {
        self.each.iter().map(Brought::waited).sum()
    }

    /// How long each producer waited on a full buffer, in seconds.
    pub(crate) fn waits(&self) -> Vec<f64> {
        self.each.iter().map(|brought| brought.waited().as_secs_f64()).collect()
    }

    /// The time from the start until the last item of each producer, all together, in a run that has
    /// taken so long.
    pub(crate) fn producing(&self, elapsed: Duration) -> Duration {
        let ended = |brought: &Brought| brought.ended.get().map_or(elapsed, |ended| ended.at);
        self.each.iter().map(ended).sum()
    }

    /// How many items would come in a second if nothing held any producer back, in a run that has taken
    /// so long.
    pub(crate) fn rate(&self, elapsed: Duration) -> f64 {
        let rate = |brought: &Brought| {
            let items =
                brought.put.load(Ordering::Relaxed) + brought.refused.load(Ordering::Relaxed);
            // A run that stopped early: as if the source had stood still while it was not read.
            let free = brought
                .ended
                .get()
                .map_or_else(|| elapsed.saturating_sub(brought.waited()), |ended| ended.free);
            items as f64 / free.as_secs_f64().max(1e-6)
        };
        self.each.iter().map(rate).sum()
    }
}

impl Brought {
    fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited.load(Ordering::Relaxed))
    }
}

impl Run {
    /// How many items there are to run in all, as soon as that is known.
    pub(crate) fn total(&self) -> Option<u64> {
        if let Some(production) = self.production.get() {
            return Some(production.items);
        }
        let items = self.counted?.saturating_sub(self.skipped.load(Ordering::Relaxed));
        let never_run = self.buffer.statistics().dropped + self.intake.refused();
        Some(items.div_ceil(self.max_args as u64).saturating_sub(never_run))
    }

    /// An item has finished before.
    pub(crate) fn skip(&self) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_no_gaps_and_numbers_count_what_is_left_out() {
        let intake = Intake::new(2);
        let numbers = |item: &Item| (item.seq, item.place);
        assert_eq!(
            numbers(&intake.number(Arguments::rows_of(vec!["a".into()], Vec::new()))),
            (1, 0)
        );
        intake.leave_out();
        assert_eq!(
            numbers(&intake.number(Arguments::rows_of(vec!["b".into()], Vec::new()))),
            (3, 1)
        );
    }

    #[test]
    fn rates_add_up_each_over_its_own_free_time() {
        let second = Duration::from_secs(1);
        let intake = Intake::new(3);
        (0..10).for_each(|_| intake.put(0));
        assert!(!intake.end(0, 5 * second, 2 * second));
        (0..4).for_each(|_| intake.put(1));
        intake.refuse(1, false);
        assert!(!intake.end(1, 10 * second, 10 * second));
        (0..8).for_each(|_| intake.put(2));
        intake.waited(2, 16 * second);
        // The third has not ended: 8 items in 20 s, of which it waited 16.
        assert!((intake.rate(20 * second) - (5.0 + 0.5 + 2.0)).abs() < 1e-9);
        assert_eq!(intake.producing(20 * second), 35 * second);
        assert!(intake.end(2, 20 * second, 4 * second));
        assert_eq!(intake.produced_by(), [10, 4, 8]);
    }
}

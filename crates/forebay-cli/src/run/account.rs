//! The account of a run's items: of a buffer in memory as it says itself, of a shared one as this run knows it.
//!
//! A shared buffer's own figures are of all who ever used it. A run that brought items into it tells of those; whoever works
//! on what others put tells of what it leased.

use std::sync::atomic::Ordering;
use std::time::Duration;

use forebay::Statistics;

use super::Run;

/// Figures of the report.
#[derive(Debug, Clone, Default)]
pub(super) struct Account {
    pub(super) produced: u64,
    pub(super) finished: u64,
    pub(super) failed: u64,
    pub(super) remaining: u64,
    pub(super) dead: u64,
    pub(super) dropped: u64,
    pub(super) high_water: u64,
    pub(super) produced_by: Vec<u64>,
    pub(super) producer_wait: Duration,
    /// Of the failed, those that were dead letters when the run began.
    pub(super) failed_before: u64,
    /// Items that others brought to their end.
    pub(super) elsewhere: u64,
    /// Whether there is a source whose speed is known.
    pub(super) has_source: bool,
}

impl Run {
    /// The account, with what the buffer in memory says.
    pub(super) fn account(&self, memory: &Statistics) -> Account {
        let Some(shared) = &self.shared else {
            return Account {
                produced: memory.produced,
                finished: memory.finished,
                failed: self.tally.failed(),
                remaining: memory.unfinished(),
                dead: memory.dead,
                dropped: memory.dropped,
                high_water: memory.high_water,
                produced_by: self.intake.produced_by(),
                producer_wait: memory.producer_wait,
                has_source: true,
                ..Account::default()
            };
        };
        let there = self.standing_of(shared);
        let high_water = there.high_water;
        if let Some(own) = &shared.own {
            let figures = own.figures();
            return Account {
                produced: figures.produced,
                finished: figures.finished,
                failed: figures.failed,
                remaining: figures.unfinished,
                dead: figures.failed,
                dropped: figures.dropped,
                high_water,
                produced_by: self.intake.produced_by(),
                producer_wait: self.intake.waited_in_all(),
                failed_before: figures.failed_before,
                elsewhere: figures.elsewhere,
                has_source: true,
            };
        }
        let (finished, failed) = (self.tally.succeeded(), self.tally.failed());
        // Whatever is held by whichever thread at this moment.
        let produced = shared.brought.load(Ordering::Relaxed) - shared.gone.load(Ordering::Relaxed);
        let remaining = produced.saturating_sub(finished + failed);
        Account {
            produced,
            finished,
            failed,
            remaining,
            dead: failed,
            high_water,
            produced_by: vec![produced],
            // Of everybody who put, since it is for these items that they did.
            producer_wait: there.producer_wait.saturating_sub(shared.waited_before),
            ..Account::default()
        }
    }
}

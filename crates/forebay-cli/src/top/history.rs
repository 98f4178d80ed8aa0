//! What was seen so far: how fast items came and went, and how much of their time the two sides waited.

use std::collections::VecDeque;
use std::time::Duration;

use forebay::processes::Role;

use super::look::Look;
use crate::run::report::bottleneck::Measured;

/// The two spans that rates are told of.
pub(super) const NOW: Duration = Duration::from_secs(1);
pub(super) const LATELY: Duration = Duration::from_secs(10);
/// A bar of a chart is at least so long.
const BAR: Duration = Duration::from_secs(1);
/// So many bars are kept: as many as any terminal is wide.
const BARS: usize = 512;

/// Counts at a time, all of which only grow.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sample {
    at: Duration,
    pub(super) produced: u64,
    pub(super) finished: u64,
    producer_wait: Duration,
    consumer_wait: Duration,
    producers: u32,
    consumers: u32,
    /// Time lived, all of them together.
    producing: Duration,
    consuming: Duration,
}

impl Sample {
    pub(super) fn of(look: &Look, at: Duration) -> Self {
        let counts = &look.counts;
        Self {
            at,
            produced: counts.produced,
            finished: counts.finished,
            producer_wait: counts.producer_wait,
            consumer_wait: counts.consumer_wait,
            producers: look.here(Role::Producer) as u32,
            consumers: look.here(Role::Consumer) as u32,
            ..Self::default()
        }
    }
}

/// Items in a second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Rate {
    pub(super) put: f64,
    pub(super) finished: f64,
}

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Those of the last [`LATELY`], and one before it.
    samples: VecDeque<Sample>,
    /// One after another, oldest first.
    bars: VecDeque<Rate>,
    /// Where the next bar begins.
    bar_from: Option<Sample>,
}

impl History {
    pub(super) fn add(&mut self, mut sample: Sample) {
        if let Some(last) = self.samples.back() {
            let between = sample.at.saturating_sub(last.at);
            sample.producing = last.producing + between * last.producers;
            sample.consuming = last.consuming + between * last.consumers;
        }
        self.samples.push_back(sample);
        while self.samples.get(1).is_some_and(|second| second.at + LATELY <= sample.at) {
            self.samples.pop_front();
        }
        let from = *self.bar_from.get_or_insert(sample);
        // Looks come a little late: that must not cost every second bar.
        if sample.at + BAR / 20 >= from.at + BAR {
            self.bars.extend(between(from, sample));
            self.bar_from = Some(sample);
        }
        if self.bars.len() > BARS {
            self.bars.pop_front();
        }
    }

    /// Rates over the last `span`; over what there is, if it is less.
    pub(super) fn rate(&self, span: Duration) -> Option<Rate> {
        let last = *self.samples.back()?;
        between(self.before(span)?, last)
    }

    /// The youngest sample that is so old; the oldest, if none is.
    fn before(&self, span: Duration) -> Option<Sample> {
        let last = self.samples.back()?;
        let slack = BAR / 20;
        let is_old = |sample: &&Sample| sample.at + span <= last.at + slack;
        self.samples.iter().rev().find(is_old).or(self.samples.front()).copied()
    }

    /// The last bars of the chart, oldest first.
    pub(super) fn bars(&self, most: usize) -> impl Iterator<Item = Rate> {
        self.bars.iter().copied().skip(self.bars.len().saturating_sub(most))
    }

    /// What both sides did lately, and how long that is; `None` until there is something to say.
    pub(super) fn lately(&self) -> Option<Measured> {
        let (from, to) = (self.before(LATELY)?, *self.samples.back()?);
        let elapsed = to.at.saturating_sub(from.at);
        let consuming = to.consuming.saturating_sub(from.consuming);
        if elapsed < NOW / 2 || consuming.is_zero() {
            return None;
        }
        Some(Measured {
            elapsed,
            production: elapsed,
            producing: to.producing.saturating_sub(from.producing),
            producer_wait: to.producer_wait.saturating_sub(from.producer_wait),
            consumers: to.consumers as usize,
            consumers_mean: consuming.as_secs_f64() / elapsed.as_secs_f64(),
            consumer_wait: to.consumer_wait.saturating_sub(from.consumer_wait),
            ..Measured::default()
        })
    }
}

fn between(from: Sample, to: Sample) -> Option<Rate> {
    let seconds = to.at.saturating_sub(from.at).as_secs_f64();
    let rate = |from: u64, to: u64| to.saturating_sub(from) as f64 / seconds;
    (seconds > 0.0).then(|| Rate {
        put: rate(from.produced, to.produced),
        finished: rate(from.finished, to.finished),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::report::bottleneck::Bottleneck;

    fn at(millis: u64, produced: u64, waited_millis: u64) -> Sample {
        Sample {
            at: Duration::from_millis(millis),
            produced,
            finished: produced / 2,
            producer_wait: Duration::from_millis(waited_millis),
            producers: 2,
            consumers: 1,
            ..Sample::default()
        }
    }

    #[test]
    fn rates_are_those_of_the_last_second_and_of_ten() {
        let mut history = History::default();
        assert_eq!(history.rate(NOW), None);
        history.add(at(0, 1000, 0));
        assert_eq!(history.rate(NOW), None, "one look is no rate");
        for half in 1..=40 {
            // 100 in a second, and 300 in the last.
            let more = if half > 38 { (half - 38) * 100 } else { 0 };
            history.add(at(half * 500, 1000 + half * 50 + more, 0));
        }
        assert_eq!(history.rate(NOW), Some(Rate { put: 300.0, finished: 150.0 }));
        assert_eq!(history.rate(LATELY), Some(Rate { put: 120.0, finished: 60.0 }));
        assert!(history.samples.len() <= 22, "{}", history.samples.len());
        let bars: Vec<f64> = history.bars(3).map(|rate| rate.put).collect();
        assert_eq!(bars, [100.0, 100.0, 300.0]);
    }

    #[test]
    fn a_look_that_comes_late_or_seldom_is_a_bar_all_the_same() {
        let mut history = History::default();
        for look in 0..5 {
            history.add(at(look * 980, look * 98, 0));
        }
        assert_eq!(history.bars(9).count(), 4);
        history.add(at(4 * 980 + 5_000, 392 + 1_000, 0));
        assert_eq!(history.bars(1).map(|rate| rate.put.round()).collect::<Vec<_>>(), [200.0]);
    }

    #[test]
    fn the_side_that_waited_lately_is_not_the_bottleneck() {
        let mut history = History::default();
        history.add(at(0, 0, 0));
        assert!(history.lately().is_none());
        for second in 1..=30 {
            // In the first twenty nobody waited; then two producers wait a second and a half in each.
            history.add(at(second * 1000, 0, second.saturating_sub(20) * 1500));
        }
        let measured = history.lately().expect("enough was seen");
        assert_eq!(measured.elapsed, LATELY);
        assert_eq!(measured.bottleneck(), Bottleneck::Consumers);
        let (producers, consumers) = measured.idle_percent();
        assert_eq!((producers.round(), consumers), (75.0, 0.0));
    }
}

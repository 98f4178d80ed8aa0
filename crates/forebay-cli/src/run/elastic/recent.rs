//! What was counted lately: how fast things come, and how much they weigh in the mean.

use std::collections::VecDeque;
use std::collections::vec_deque::Iter;
use std::time::Duration;

/// So far back is looked.
const SPAN: Duration = Duration::from_millis(800);

/// What is rare is looked for further back, until so many counts were found.
const ENOUGH: usize = 4;

/// Less says nothing of a rate.
const BRIEF: Duration = Duration::from_millis(240);

/// Counts of the recent past, each with its moment and the sum of what was counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent {
    counts: VecDeque<Count>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    at: Duration,
    number: u64,
    sum: Duration,
}

impl Recent {
    /// So many, with this sum, since the last count. Where nothing was counted, nothing is noted.
    pub(super) fn note(&mut self, at: Duration, number: u64, sum: Duration) {
        if number > 0 {
            self.counts.push_back(Count { at, number, sum });
        }
        while self.counts.len() > ENOUGH && at.saturating_sub(self.counts[0].at) > SPAN {
            self.counts.pop_front();
        }
    }

    /// Forgets what was before if so much more came of late that it is no chance: beyond three standard
    /// deviations of what would come at random, and not all at once.
    pub(super) fn notice_more(&mut self, now: Duration) {
        let is_late = |count: &Count| now.saturating_sub(count.at) < BRIEF;
        let late = self.counts.iter().rev().take_while(|count| is_late(count)).count();
        let before = self.counts.len() - late;
        let since = now.saturating_sub(self.counts.front().map_or(now, |first| first.at));
        if late < ENOUGH || since < 2 * BRIEF {
            return;
        }
        let number = |counts: Iter<'_, Count>| counts.map(|count| count.number as f64).sum::<f64>();
        let share = BRIEF.as_secs_f64() / since.saturating_sub(BRIEF).as_secs_f64();
        let expected = number(self.counts.range(..before)) * share;
        if number(self.counts.range(before..)) > expected + 3.0 * expected.sqrt() + 1.0 {
            self.counts.drain(..before);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.counts.clear();
    }

    /// How many come in a second. From the first count on there are so many intervals as came after
    /// it, and the one that goes on: as soon as that is longer than the mean, the rate goes down.
    pub(super) fn rate(&self, now: Duration) -> Option<f64> {
        let (first, last) = (self.counts.front()?.at, self.counts.back()?.at);
        let later: u64 = self.counts.iter().skip(1).map(|count| count.number).sum();
        let since = now.saturating_sub(first);
        if later == 0 || since < BRIEF {
            return None;
        }
        let intervals = later as f64;
        let time = last
            .saturating_sub(first)
            .as_secs_f64()
            .max(since.as_secs_f64() * intervals / (intervals + 1.0));
        Some(intervals / time)
    }

    /// The mean of what was counted, in seconds.
    pub(super) fn mean(&self) -> Option<f64> {
        let number: u64 = self.counts.iter().map(|count| count.number).sum();
        let sum: Duration = self.counts.iter().map(|count| count.sum).sum();
        (number > 0).then(|| sum.as_secs_f64() / number as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(50);

    #[test]
    fn a_rate_is_of_intervals_and_decays_in_silence() {
        let mut recent = Recent::default();
        assert_eq!(recent.rate(TICK), None);
        // Two a second.
        for tick in 0..80 {
            recent.note(TICK * tick, u64::from(tick % 10 == 0), TICK);
        }
        let near = |value: f64, expected: f64| (value - expected).abs() < 1e-6;
        assert!(near(recent.rate(TICK * 79).unwrap(), 2.0), "{recent:?}");
        assert!(near(recent.mean().unwrap(), 0.05));
        let later = recent.rate(TICK * 120).unwrap();
        assert!(later < 1.1, "{later}");
        recent.clear();
        assert_eq!(recent.rate(TICK * 120), None);
    }

    #[test]
    fn what_came_at_once_has_no_rate_yet() {
        let mut recent = Recent::default();
        recent.note(TICK, 64, Duration::ZERO);
        assert_eq!(recent.rate(TICK * 20), None);
        recent.note(TICK * 21, 64, Duration::ZERO);
        assert!((recent.rate(TICK * 21).unwrap() - 64.0).abs() < 1e-6);
    }
}

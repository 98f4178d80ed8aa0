//! Tokens: what is handed from thread to thread through a semaphore or a queue.

use std::collections::VecDeque;

use super::clock::Clock;

/// Tokens in the order in which they came, the oldest taken first; each carries what was known to
/// whoever brought it.
///
/// The count of a semaphore is a number, and does not say whose release an acquire lives on. If the
/// oldest is taken, every order of events that keeps each acquire after the release whose token it
/// took is one in which the count never falls below 0: so what is left unordered really can happen
/// in either order. To merge all releases, as for a lock, would order more, and hide races.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens {
    /// Equal ones are kept together, with their number.
    runs: VecDeque<(Clock, u64)>,
}

impl Tokens {
    /// How many runs are kept apart. What comes on top of them is merged into the last: races may be
    /// missed then, but none are made up.
    const MOST: usize = 1_024;

    /// Those that were there from the beginning: they carry nothing.
    pub(super) fn blank(count: i64) -> Self {
        let count = u64::try_from(count).unwrap_or(0);
        let run = (count > 0).then(|| (Clock::default(), count));
        Self { runs: run.into_iter().collect() }
    }

    /// One more.
    pub(super) fn put(&mut self, clock: Clock) {
        let full = self.runs.len() >= Self::MOST;
        match self.runs.back_mut() {
            Some((last, count)) if last.is(&clock) => *count += 1,
            Some((last, count)) if full => {
                last.learn(&clock);
                *count += 1;
            }
            _ => self.runs.push_back((clock, 1)),
        }
    }

    /// The oldest.
    pub(super) fn take(&mut self) -> Option<Clock> {
        let (clock, count) = self.runs.front_mut()?;
        *count -= 1;
        if *count > 0 {
            return Some(clock.clone());
        }
        self.runs.pop_front().map(|(clock, _)| clock)
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::Clocks;
    use super::*;
    use crate::machine::ThreadId;

    fn times(count: u32) -> Vec<Clock> {
        let mut clocks = Clocks::default();
        let it = ThreadId(0);
        let mut next = || {
            clocks.now(it);
            clocks.tell(it)
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn the_oldest_is_taken_first() {
        let mut tokens = Tokens::blank(2);
        let told = times(2);
        tokens.put(told[0].clone());
        for _ in 0..2 {
            tokens.put(told[1].clone());
        }
        assert_eq!(tokens.runs.len(), 3);
        let mut taken = || tokens.take().map(|clock| clock.of(ThreadId(0)));
        assert_eq!([taken(), taken(), taken()], [Some(0), Some(0), Some(1)]);
        assert_eq!([taken(), taken(), taken()], [Some(2), Some(2), None]);
        assert!(Tokens::blank(0).take().is_none());
    }

    #[test]
    fn many_are_merged_and_none_is_lost() {
        let mut tokens = Tokens::default();
        let most = Tokens::MOST as u32;
        for told in times(most + 10) {
            tokens.put(told.clone());
            tokens.put(told);
        }
        assert_eq!(tokens.runs.len(), Tokens::MOST);
        let taken: Vec<u32> =
            std::iter::from_fn(|| tokens.take()).map(|clock| clock.of(ThreadId(0))).collect();
        assert_eq!(taken.len() as u32, 2 * (most + 10));
        // What is taken is never older than it should be.
        assert!(taken.iter().enumerate().all(|(at, time)| *time > at as u32 / 2));
        assert_eq!(taken[..4], [1, 1, 2, 2]);
    }
}

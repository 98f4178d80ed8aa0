//! How many items the consumers of this process want out of the file: those that are free one each, and what
//! they do in a moment beside.
//!
//! What is leased ahead nobody else can do, so it is bounded by what is done here in [`AHEAD`]: several
//! processes share what there is, and a slow command gets an item only when a consumer is free for it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::time::{Duration, Instant};

/// So much work may be leased ahead.
const AHEAD: Duration = Duration::from_millis(50);

/// No more items than this are leased ahead.
pub(crate) const MOST_AHEAD: usize = 1 << 14;

/// How often it is looked what is done, at most.
const SAMPLE: Duration = Duration::from_millis(5);

/// While something is leased ahead, it is looked so often whether that is still enough.
const GLANCE: Duration = Duration::from_millis(5);

/// What is wanted, and what is held.
#[derive(Debug, Default)]
pub(crate) struct Demand {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Consumers that wait for an item.
    free: usize,
    /// Items that wait for a consumer in this process.
    waiting: usize,
    /// How many may, beside those that somebody is free for.
    ahead: usize,
    /// Items that are leased: they wait here, run, or are in backoff.
    held: usize,
    /// Somebody waits until fewer are held.
    pausing: bool,
    /// It is to be looked round.
    called: bool,
    ended: bool,
}

impl State {
    fn wanted(&self) -> usize {
        let wanted = (self.free + self.ahead).saturating_sub(self.waiting);
        // What is leased ahead comes in batches.
        if self.free > self.waiting || self.waiting <= self.ahead / 2 { wanted } else { 0 }
    }
}

impl Demand {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A consumer waits for an item from here on.
    pub(crate) fn wait(&self) {
        let mut state = self.lock();
        state.free += 1;
        if state.free > state.waiting {
            self.changed.notify_all();
        }
    }

    /// The consumer that waited does so no more; whether it has an item.
    pub(crate) fn waited(&self, has_item: bool) {
        let mut state = self.lock();
        state.free -= 1;
        state.waiting = state.waiting.saturating_sub(usize::from(has_item));
        if !has_item {
            self.changed.notify_all();
        }
    }

    /// So many items have gone from here to consumers that did not wait for them.
    pub(crate) fn took(&self, items: usize) {
        if items > 0 {
            let mut state = self.lock();
            state.waiting = state.waiting.saturating_sub(items);
        }
    }

    /// So many wait here from now on.
    pub(crate) fn brought(&self, items: usize) {
        self.lock().waiting += items;
    }

    /// So many more are leased.
    pub(super) fn hold(&self, items: usize) {
        self.lock().held += items;
    }

    /// So many are so no more.
    pub(super) fn release(&self, items: usize) {
        let mut state = self.lock();
        state.held -= items;
        if std::mem::take(&mut state.pausing) {
            self.changed.notify_all();
        }
    }

    /// Waits until none is leased by this process any more, but no longer than so long.
    pub(super) fn until_none_is_held(&self, time: Duration) {
        let deadline = Instant::now() + time;
        let mut state = self.lock();
        while state.held > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state.pausing = true;
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// How many items are leased by this process.
    pub(crate) fn held(&self) -> usize {
        self.lock().held
    }

    /// Nothing is wanted any more.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Waits until items are wanted, and says how many: 0 when it is time to look round, or nothing is
    /// wanted ever again. `ahead` is how many may be leased ahead.
    pub(crate) fn next(&self, ahead: usize, patience: Duration) -> usize {
        let mut state = self.lock();
        state.ahead = ahead;
        let patience = if ahead > 0 { patience.min(GLANCE) } else { patience };
        let deadline = Instant::now() + patience;
        loop {
            if state.ended {
                return 0;
            }
            let wanted = state.wanted();
            let left = deadline.saturating_duration_since(Instant::now());
            if wanted > 0 || left.is_zero() {
                return wanted;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// It is to be looked round: the item has come that the supply stands in line for, or something else has changed.
    pub(super) fn call(&self) {
        self.lock().called = true;
        self.changed.notify_all();
    }

    /// Waits so long, if that is bounded, or until somebody has [called](Self::call), or no consumer is free any more for
    /// which there is no item here. With `fewer` given, also until fewer are held than so many.
    pub(super) fn until_called(&self, time: Option<Duration>, fewer: Option<usize>) {
        let mut state = self.lock();
        state.pausing = fewer.is_some();
        let goes_on = |state: &mut State| {
            let is_wanted = state.free > state.waiting || time.is_some();
            let as_many = fewer.is_none_or(|number| state.held >= number);
            is_wanted && as_many && !state.called && !state.ended
        };
        let mut state = match time {
            Some(time) => {
                let waited = self.changed.wait_timeout_while(state, time, goes_on);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.changed.wait_while(state, goes_on).unwrap_or_else(PoisonError::into_inner),
        };
        state.pausing = false;
        state.called = false;
    }

    /// Whether a consumer is free for which no item is here.
    pub(super) fn is_somebody_free(&self) -> bool {
        let state = self.lock();
        state.free > state.waiting
    }

    /// Waits so long, or until less is held than now, or nothing is wanted any more.
    pub(crate) fn pause(&self, time: Duration) {
        let mut state = self.lock();
        state.pausing = true;
        let goes_on = |state: &mut State| state.pausing && !state.ended;
        let waited = self.changed.wait_timeout_while(state, time, goes_on);
        waited.unwrap_or_else(PoisonError::into_inner).0.pausing = false;
    }
}

impl Wake for Demand {
    fn wake(self: Arc<Self>) {
        self.call();
    }
}

/// Counts what was done in the last moment.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// When so many had been done, the oldest first.
    samples: VecDeque<(Instant, u64)>,
}

impl Pulse {
    /// So many have been done until `now`: how many items may be leased ahead then.
    pub(crate) fn ahead(&mut self, now: Instant, done: u64) -> usize {
        let newest = self.samples.back().map(|(at, _)| *at);
        if newest.is_none_or(|newest| now.saturating_duration_since(newest) >= SAMPLE) {
            self.samples.push_back((now, done));
        }
        while let Some((second, _)) = self.samples.get(1)
            && now.saturating_duration_since(*second) >= AHEAD
        {
            self.samples.pop_front();
        }
        let before = self.samples.front().map_or(done, |(_, done)| *done);
        usize::try_from(done - before).unwrap_or(MOST_AHEAD).min(MOST_AHEAD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_leased_ahead_is_what_was_done_in_a_moment() {
        let mut pulse = Pulse::default();
        let began = Instant::now();
        let at = |ms| began + Duration::from_millis(ms);
        assert_eq!(pulse.ahead(at(0), 0), 0, "nothing is known yet");
        assert_eq!(pulse.ahead(at(10), 100), 100);
        assert_eq!(pulse.ahead(at(50), 500), 500);
        // A hundred each ten milliseconds are five hundred in fifty.
        assert_eq!(pulse.ahead(at(60), 600), 500);
        // One item each second: nothing at all.
        for second in 1..5 {
            assert!(pulse.ahead(at(1000 * second), 600 + second) <= 1);
            assert_eq!(pulse.ahead(at(1000 * second + 60), 600 + second), 0);
        }
    }

    #[test]
    fn who_is_free_wants_one_item_and_no_more() {
        let demand = Demand::default();
        assert_eq!(demand.next(0, Duration::ZERO), 0);
        demand.wait();
        demand.wait();
        assert_eq!(demand.next(0, Duration::ZERO), 2);
        demand.brought(2);
        assert_eq!(demand.next(0, Duration::ZERO), 0, "they are on their way");
        demand.waited(true);
        assert_eq!(demand.next(0, Duration::ZERO), 0, "one of them waits, and one item");
        // Another one was faster.
        demand.took(1);
        assert_eq!(demand.next(0, Duration::ZERO), 1);
    }

    #[test]
    fn what_is_leased_ahead_comes_in_batches() {
        let demand = Demand::default();
        assert_eq!(demand.next(100, Duration::ZERO), 100);
        demand.brought(100);
        demand.took(49);
        assert_eq!(demand.next(100, Duration::ZERO), 0);
        demand.took(1);
        assert_eq!(demand.next(100, Duration::ZERO), 50);
    }
}

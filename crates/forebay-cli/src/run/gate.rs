//! Which consumers may run: those with the lowest numbers, as many as are wanted.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The gate that surplus consumers wait at.
#[derive(Debug)]
pub(crate) struct Gate {
    /// What `State::open` says, for those who pass.
    open: AtomicUsize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// How many may run.
    open: usize,
    /// The fewest and the most that ever might.
    fewest: usize,
    most: usize,
    since: Instant,
    began: Instant,
    /// Consumers × seconds, until `since`.
    allowed: f64,
    ended: bool,
}

impl Gate {
    /// At first so many consumers may run.
    pub(crate) fn new(number: usize) -> Self {
        let now = Instant::now();
        let state = State {
            open: number,
            fewest: number,
            most: number,
            since: now,
            began: now,
            allowed: 0.0,
            ended: false,
        };
        Self { open: AtomicUsize::new(number), state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Waits while the consumer of this number, from 0, is one too many. To be called between two items, with
    /// nothing held: whoever waits here may wait until the end of the run, and costs nothing
    /// meanwhile. False: the run has ended or stops, and there is nothing more to do.
    pub(crate) fn pass(&self, number: usize) -> bool {
        // Relaxed: nothing else is read by it, and whoever sees it late has the next item only.
        if number < self.open.load(Ordering::Relaxed) {
            return true;
        }
        let surplus = |state: &mut State| !state.ended && number >= state.open;
        let state = self.changed.wait_while(self.lock(), surplus);
        !state.unwrap_or_else(PoisonError::into_inner).ended
    }

    /// From now on so many consumers may run.
    pub(crate) fn open(&self, number: usize) {
        let mut state = self.lock();
        let now = Instant::now();
        state.allowed += state.open as f64 * (now - state.since).as_secs_f64();
        state.since = now;
        state.open = number;
        state.fewest = state.fewest.min(number);
        state.most = state.most.max(number);
        self.open.store(number, Ordering::Relaxed);
        self.changed.notify_all();
    }

    /// Nobody waits here any more.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Lets so much time go by, unless the run ends. False: it has.
    pub(crate) fn linger(&self, time: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), time, |state| !state.ended);
        !waited.unwrap_or_else(PoisonError::into_inner).0.ended
    }

    /// How many consumers may run now.
    pub(crate) fn number(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// The fewest consumers that were allowed to run at once.
    pub(crate) fn fewest(&self) -> usize {
        self.lock().fewest
    }

    /// The most consumers that were allowed to run at once.
    pub(crate) fn most(&self) -> usize {
        self.lock().most
    }

    /// How many were allowed to run, in the mean over time.
    pub(crate) fn mean(&self) -> f64 {
        let state = self.lock();
        let now = Instant::now();
        let allowed = state.allowed + state.open as f64 * (now - state.since).as_secs_f64();
        let time = (now - state.began).as_secs_f64();
        if time > 0.0 { allowed / time } else { state.open as f64 }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn the_surplus_waits_until_it_is_wanted_or_the_run_ends() {
        let gate = Arc::new(Gate::new(1));
        assert!(gate.pass(0));
        let (tell, passed) = mpsc::channel();
        for number in [1, 2] {
            let (gate, tell) = (Arc::clone(&gate), tell.clone());
            thread::spawn(move || tell.send((number, gate.pass(number))));
        }
        thread::sleep(Duration::from_millis(20));
        assert!(passed.try_recv().is_err());
        gate.open(2);
        assert_eq!(passed.recv(), Ok((1, true)));
        assert!(passed.try_recv().is_err());
        gate.end();
        assert_eq!(passed.recv(), Ok((2, false)));
        assert!(!gate.linger(Duration::from_hours(1)));
    }

    #[test]
    fn the_mean_is_weighted_by_time() {
        let gate = Gate::new(2);
        gate.open(8);
        thread::sleep(Duration::from_millis(20));
        gate.open(4);
        assert_eq!((gate.fewest(), gate.most()), (2, 8));
        let mean = gate.mean();
        assert!(mean > 4.0 && mean < 8.1, "{mean}");
        assert!((Gate::new(3).mean() - 3.0).abs() < 1e-9);
    }
}

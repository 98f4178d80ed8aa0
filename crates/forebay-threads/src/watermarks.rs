//! The two marks that the depth may cross, and who is told.

use std::collections::VecDeque;
use std::fmt;

use crate::atomics::Mutex;
use crate::store::FirstPanic;

/// A mark that the depth has crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Watermark {
    /// The depth rose to the high mark: whoever is upstream should slow down.
    High,
    /// The depth fell to the low mark after that: upstream may go on.
    Low,
}

/// Tells a hook of the crossings, each once and in their order, one call at a time.
///
/// A crossing is noted under the store's lock and told after it, by the thread whose put or take it
/// was. If another thread is telling already, that one goes on with it: so the hook may put and take
/// itself, and crossings that it causes are told after it has returned. A hook that panics does so
/// into the put or take that told it, which is over by then, and all that was due has been told.
pub(crate) struct Watermarks {
    high: u64,
    low: u64,
    hook: Box<dyn Fn(Watermark) + Send + Sync>,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    /// The last crossing was of the high mark.
    above: bool,
    /// Crossings that are still to be told.
    due: VecDeque<Watermark>,
    /// A thread is telling.
    telling: bool,
}

impl Watermarks {
    pub(crate) fn new(
        low: usize,
        high: usize,
        hook: impl Fn(Watermark) + Send + Sync + 'static,
    ) -> Self {
        let (low, high) = (low as u64, high as u64);
        Self { high, low, hook: Box::new(hook), told: Mutex::new(Told::default()) }
    }

    /// Notes the depth; true if that is a crossing, which is then to be told.
    pub(crate) fn see(&self, depth: u64) -> bool {
        let mut told = self.told.lock();
        let crossed = match told.above {
            false if depth >= self.high => Watermark::High,
            true if depth <= self.low => Watermark::Low,
            _ => return false,
        };
        told.above = crossed == Watermark::High;
        told.due.push_back(crossed);
        true
    }

    /// Tells what is due, unless another thread is telling. What a panic keeps waiting is told before
    /// the panic goes on: upstream may wait for it.
    pub(crate) fn tell(&self) {
        let mut told = self.told.lock();
        if told.telling {
            return;
        }
        told.telling = true;
        drop(told);
        let mut panic = FirstPanic::default();
        loop {
            let mut told = self.told.lock();
            let Some(crossed) = told.due.pop_front() else {
                // Under this lock, so that a crossing noted from here on finds nobody telling.
                told.telling = false;
                break;
            };
            drop(told);
            panic.catch(|| (self.hook)(crossed));
        }
        panic.resume();
    }
}

impl fmt::Debug for Watermarks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watermarks")
            .field("low", &self.low)
            .field("high", &self.high)
            .finish_non_exhaustive()
    }
}

//! Vector clocks (Fidge, 1988; Mattern, 1989): what comes before what, by Lamport's rule (1978) that
//! a thread's deeds follow each other and what is heard comes after what was told.

use std::sync::Arc;

use super::grown;
use crate::machine::ThreadId;

/// How much of each thread has been seen, in that thread's own time; 0 is nothing.
///
/// Shared until it changes: most of what threads tell each other is not news.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock(Arc<Vec<u32>>);

impl Clock {
    /// How much of that thread.
    #[inline]
    pub(super) fn of(&self, thread: ThreadId) -> u32 {
        self.0.get(thread.index()).copied().unwrap_or(0)
    }

    /// Whether it is the very same, not only equal.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// All that the other has seen has been seen.
    pub(super) fn learn(&mut self, other: &Self) {
        let is_news = |(at, time): (usize, &u32)| self.0.get(at).is_none_or(|known| known < time);
        if self.is(other) || !other.0.iter().enumerate().any(is_news) {
            return;
        }
        let known = Arc::make_mut(&mut self.0);
        if known.len() < other.0.len() {
            known.resize(other.0.len(), 0);
        }
        for (known, heard) in known.iter_mut().zip(other.0.iter()) {
            *known = (*known).max(*heard);
        }
    }

    fn go_on(&mut self, thread: ThreadId) {
        let time = grown(Arc::make_mut(&mut self.0), thread.index());
        // Past the end of time a thread's deeds look older than they are, so races would be missed,
        // but none made up.
        *time = time.saturating_add(1);
    }
}

/// The clocks of all threads.
///
/// A thread's time goes on with the first deed after it told others its time: what it does between
/// two tellings is one epoch (Flanagan & Freund, 2009), and those who tell much and do little cost
/// no copies.
#[derive(Debug, Clone, Default)]
pub(super) struct Clocks(Vec<Own>);

#[derive(Debug, Clone)]
struct Own {
    clock: Clock,
    /// Whether others may know its time.
    told: bool,
}

impl Default for Own {
    fn default() -> Self {
        Self { clock: Clock::default(), told: true }
    }
}

impl Clocks {
    /// A thread does something: when, and what it has seen.
    #[inline]
    pub(super) fn now(&mut self, thread: ThreadId) -> (u32, &Clock) {
        let own = grown(&mut self.0, thread.index());
        if own.told {
            own.told = false;
            own.clock.go_on(thread);
        }
        (own.clock.of(thread), &own.clock)
    }

    /// Others may see all that a thread has done and seen.
    pub(super) fn tell(&mut self, thread: ThreadId) -> Clock {
        let own = grown(&mut self.0, thread.index());
        own.told = true;
        own.clock.clone()
    }

    /// A thread sees what was told.
    pub(super) fn learn(&mut self, thread: ThreadId, told: &Clock) {
        grown(&mut self.0, thread.index()).clock.learn(told);
    }

    /// A thread sees all that another has done and seen.
    pub(super) fn pass(&mut self, from: ThreadId, to: ThreadId) {
        let told = self.tell(from);
        self.learn(to, &told);
    }
}

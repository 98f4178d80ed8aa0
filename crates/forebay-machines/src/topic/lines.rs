//! In which group's line a call stands: in one at most, and in none when its caller has gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::view::Group;

/// The calls that wait, or ask just now, by the numbers of their waiters.
#[derive(Default)]
pub(super) struct Lines(Mutex<HashMap<u64, Call>>);

#[derive(Default)]
struct Call {
    /// An attempt is under way, which may yet stand in a line.
    asks: bool,
    /// Its caller went away meanwhile.
    has_left: bool,
    at: Option<Arc<Group>>,
    /// Of a join: the groups that were idle, and what that at which it stands told.
    idle: Vec<Arc<Group>>,
    begun: Option<u64>,
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Call>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An attempt begins.
    pub(super) fn begin(&self, waiter: u64) {
        self.lock().entry(waiter).or_default().asks = true;
    }

    /// It stands in the line of this group. The one whose line it has to leave for that.
    pub(super) fn stand(&self, waiter: u64, group: &Arc<Group>) -> Option<Arc<Group>> {
        let mut calls = self.lock();
        let before = calls.entry(waiter).or_default().at.replace(Arc::clone(group));
        before.filter(|before| !Arc::ptr_eq(before, group))
    }

    /// The attempt has ended, and the call goes on to wait, or not. The group whose line it has to leave.
    pub(super) fn end(&self, waiter: u64, waits: bool) -> Option<Arc<Group>> {
        let mut calls = self.lock();
        let call = calls.get_mut(&waiter)?;
        call.asks = false;
        if waits && !call.has_left {
            return None;
        }
        calls.remove(&waiter)?.at
    }

    /// Its caller has gone. The group whose line it has to leave: what it asks for just now comes to its end before.
    pub(super) fn leave(&self, waiter: u64) -> Option<Arc<Group>> {
        let mut calls = self.lock();
        let call = calls.get_mut(&waiter)?;
        if call.asks {
            call.has_left = true;
            return None;
        }
        calls.remove(&waiter)?.at
    }

    /// Whether this group has been idle since the join began; else what it told then.
    pub(super) fn joined(&self, waiter: u64, group: &Arc<Group>) -> (bool, Option<u64>) {
        let calls = self.lock();
        let Some(call) = calls.get(&waiter) else { return (false, None) };
        let is_at = call.at.as_ref().is_some_and(|at| Arc::ptr_eq(at, group));
        let was_idle = call.idle.iter().any(|idle| Arc::ptr_eq(idle, group));
        (was_idle, call.begun.filter(|_| is_at))
    }

    /// This group was idle.
    pub(super) fn was_idle(&self, waiter: u64, group: &Arc<Group>) {
        if let Some(call) = self.lock().get_mut(&waiter) {
            call.idle.push(Arc::clone(group));
            call.begun = None;
        }
    }

    /// This group told so when the join came to it.
    pub(super) fn begun(&self, waiter: u64, begun: u64) {
        if let Some(call) = self.lock().get_mut(&waiter) {
            call.begun.get_or_insert(begun);
        }
    }
}

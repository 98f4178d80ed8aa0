//! The hint for a worker that has read its item, has never answered, and waits for more: it may have
//! answered into a buffer of its own.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::service::Service;
use crate::run::command::processes;
use crate::run::message::say;

/// How long a silence is before it is looked at.
const LONG: Duration = Duration::from_secs(5);

impl Service<'_> {
    /// How long until a silence is to be looked at, when the oldest item in flight is so old.
    pub(super) fn until_look(&self, age: Duration) -> Option<Duration> {
        let has_answered = self.process.as_ref().is_none_or(|process| process.answered > 0);
        if has_answered || self.workers.hinted.load(Ordering::Relaxed) {
            return None;
        }
        Some((LONG * (self.looks + 1)).saturating_sub(age))
    }

    /// Gives the hint if this is such a silence; once in a run.
    pub(super) fn look_why_silent(&mut self) {
        if self.until_look(self.window.age()) != Some(Duration::ZERO) {
            return;
        }
        self.looks += 1;
        let Some(process) = &self.process else { return };
        let has_read = self.window.pending().is_empty() && process.unread() == 0;
        if !has_read || !self.answers.part().is_empty() || !waits_for_more(process.group) {
            return;
        }
        let Some(item) = self.window.items().next() else { return };
        if !self.workers.hinted.swap(true, Ordering::Relaxed) {
            say(format_args!(
                "{} has read item {} and been silent for {} s. If it has answered: does it flush its output \
                 after each answer (python -u, stdbuf -oL, fflush)?",
                self.name(),
                item.label(),
                self.window.age().as_secs(),
            ));
        }
    }
}

/// Whether every process of the group sleeps, and one of them until it can read something.
fn waits_for_more(group: rustix::process::Pid) -> bool {
    let processes = processes::of_group(group);
    let reads = |place: &str| place.contains("pipe_read") || place.contains("poll");
    processes.iter().all(|process| process.state == 'S')
        && processes.iter().any(|process| process.place().is_none_or(|place| reads(&place)))
}

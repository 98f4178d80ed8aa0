//! Calls whose callers went away while they were under way: they may have been served with what nobody will receive, and it
//! is not back yet.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time;

/// A server that does not answer keeps nobody else for longer.
const PATIENCE: Duration = Duration::from_millis(500);

/// How many there are.
pub(crate) struct Withdrawn(watch::Sender<usize>);

impl Withdrawn {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// A caller goes away.
    pub(crate) fn begin(&self) {
        self.0.send_modify(|calls| *calls += 1);
    }

    /// Its call has come to its end, and what it was served with is on its way back: ahead of whatever is asked from now on.
    pub(crate) fn end(&self) {
        self.0.send_modify(|calls| *calls -= 1);
    }

    pub(crate) fn are_there(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Waits until there are none, if that is soon.
    pub(crate) async fn wait(&self) {
        let mut calls = self.0.subscribe();
        let _ = time::timeout(PATIENCE, calls.wait_for(|calls| *calls == 0)).await;
    }
}

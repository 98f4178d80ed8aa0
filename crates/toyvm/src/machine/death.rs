//! Deaths: a thread that is killed where it is, as whoever kills a process does not ask where it is.

use super::{Machine, Status, ThreadId, World};

impl Machine {
    /// Kills a thread that is not over. What it holds stays held, units that it took are lost, and so is a
    /// message for which it found no room; its place in a line goes, and whoever waits for its end goes on.
    pub(super) fn kill<W: World + ?Sized>(&mut self, thread: ThreadId, world: &mut W) {
        match *self.thread(thread).status() {
            Status::Waiting(wait) => {
                self.leave_line(thread, wait.on);
                // It never got past that.
                self.thread_mut(thread).pc = wait.at;
                if let Some(alarm) = wait.until {
                    self.cancel_alarm(alarm);
                }
            }
            Status::Sleeping { until, .. } => self.cancel_alarm(until),
            Status::Runnable => {}
            Status::Ended | Status::Failed(_) | Status::Killed => unreachable!("nobody dies twice"),
        }
        self.end(thread, Status::Killed, world);
    }
}

//! Leases that have a deadline are moved on as long as this process lives: however long a command takes, its item
//! is not delivered again because of that.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use super::duty::Duty;
use crate::run::Run;
use crate::run::item::Item;
use crate::run::message::say;

/// The duties whose leases are moved on.
#[derive(Debug)]
pub(crate) struct Extending {
    lease_time: Duration,
    /// Each with the number of its item.
    duties: Mutex<Vec<(u64, Weak<Duty>)>>,
}

impl Extending {
    pub(crate) fn new(lease_time: Duration) -> Self {
        Self { lease_time, duties: Mutex::default() }
    }

    /// From here on until its end.
    pub(crate) fn watch(&self, seq: u64, duty: &Arc<Duty>) {
        let mut duties = self.duties.lock().unwrap_or_else(PoisonError::into_inner);
        duties.push((seq, Arc::downgrade(duty)));
    }

    /// Those that have not ended, each with the number of its item.
    fn held(&self) -> Vec<(u64, Arc<Duty>)> {
        let mut duties = self.duties.lock().unwrap_or_else(PoisonError::into_inner);
        duties.retain(|(_, duty)| duty.strong_count() > 0);
        duties.iter().filter_map(|(seq, duty)| Some((*seq, duty.upgrade()?))).collect()
    }
}

/// Moves the run's leases on until the process ends: commands that are stopped still have theirs.
pub(crate) fn serve(run: &Run) {
    let Some((shared, extending)) =
        run.shared.as_ref().and_then(|shared| Some((shared, shared.extending.as_ref()?)))
    else {
        return;
    };
    loop {
        thread::sleep(extending.lease_time / 3);
        for (seq, duty) in extending.held() {
            // Was this process stopped for so long, and its command went on?
            if duty.extend(extending.lease_time) {
                say(format_args!(
                    "{}: the lease of item {seq} ran out before it could be extended: the item is somebody else's \
                     now, and its command is stopped",
                    shared.name()
                ));
            }
            // Again and again: it may not have been started when that was found out.
            if duty.is_lost() {
                duty.stop(&run.groups);
            }
        }
    }
}

impl Run {
    /// A consumer begins with an item: what it runs is killed from here on if the lease in the file is lost. Says
    /// whether that is still held; an item may have waited here for longer than it lasts.
    pub(crate) fn begin_duty(&self, consumer: usize, item: &Item) -> bool {
        let Some((shared, duty)) = self.shared.as_ref().zip(item.duty.as_ref()) else {
            return true;
        };
        duty.begin(consumer);
        let Some(extending) = &shared.extending else { return true };
        if duty.extend(extending.lease_time) {
            say(format_args!(
                "{}: the lease of item {} ran out before it was begun: the item is somebody else's now",
                shared.name(),
                item.seq
            ));
        }
        !duty.is_lost()
    }
}

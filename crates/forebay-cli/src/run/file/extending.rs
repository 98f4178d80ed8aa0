//! Leases that have a deadline are moved on as long as this process lives: however long a command takes, its item
//! is not delivered again because of that.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use super::duty::Duty;
use crate::run::Run;
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

    /// Moves all on, and forgets those that have ended. Those that were too late: their items.
    fn extend(&self) -> Vec<u64> {
        let mut duties = self.duties.lock().unwrap_or_else(PoisonError::into_inner);
        duties.retain(|(_, duty)| duty.strong_count() > 0);
        let held = duties.iter().filter_map(|(seq, duty)| Some((*seq, duty.upgrade()?)));
        let held: Vec<_> = held.collect();
        drop(duties);
        let late = held.iter().filter(|(_, duty)| duty.extend(self.lease_time));
        late.map(|(seq, _)| *seq).collect()
    }
}

/// Moves the run's leases on until the process ends: commands that are stopped still have theirs.
pub(crate) fn serve(run: &Run) {
    let Some((file, extending)) =
        run.file.as_ref().and_then(|file| Some((file, file.extending.as_ref()?)))
    else {
        return;
    };
    loop {
        thread::sleep(extending.lease_time / 3);
        for seq in extending.extend() {
            // Was this process stopped for so long, and its command went on?
            run.groups.stop_item(seq);
            say(format_args!(
                "{}: the lease of item {seq} ran out before it could be extended: the item is somebody else's \
                 now, and its command is stopped",
                file.name()
            ));
        }
    }
}

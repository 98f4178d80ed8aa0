//! Group commit: one sync for all who wait for one (D. DeWitt and others, *Implementation techniques for main
//! memory database systems*, 1984).
//!
//! Whoever wants its step on the disk draws a number after the step. One of those who wait becomes the leader: it
//! syncs, and then every number drawn before is on the disk. A leader that dies is replaced, by the same kind
//! of lock as the buffer's.

use std::time::Duration;

use forebay_contract::Fault;

use crate::lock::{self, Holder, Limit, Others};
use crate::words::{Word, Word32};

/// How long one waits for the leader before one looks whether it lives.
const ASK: Duration = Duration::from_millis(25);

/// The words in which those find together who wait for a sync.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Commits<'a> {
    /// Held by the leader.
    pub(crate) lock: &'a Word32,
    /// Counts up when a leader is done; the rest sleeps on it.
    pub(crate) epoch: &'a Word32,
    /// Steps that want to be on the disk.
    pub(crate) drawn: &'a Word,
    /// Those of them that are.
    pub(crate) synced: &'a Word,
    /// Not 0 once a sync has failed.
    pub(crate) poisoned: &'a Word,
}

impl Commits<'_> {
    /// Returns once a sync has ended well that began after this call. `sync` poisons the buffer before it fails; `check`
    /// says whether the words can still be believed.
    pub(crate) fn commit(
        self,
        me: Holder,
        others: &impl Others,
        check: impl Fn() -> Result<(), Fault>,
        sync: impl FnOnce() -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let number = self.drawn.draw();
        loop {
            // Before everything that may have changed when it does: a leader that is done meanwhile wakes nobody who comes
            // to sleep later.
            let seen = self.epoch.read();
            check()?;
            if self.synced.read() >= number {
                return self.check_poison();
            }
            self.check_poison()?;
            if lock::try_acquire(self.lock, me) {
                return self.lead(number, sync);
            }
            // The leader wakes all at once: each whose number it had is done, and one of the rest leads.
            lock::wait(self.epoch, seen, ASK)?;
            if self.epoch.read() == seen {
                // A long sync, or a leader that died in it.
                let syncing = Syncing { others, epoch: self.epoch };
                match lock::acquire(self.lock, me, false, Limit::For(ASK), &syncing) {
                    Ok(_) => return self.lead(number, sync),
                    Err(Fault::Stalled { .. }) => {}
                    Err(fault) => return Err(fault),
                }
            }
        }
    }

    /// Syncs for all who have drawn a number, as the one who holds the lock for it.
    fn lead(self, number: u64, sync: impl FnOnce() -> Result<(), Fault>) -> Result<(), Fault> {
        let result = if self.synced.read() >= number {
            Ok(())
        } else {
            // Every number drawn by now belongs to a step that was made before it.
            let drawn = self.drawn.read();
            let synced = sync();
            if synced.is_ok() {
                self.synced.commit(drawn);
            }
            synced
        };
        lock::release(self.lock);
        // After the lock: who wakes of this finds it free.
        self.epoch.increase();
        lock::wake(self.epoch, i32::MAX as u32);
        result?;
        self.check_poison()
    }

    fn check_poison(self) -> Result<(), Fault> {
        if self.poisoned.get() == 0 { Ok(()) } else { Err(Fault::Poisoned) }
    }
}

/// Those who sync, as seen by one who waits for their lock: what is done under it is a sync, not a turn.
struct Syncing<'a, O> {
    others: &'a O,
    epoch: &'a Word32,
}

impl<O: Others> Others for Syncing<'_, O> {
    fn is_alive(&self, participant: u32) -> Result<bool, Fault> {
        self.others.is_alive(participant)
    }

    fn process(&self, participant: u32) -> u32 {
        self.others.process(participant)
    }

    fn turns(&self) -> u64 {
        u64::from(self.epoch.read())
    }

    fn is_recovering(&self) -> bool {
        false
    }
}

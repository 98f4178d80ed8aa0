//! Group commit: one sync for all who wait for one (D. DeWitt and others, *Implementation techniques for main
//! memory database systems*, 1984).
//!
//! Whoever wants its step on the disk draws a number after the step. One of those who wait becomes the leader: it
//! syncs, and then every number drawn before is on the disk. A leader that dies is replaced, by the same kind
//! of lock as the buffer's.

use forebay_contract::Fault;

use crate::attachment::Attachment;
use crate::control::Control;
use crate::geometry::Geometry;
use crate::lock::{self, Holder, Limit, Others};
use crate::party::{Party, TICK, system};
use crate::region::PAGE;
use crate::settings::Durability;

impl Party {
    /// Returns once what this participant did until now survives a loss of power, if the buffer is such. A sync
    /// that fails is not tried again: the buffer is poisoned.
    pub(crate) fn commit(&self) -> Result<(), Fault> {
        if self.buffer.settings.durability == Durability::Process {
            return Ok(());
        }
        let (from, to) = self.buffer.geometry.lasting();
        self.commit_range(from, to)
    }

    /// As [`commit`](Self::commit), for what stands in the page of control.
    pub(crate) fn commit_control(&self) -> Result<(), Fault> {
        if self.buffer.settings.durability == Durability::Process {
            return Ok(());
        }
        let at = Geometry::AT_CONTROL;
        self.synced(self.buffer.region.sync(at, at + PAGE))
    }

    /// As [`commit`](Self::commit), for the whole file, whatever the durability.
    pub(crate) fn commit_all(&self) -> Result<(), Fault> {
        self.buffer.region.dirty()?;
        self.synced(self.buffer.region.sync(0, self.buffer.geometry.len))
    }

    fn commit_range(&self, from: u64, to: u64) -> Result<(), Fault> {
        let control = self.buffer.control()?;
        let sync_lock = Control::sync_lock(&self.buffer.region)?;
        let number = control.commits().draw();
        let holder = Holder::new(self.me.participant, self.me.generation);
        let epoch = Control::sync_epoch32(&self.buffer.region)?;
        loop {
            let seen = epoch.read();
            if control.synced().read() >= number {
                return self.check_poison();
            }
            self.check_poison()?;
            if lock::try_acquire(sync_lock, holder) {
                return self.lead(from, to, number);
            }
            // The leader wakes all at once: each whose number it had is done, and one of the rest leads.
            lock::wait(epoch, seen, TICK)?;
            if epoch.read() == seen {
                // A long sync, or a leader that died in it.
                match lock::acquire(
                    sync_lock,
                    holder,
                    false,
                    Limit::For(TICK),
                    &Syncing(&self.buffer),
                ) {
                    Ok(_) => return self.lead(from, to, number),
                    Err(Fault::Stalled { .. }) => {}
                    Err(fault) => return Err(fault),
                }
            }
        }
    }

    /// Syncs for all who have drawn a number, as the one who holds the lock for it.
    fn lead(&self, from: u64, to: u64, number: u64) -> Result<(), Fault> {
        let control = self.buffer.control()?;
        let sync_lock = Control::sync_lock(&self.buffer.region)?;
        let epoch = Control::sync_epoch32(&self.buffer.region)?;
        let result = if control.synced().read() >= number {
            Ok(())
        } else {
            // Every number drawn by now belongs to a step that was made before it.
            let drawn = control.commits().read();
            let synced = self.synced(self.buffer.region.sync(from, to));
            if synced.is_ok() {
                control.synced().commit(drawn);
            }
            synced
        };
        lock::release(sync_lock);
        epoch.increase();
        lock::wake(epoch, i32::MAX as u32);
        result?;
        self.check_poison()
    }

    fn check_poison(&self) -> Result<(), Fault> {
        if self.buffer.control()?.poisoned().get() == 0 { Ok(()) } else { Err(Fault::Poisoned) }
    }

    fn synced(&self, result: std::io::Result<()>) -> Result<(), Fault> {
        match result {
            Ok(()) => Ok(()),
            Err(error) => {
                // What the kernel could not write may be gone from memory as well; nobody may believe a later yes.
                let control = self.buffer.control()?;
                control.poisoned().commit(u64::from(error.raw_os_error().unwrap_or(1) as u32));
                let at = Geometry::AT_CONTROL;
                let _ = self.buffer.region.sync(at, at + PAGE);
                Err(system(&error))
            }
        }
    }
}

/// Those who sync, as seen by one who waits for their lock: what is done under it is a sync, not a turn.
struct Syncing<'a>(&'a Attachment);

impl Others for Syncing<'_> {
    fn is_alive(&self, participant: u32) -> Result<bool, Fault> {
        self.0.is_alive(participant)
    }

    fn process(&self, participant: u32) -> u32 {
        self.0.process(participant)
    }

    fn turns(&self) -> u64 {
        Control::sync_epoch32(&self.0.region).map_or(0, |epoch| u64::from(epoch.read()))
    }

    fn is_recovering(&self) -> bool {
        false
    }
}

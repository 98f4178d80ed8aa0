//! Group commit: one sync for all who wait for one (D. DeWitt and others, *Implementation techniques for main
//! memory database systems*, 1984).
//!
//! Whoever wants its step on the disk draws a number after the step. One of those who wait becomes the leader: it
//! syncs, and then every number drawn before is on the disk. A leader that dies is replaced, by the same kind
//! of lock as the buffer's.

use forebay_contract::Fault;

use crate::control::Control;
use crate::geometry::Geometry;
use crate::lock::{self, Holder, Limit};
use crate::party::{Party, system};
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
        loop {
            if control.synced().read() >= number {
                return self.check_poison();
            }
            // One who waits for the leader most often finds its own number synced then.
            match lock::acquire(sync_lock, holder, false, Limit::Forever, &*self.buffer) {
                Ok(_) => {}
                Err(Fault::Stalled { .. }) => continue,
                Err(fault) => return Err(fault),
            }
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
            result?;
            return self.check_poison();
        }
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

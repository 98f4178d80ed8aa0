//! What a participant did until now, on the disk.

use forebay_contract::Fault;

use crate::commits::Commits;
use crate::control::Control;
use crate::geometry::Geometry;
use crate::lock::Holder;
use crate::party::{Party, system};
use crate::region::PAGE;
use crate::settings::Durability;

impl Party {
    /// Returns once what this participant did until now survives a loss of power, if the buffer is such. A sync
    /// that fails is not tried again: the buffer is poisoned.
    pub(crate) fn commit(&self) -> Result<(), Fault> {
        let buffer = &*self.buffer;
        if buffer.settings.durability == Durability::Process {
            return Ok(());
        }
        let control = buffer.control()?;
        let commits = Commits {
            lock: Control::sync_lock(&buffer.region)?,
            epoch: Control::sync_epoch32(&buffer.region)?,
            drawn: control.commits(),
            synced: control.synced(),
            poisoned: control.poisoned(),
        };
        let me = Holder::new(self.me.participant, self.me.generation);
        let (from, to) = buffer.geometry.lasting();
        let sync = || self.synced(buffer.region.sync(from, to));
        commits.commit(me, buffer, || buffer.check(), sync)
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

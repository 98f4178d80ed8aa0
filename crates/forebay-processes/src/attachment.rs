//! An open buffer in this process: the file in memory, and those tasks of ours that wait.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;

use forebay_contract::Fault;

use crate::bell::Bell;
use crate::control::Control;
use crate::geometry::Geometry;
use crate::life;
use crate::lock::Others;
use crate::participant::Entry;
use crate::region::{Mark, Region};
use crate::settings::Settings;
use crate::slot::Slot;
use crate::turn::Standing;
use crate::waiter::Waiter;

/// What all handles of one opening share.
#[derive(Debug)]
pub(crate) struct Attachment {
    pub(crate) path: PathBuf,
    /// Through which one asks who lives. It holds no lock itself.
    pub(crate) file: File,
    pub(crate) region: Region,
    pub(crate) geometry: Geometry,
    pub(crate) settings: Settings,
    pub(crate) identity: (u64, u64),
    pub(crate) mark: Mark,
    /// The wakers of our tasks, by their places in line: a waiter may be another's before our task has seen that it was
    /// served.
    pub(crate) tasks: Mutex<HashMap<Standing, Waker>>,
    /// The thread that hears when a task is called by another process: as long as tasks wait.
    pub(crate) bell: Mutex<Weak<Bell>>,
}

impl Attachment {
    /// Where all use of the memory begins.
    #[inline]
    pub(crate) fn control(&self) -> Result<Control<'_>, Fault> {
        self.check()?;
        Control::of(&self.region)
    }

    pub(crate) fn entry(&self, participant: u32) -> Result<Entry<'_>, Fault> {
        Entry::at(&self.region, &self.geometry, participant)
    }

    pub(crate) fn slot(&self, slot: u32) -> Result<Slot<'_>, Fault> {
        Slot::at(&self.region, &self.geometry, slot)
    }

    pub(crate) fn waiter(&self, waiter: u32) -> Result<Waiter<'_>, Fault> {
        Waiter::at(&self.region, &self.geometry, waiter)
    }

    /// Whether this is a child of fork, which has the handles, and not the memory.
    pub(crate) fn is_forked(&self) -> bool {
        !self.mark.is_here()
    }

    /// Whether this process may touch the memory at all, and whether there is any.
    #[inline]
    pub(crate) fn check(&self) -> Result<(), Fault> {
        if !self.mark.is_here() {
            return Err(Fault::Forked);
        }
        if self.region.is_cut() {
            return Err(Fault::Truncated);
        }
        Ok(())
    }

    /// Whether the file is still the one that others find under its name, and whole.
    pub(crate) fn check_name(&self) -> Result<(), Fault> {
        let found = std::fs::metadata(&self.path);
        match found {
            Ok(found) if (found.dev(), found.ino()) == self.identity => {
                if found.len() < self.geometry.len { Err(Fault::Truncated) } else { Ok(()) }
            }
            Ok(_) => Err(Fault::Deleted),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Fault::Deleted),
            // A folder that may not be looked into any more: the file itself says whether it has a name.
            Err(_) => match self.file.metadata() {
                Ok(own) if own.nlink() > 0 => Ok(()),
                _ => Err(Fault::Deleted),
            },
        }
    }

    pub(crate) fn lock_tasks(&self) -> MutexGuard<'_, HashMap<Standing, Waker>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bell of our tasks; there from the first one that waits to the last.
    pub(crate) fn bell(self: &Arc<Self>) -> Result<Arc<Bell>, Fault> {
        let mut kept = self.bell.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = kept.upgrade() {
            return Ok(bell);
        }
        let bell = Arc::new(Bell::hang(self)?);
        *kept = Arc::downgrade(&bell);
        Ok(bell)
    }
}

impl Others for Attachment {
    fn is_alive(&self, participant: u32) -> Result<bool, Fault> {
        // One that cannot exist does not live.
        let Some(at) = self.geometry.participant(participant) else { return Ok(false) };
        life::is_alive(&self.file, at)
            .map_err(|error| Fault::System(error.raw_os_error().unwrap_or_default()))
    }

    fn process(&self, participant: u32) -> u32 {
        self.entry(participant).map_or(0, Entry::process)
    }

    fn turns(&self) -> u64 {
        self.control().map_or(0, |control| control.turns().get())
    }

    fn is_recovering(&self) -> bool {
        self.control().is_ok_and(|control| control.suspect().get() == 2)
    }
}

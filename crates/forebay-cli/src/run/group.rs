//! The process groups that run now, one for each consumer at most.
//!
//! They are known twice: here, to stop them, and in a small table in a memory file, which the
//! [guard](super::guard) reads when forebay itself was killed.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, Signal, kill_process_group};

/// The environment variable by which a command's processes are known to be an item's:
/// `PID.NUMBER` of the forebay that runs it and of the item.
pub(crate) const ITEM_VARIABLE: &str = "FOREBAY_ITEM";

/// The same of a worker: `PID.NUMBER` of the forebay and of the consumer, from 1.
pub(crate) const WORKER_VARIABLE: &str = "FOREBAY_WORKER";

/// From here on what stands for an item's number is a worker: its consumer's number is added.
const WORKERS: u64 = 1 << 63;

/// What stands in a [`Record`] for a consumer's worker.
pub(crate) fn worker_seq(consumer: usize) -> u64 {
    WORKERS + consumer as u64 + 1
}

/// The variable and the value that mark the processes of an item, or of a worker.
pub(crate) fn mark(forebay: u32, seq: u64) -> (&'static str, String) {
    match seq.checked_sub(WORKERS) {
        Some(consumer) => (WORKER_VARIABLE, format!("{forebay}.{consumer}")),
        None => (ITEM_VARIABLE, format!("{forebay}.{seq}")),
    }
}

/// One consumer's line in the table: for which item, or as which worker, it has started something, and the
/// process group, once known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Record {
    /// 0 when nothing runs.
    pub(crate) seq: u64,
    /// 0 from just before the start until the process is known.
    pub(crate) group: u64,
}

impl Record {
    const SIZE: usize = 16;

    fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..8].copy_from_slice(&self.seq.to_ne_bytes());
        bytes[8..].copy_from_slice(&self.group.to_ne_bytes());
        bytes
    }

    /// Reads the lines of a table on which something runs.
    pub(crate) fn read_all(table: &File) -> io::Result<Vec<Self>> {
        let mut bytes = vec![0; usize::try_from(table.metadata()?.len()).unwrap_or(0)];
        table.read_exact_at(&mut bytes, 0)?;
        let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_ne_bytes);
        let records = bytes.chunks_exact(Self::SIZE);
        Ok(records
            .map(|record| Self { seq: number(&record[..8]), group: number(&record[8..]) })
            .filter(|record| record.seq != 0)
            .collect())
    }
}

#[derive(Debug, Default)]
struct Slot {
    group: Option<Pid>,
    /// Whether the group was told to stop before its command ended.
    stopped: bool,
}

/// The groups of all consumers.
#[derive(Debug)]
pub(crate) struct Groups {
    slots: Vec<Mutex<Slot>>,
    table: Option<File>,
    stopping: AtomicBool,
}

impl Groups {
    /// Without a table where the system has no memory files; then there is no guard.
    pub(crate) fn new(consumers: usize) -> Self {
        let table = memfd_create("forebay-groups", MemfdFlags::CLOEXEC).ok().map(File::from);
        let slots = (0..consumers).map(|_| Mutex::default()).collect();
        let groups = Self { slots, table, stopping: AtomicBool::new(false) };
        for consumer in 0..consumers {
            groups.record(consumer, Record::default());
        }
        groups
    }

    /// Another handle of the table, for the guard.
    pub(crate) fn table(&self) -> Option<File> {
        self.table.as_ref()?.try_clone().ok()
    }

    fn slot(&self, consumer: usize) -> MutexGuard<'_, Slot> {
        self.slots[consumer].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, consumer: usize, record: Record) {
        if let Some(table) = &self.table {
            // A memory file of this size is written, or the machine is out of memory anyway.
            let _ = table.write_all_at(&record.to_bytes(), (consumer * Record::SIZE) as u64);
        }
    }

    /// The consumer is about to start a command. From here on the guard looks for it.
    pub(crate) fn starting(&self, consumer: usize, seq: u64) {
        self.record(consumer, Record { seq, group: 0 });
    }

    /// The command runs as this group.
    pub(crate) fn started(&self, consumer: usize, seq: u64, group: Pid) {
        self.record(consumer, Record { seq, group: group.as_raw_pid() as u64 });
        let mut slot = self.slot(consumer);
        *slot = Slot { group: Some(group), stopped: false };
        // Whoever stops everything sets the flag first and locks each slot then, so either it sees
        // this group or the group sees the flag.
        if self.stopping.load(Ordering::SeqCst) {
            slot.stopped = true;
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// The command has ended but was not waited for yet, so that its number is still its own. Says
    /// whether it was told to stop.
    pub(crate) fn ended(&self, consumer: usize) -> bool {
        let mut slot = self.slot(consumer);
        let Slot { group, stopped } = std::mem::take(&mut *slot);
        if let Some(group) = group
            && stopped
        {
            // What it left behind works on an item that is not finished.
            let _ = kill_process_group(group, Signal::KILL);
        }
        drop(slot);
        self.record(consumer, Record::default());
        stopped
    }

    /// The group that runs in this place now.
    pub(crate) fn running(&self, consumer: usize) -> Option<Pid> {
        self.slot(consumer).group
    }

    /// Tells everything that runs, or starts later, to stop.
    pub(crate) fn stop_all(&self, signal: Signal) {
        self.stopping.store(true, Ordering::SeqCst);
        for consumer in 0..self.slots.len() {
            let mut slot = self.slot(consumer);
            if let Some(group) = slot.group {
                slot.stopped = true;
                let _ = kill_process_group(group, signal);
            }
        }
    }
}

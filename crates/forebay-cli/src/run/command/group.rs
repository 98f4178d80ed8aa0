//! The process groups that run now: one for each consumer at most, and after those one for each producer
//! that is a command, and one for what is told of watermarks.
//!
//! They are known twice: here, to stop them, and in a small table in a memory file, which the
//! [guard](crate::run::command::guard) reads when forebay itself was killed.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, Signal, kill_process_group};

/// The environment variable by which a command's processes are known to be an item's:
/// `PID.NUMBER` of the forebay that runs it and of the item.
const ITEM_VARIABLE: &str = "FOREBAY_ITEM";

/// The same of a process that is no item's, such as a worker: `PID.NUMBER` of the forebay and of its slot.
const PROCESS_VARIABLE: &str = "FOREBAY_PROCESS";

/// From here on what stands for an item's number is a process that is no item's.
const BESIDE_ITEMS: u64 = 1 << 63;

/// What stands in a [`Record`] for a process that is no item's.
pub(crate) fn number_beside_items(slot: usize) -> u64 {
    BESIDE_ITEMS + slot as u64
}

/// The variable and the value by which the processes of an item, or of what else is started, are known.
pub(crate) fn mark(forebay: u32, seq: u64) -> (&'static str, String) {
    match seq.checked_sub(BESIDE_ITEMS) {
        Some(slot) => (PROCESS_VARIABLE, format!("{forebay}.{slot}")),
        None => (ITEM_VARIABLE, format!("{forebay}.{seq}")),
    }
}

/// One slot's line in the table: which item it has started, or what else, and its process group, once known.
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

/// The groups of all. Consumers have the first slots.
#[derive(Debug)]
pub(crate) struct Groups {
    producers: Range<usize>,
    slots: Vec<Mutex<Slot>>,
    table: Option<File>,
    stopping: AtomicBool,
}

impl Groups {
    /// Without a table where the system has no memory files; then there is no guard.
    pub(crate) fn new(consumers: usize, producers: usize) -> Self {
        let table = memfd_create("forebay-groups", MemfdFlags::CLOEXEC).ok().map(File::from);
        let producers = consumers..consumers + producers;
        let all = 0..=producers.end;
        let slots = all.clone().map(|_| Mutex::default()).collect();
        let groups = Self { producers, slots, table, stopping: AtomicBool::new(false) };
        for slot in all {
            groups.record(slot, Record::default());
        }
        groups
    }

    /// The slot of a producer's command; producers count from 0.
    pub(crate) fn of_producer(&self, number: usize) -> usize {
        self.producers.start + number
    }

    /// The slot of what is told of watermarks. It is for the guard alone: nothing here stops it.
    pub(crate) fn of_watermarks(&self) -> usize {
        self.producers.end
    }

    /// Another handle of the table, for the guard.
    pub(crate) fn table(&self) -> Option<File> {
        self.table.as_ref()?.try_clone().ok()
    }

    fn slot(&self, slot: usize) -> MutexGuard<'_, Slot> {
        self.slots[slot].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the line of a slot, for the guard.
    pub(crate) fn record(&self, slot: usize, record: Record) {
        if let Some(table) = &self.table {
            // A memory file of this size is written, or the machine is out of memory anyway.
            let _ = table.write_all_at(&record.to_bytes(), (slot * Record::SIZE) as u64);
        }
    }

    /// A command is about to be started. From here on the guard looks for it.
    pub(crate) fn starting(&self, slot: usize, seq: u64) {
        self.record(slot, Record { seq, group: 0 });
    }

    /// The command runs as this group.
    pub(crate) fn started(&self, slot: usize, seq: u64, group: Pid) {
        self.record(slot, Record { seq, group: group.as_raw_pid() as u64 });
        let mut held = self.slot(slot);
        *held = Slot { group: Some(group), stopped: false };
        // Whoever stops everything sets the flag first and locks each slot then, so either it sees
        // this group or the group sees the flag.
        if self.stopping.load(Ordering::SeqCst) {
            held.stopped = true;
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// The command has ended but was not waited for yet, so that its number is still its own. Says
    /// whether it was told to stop.
    pub(crate) fn ended(&self, slot: usize) -> bool {
        let mut held = self.slot(slot);
        let Slot { group, stopped } = std::mem::take(&mut *held);
        if let Some(group) = group
            && stopped
        {
            // What it left behind works on an item that is not finished.
            let _ = kill_process_group(group, Signal::KILL);
        }
        drop(held);
        self.record(slot, Record::default());
        stopped
    }

    /// The group that runs in this place now.
    pub(crate) fn running(&self, consumer: usize) -> Option<Pid> {
        self.slot(consumer).group
    }

    /// Tells everything that runs, or starts later, to stop.
    pub(crate) fn stop_all(&self, signal: Signal) {
        self.stopping.store(true, Ordering::SeqCst);
        self.stop(0..self.slots.len(), signal);
    }

    /// Kills what runs in this place.
    pub(crate) fn kill(&self, slot: usize) {
        self.stop(slot..slot + 1, Signal::KILL);
    }

    /// Tells the producers that are commands to stop.
    pub(crate) fn stop_producers(&self, signal: Signal) {
        self.stop(self.producers.clone(), signal);
    }

    fn stop(&self, slots: Range<usize>, signal: Signal) {
        for slot in slots {
            let mut held = self.slot(slot);
            if let Some(group) = held.group {
                held.stopped = true;
                let _ = kill_process_group(group, signal);
            }
        }
    }

    /// Whether the command of some producer has not ended yet.
    pub(crate) fn producers_run(&self) -> bool {
        self.producers.clone().any(|slot| self.slot(slot).group.is_some())
    }
}

//! The outside ledger: what each process says that it did, in a file of its own, which the buffer knows nothing of.
//!
//! An entry is made by one write of 32 bytes, which a kill does not cut: it ends within one page.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use rustix::time::{ClockId, clock_gettime};

/// What happened to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A put of it begins, of this one and `count - 1` after it.
    Try = 1,
    /// Its put returned Ok.
    Put,
    /// Its put was refused: it was handed back.
    Back,
    /// It was dropped on the producer's wish, as told.
    DroppedThis,
    /// The put dropped `count` of the oldest.
    DroppedOldest,
    /// A take of at most `count` begins.
    Taking,
    /// It was taken.
    Taken,
    /// The take is over.
    TakeOver,
    /// It was leased.
    Leased,
    /// Its ack begins.
    Acking,
    /// Its ack returned Ok.
    Acked,
    /// Its lease had expired when it was answered.
    Refused,
    /// A dead letter is about to be purged.
    Purging,
    /// It was purged, as a dead letter.
    Purged,
    /// There was no dead letter.
    PurgedNone,
}

const KINDS: [Kind; 15] = [
    Kind::Try,
    Kind::Put,
    Kind::Back,
    Kind::DroppedThis,
    Kind::DroppedOldest,
    Kind::Taking,
    Kind::Taken,
    Kind::TakeOver,
    Kind::Leased,
    Kind::Acking,
    Kind::Acked,
    Kind::Refused,
    Kind::Purging,
    Kind::Purged,
    Kind::PurgedNone,
];

/// An item: its producer's number, and its own in the order of that producer's puts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(crate) struct Name {
    pub(crate) producer: u32,
    pub(crate) number: u32,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) count: u16,
    pub(crate) name: Name,
    pub(crate) deliveries: u32,
    pub(crate) position: u64,
    /// Nanoseconds of the machine's steady clock: before the call for a lease, after it for all else.
    pub(crate) time: u64,
}

impl Entry {
    pub(crate) fn new(kind: Kind, name: Name) -> Self {
        Self { kind, count: 1, name, deliveries: 0, position: 0, time: now() }
    }

    fn bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[0] = self.kind as u8;
        bytes[2..4].copy_from_slice(&self.count.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.name.producer.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.name.number.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.deliveries.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.position.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.time.to_le_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Self {
        let word =
            |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let long =
            |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        Self {
            kind: KINDS[usize::from(bytes[0]) - 1],
            count: u16::from_le_bytes([bytes[2], bytes[3]]),
            name: Name { producer: word(4), number: word(8) },
            deliveries: word(12),
            position: long(16),
            time: long(24),
        }
    }
}

/// One process's part of the ledger, to write to.
#[derive(Debug)]
pub(crate) struct Ledger(File);

impl Ledger {
    pub(crate) fn create(path: &Path) -> Self {
        let file = File::options().append(true).create(true).open(path);
        Self(file.expect("a ledger can be made"))
    }

    pub(crate) fn enter(&mut self, entry: Entry) {
        self.0.write_all(&entry.bytes()).expect("the ledger has room");
    }

    pub(crate) fn note(&mut self, kind: Kind, name: Name) {
        self.enter(Entry::new(kind, name));
    }

    pub(crate) fn count(&mut self, kind: Kind, name: Name, count: usize) {
        self.enter(Entry { count: count as u16, ..Entry::new(kind, name) });
    }
}

/// All entries of one process.
pub(crate) fn read(path: &Path) -> Vec<Entry> {
    let bytes = std::fs::read(path).unwrap_or_default();
    assert!(bytes.len().is_multiple_of(32), "an entry was cut");
    bytes.chunks_exact(32).map(Entry::read).collect()
}

/// How long one process's ledger is.
pub(crate) fn len(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

pub(crate) fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

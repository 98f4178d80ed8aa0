//! The states that have been seen, each with the one that it was first reached from.
//!
//! Whole states are compared, so that a search which has seen all of them is a proof. They lie one after
//! the other in chunks; a table of their places, beside some bits of their hashes, finds them.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::{Mutex, MutexGuard};

use foldhash::quality::FixedState;

use super::places::Places;

/// The memory of a search is divided, so that several may add to it at once.
const SHARDS: usize = 64;

const CHUNK: usize = 1 << 20;

/// Where a state lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct StateId(u64);

impl StateId {
    /// Of no state: what the first one was reached from.
    pub(super) const NONE: Self = Self((1 << 40) - 1);

    fn of(shard: usize, place: u64) -> Self {
        Self(place * SHARDS as u64 + shard as u64)
    }

    fn shard(self) -> usize {
        (self.0 % SHARDS as u64) as usize
    }

    fn place(self) -> u64 {
        self.0 / SHARDS as u64
    }
}

/// A number below 2^40.
#[derive(Debug, Clone, Copy)]
struct Five([u8; 5]);

impl Five {
    fn of(number: u64) -> Self {
        let bytes = number.to_le_bytes();
        Self([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4]])
    }

    fn number(self) -> u64 {
        let mut bytes = [0; 8];
        bytes[..5].copy_from_slice(&self.0);
        u64::from_le_bytes(bytes)
    }
}

#[derive(Debug, Default)]
struct Shard {
    /// Records: the state before, the length, the bytes. None is in two chunks.
    chunks: Vec<Vec<u8>>,
    places: Places,
    /// Bytes of the states themselves.
    bytes: usize,
}

/// All states that have been seen.
#[derive(Debug)]
pub(super) struct Store {
    shards: Vec<Mutex<Shard>>,
    hasher: FixedState,
}

impl Store {
    pub(super) fn new() -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(SHARDS).collect();
        Self { shards, hasher: FixedState::default() }
    }

    /// Adds a state, unless it has been seen; where it lies if it is new.
    pub(super) fn insert(&self, bytes: &[u8], before: StateId) -> Option<StateId> {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(bytes);
        let hash = hasher.finish();
        // The table uses the other bits.
        let shard = (hash >> 58) as usize % SHARDS;
        let mut guard = self.lock(shard);
        let Shard { chunks, places, bytes: all } = &mut *guard;
        let same = |place| bytes_at(chunks, place) == bytes;
        let slot = places.find(hash, same)?;
        let place = append(chunks, bytes, before);
        places.insert(slot, hash, place);
        *all += bytes.len();
        Some(StateId::of(shard, place))
    }

    /// The bytes of a state.
    pub(super) fn read(&self, id: StateId, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(bytes_at(&self.lock(id.shard()).chunks, id.place()));
    }

    /// The state that it was first reached from.
    pub(super) fn before(&self, id: StateId) -> Option<StateId> {
        let guard = self.lock(id.shard());
        let record = record_at(&guard.chunks, id.place());
        let before = Five([record[0], record[1], record[2], record[3], record[4]]);
        Some(StateId(before.number())).filter(|before| *before != StateId::NONE)
    }

    fn lock(&self, shard: usize) -> MutexGuard<'_, Shard> {
        self.shards[shard].lock().expect("nobody panics while adding a state")
    }

    /// How many states there are.
    pub(super) fn len(&self) -> usize {
        (0..SHARDS).map(|shard| self.lock(shard).places.len()).sum()
    }

    /// Bytes of all of it.
    pub(super) fn bytes(&self) -> usize {
        let of = |shard| {
            let guard = self.lock(shard);
            let chunks: usize = guard.chunks.iter().map(Vec::capacity).sum();
            chunks + guard.places.bytes()
        };
        (0..SHARDS).map(of).sum()
    }

    /// Bytes of the states themselves.
    pub(super) fn state_bytes(&self) -> usize {
        (0..SHARDS).map(|shard| self.lock(shard).bytes).sum()
    }
}

fn append(chunks: &mut Vec<Vec<u8>>, bytes: &[u8], before: StateId) -> u64 {
    let needs = 5 + 5 + bytes.len();
    let fits = chunks.last().is_some_and(|chunk| chunk.len() + needs <= CHUNK);
    if !fits {
        // The first ones grow as they are needed: small programs need little.
        let size = if chunks.len() < 2 { 0 } else { CHUNK };
        chunks.push(Vec::with_capacity(size.max(needs.min(CHUNK))));
    }
    let number = chunks.len() - 1;
    let chunk = &mut chunks[number];
    let place = (number * CHUNK + chunk.len()) as u64;
    chunk.extend_from_slice(&Five::of(before.0).0);
    let mut length = bytes.len();
    while length >= 0x80 {
        chunk.push(length as u8 | 0x80);
        length >>= 7;
    }
    chunk.push(length as u8);
    chunk.extend_from_slice(bytes);
    place
}

fn record_at(chunks: &[Vec<u8>], place: u64) -> &[u8] {
    let (chunk, at) = (place as usize / CHUNK, place as usize % CHUNK);
    &chunks[chunk][at..]
}

fn bytes_at(chunks: &[Vec<u8>], place: u64) -> &[u8] {
    let record = &record_at(chunks, place)[5..];
    let (mut length, mut shift, mut at) = (0, 0, 0);
    loop {
        let byte = record[at];
        length |= usize::from(byte & 0x7F) << shift;
        at += 1;
        if byte < 0x80 {
            return &record[at..at + length];
        }
        shift += 7;
    }
}

//! The states that have been seen, each with the one that it was first reached from.
//!
//! Whole states are compared, so that a search which has seen all of them is a proof. They lie one after
//! the other in chunks; a table of their places, beside some bits of their hashes, finds them.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::{Mutex, MutexGuard};

use foldhash::quality::FixedState;

use super::places::Places;

/// The memory of a search is divided, so that several may add to it at once.
const SHARDS: usize = 16;

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

/// States that are yet to be added. A place in memory that nobody looked at lately takes long to come by; of many
/// that are looked for one after the other, the times overlap.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    all: Vec<Due>,
    /// By shard, which of them.
    order: Vec<Vec<u32>>,
}

/// A state that is to be added.
#[derive(Debug)]
struct Due {
    end: usize,
    hash: u64,
    before: StateId,
    /// Where it lies, if it is new.
    added: Option<StateId>,
}

impl Batch {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    fn bytes_of(&self, at: u32) -> &[u8] {
        let at = at as usize;
        let start = if at == 0 { 0 } else { self.all[at - 1].end };
        &self.bytes[start..self.all[at].end]
    }
}

/// All states that have been seen.
#[derive(Debug)]
pub(super) struct Store {
    shards: Vec<Mutex<Shard>>,
    hasher: FixedState,
}

/// The table uses the other bits.
fn shard_of(hash: u64) -> usize {
    (hash >> 60) as usize % SHARDS
}

impl Shard {
    /// Adds a state of that hash, unless it is there; at which place.
    fn insert(&mut self, hash: u64, bytes: &[u8], before: StateId) -> Option<u64> {
        let Self { chunks, places, bytes: all } = self;
        let same = |place| bytes_at(chunks, place) == bytes;
        let slot = places.find(hash, same)?;
        let place = append(chunks, bytes, before);
        places.insert(slot, hash, place);
        *all += bytes.len();
        Some(place)
    }

    /// Looks at the places where states of those hashes may lie, so that they are at hand.
    fn come_by(&self, hashes: impl Iterator<Item = u64> + Clone) {
        // Nothing comes of the sums but that all is looked at, none waiting for another.
        let entries: u64 = hashes.clone().map(|hash| self.places.likely(hash).unwrap_or(0)).sum();
        let likely = hashes.filter_map(|hash| self.places.likely(hash));
        let records = likely.map(|place| u64::from(record_at(&self.chunks, place)[0]));
        std::hint::black_box(entries.wrapping_add(records.sum::<u64>()));
    }
}

impl Store {
    pub(super) fn new() -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(SHARDS).collect();
        Self { shards, hasher: FixedState::default() }
    }

    /// Adds a state, unless it has been seen; where it lies if it is new.
    pub(super) fn insert(&self, bytes: &[u8], before: StateId) -> Option<StateId> {
        let hash = self.hash(bytes);
        let shard = shard_of(hash);
        let place = self.lock(shard).insert(hash, bytes, before)?;
        Some(StateId::of(shard, place))
    }

    /// A state is to be added.
    pub(super) fn put_off(&self, batch: &mut Batch, bytes: &[u8], before: StateId) {
        let hash = self.hash(bytes);
        batch.bytes.extend_from_slice(bytes);
        let end = batch.bytes.len();
        batch.order.resize_with(SHARDS, Vec::new);
        batch.order[shard_of(hash)].push(batch.all.len() as u32);
        batch.all.push(Due { end, hash, before, added: None });
    }

    /// Adds all of them that have not been seen, and tells where those lie, in the order in which they came.
    pub(super) fn insert_all(&self, batch: &mut Batch, mut new: impl FnMut(StateId)) {
        for shard in 0..batch.order.len() {
            let order = std::mem::take(&mut batch.order[shard]);
            if !order.is_empty() {
                let mut guard = self.lock(shard);
                guard.come_by(order.iter().map(|at| batch.all[*at as usize].hash));
                for at in &order {
                    let Due { hash, before, .. } = batch.all[*at as usize];
                    let place = guard.insert(hash, batch.bytes_of(*at), before);
                    batch.all[*at as usize].added = place.map(|place| StateId::of(shard, place));
                }
            }
            batch.order[shard] = order;
            batch.order[shard].clear();
        }
        batch.bytes.clear();
        batch.all.drain(..).filter_map(|due| due.added).for_each(&mut new);
    }

    fn hash(&self, bytes: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(bytes);
        hasher.finish()
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

//! The states of a graph, as bytes, numbered in the order in which they were found.

use std::cell::Cell;
use std::hash::{BuildHasher as _, Hasher as _};

use foldhash::quality::FixedState;

use super::super::places::Places;

const CHUNK: usize = 1 << 20;

/// All of them.
#[derive(Debug, Default)]
pub(super) struct States {
    chunks: Vec<Vec<u8>>,
    /// By number: in which chunk it lies, from where on, and how long it is.
    at: Vec<(u32, u32, u32)>,
    numbers: Places,
    hasher: FixedState,
}

impl States {
    /// The number of a state, and whether it is new.
    pub(super) fn number(&mut self, bytes: &[u8]) -> (u32, bool) {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(bytes);
        let hash = hasher.finish();
        let known = Cell::new(0);
        let Self { chunks, at, numbers, .. } = self;
        let is_same = |number| {
            known.set(number as u32);
            bytes_at(chunks, at[number as usize]) == bytes
        };
        let Some(slot) = numbers.find(hash, is_same) else { return (known.get(), false) };
        let number = at.len() as u32;
        numbers.insert(slot, hash, u64::from(number));
        let fits = chunks.last().is_some_and(|chunk| chunk.len() + bytes.len() <= CHUNK);
        if !fits {
            // The first one grows as it is needed: small programs need little.
            let size = if chunks.is_empty() { 0 } else { CHUNK };
            chunks.push(Vec::with_capacity(size.max(bytes.len())));
        }
        let last = chunks.len() - 1;
        at.push((last as u32, chunks[last].len() as u32, bytes.len() as u32));
        chunks[last].extend_from_slice(bytes);
        (number, true)
    }

    pub(super) fn get(&self, number: u32) -> &[u8] {
        bytes_at(&self.chunks, self.at[number as usize])
    }

    pub(super) fn len(&self) -> usize {
        self.at.len()
    }

    /// Bytes of all of it.
    pub(super) fn bytes(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(Vec::capacity).sum();
        chunks + self.numbers.bytes() + self.at.capacity() * size_of::<(u32, u32, u32)>()
    }
}

fn bytes_at(chunks: &[Vec<u8>], (chunk, start, length): (u32, u32, u32)) -> &[u8] {
    &chunks[chunk as usize][start as usize..][..length as usize]
}

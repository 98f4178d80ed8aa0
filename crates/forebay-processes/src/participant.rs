//! The table of those who use the buffer: every producer and consumer, in whatever process, has an entry.

use std::ops::Range;

use forebay_contract::Fault;

use crate::geometry::Geometry;
use crate::region::Region;
use crate::words::{Word, Word32};

/// What a participant is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// It puts.
    Producer,
    /// It takes and leases.
    Consumer,
    /// It does neither: it closes, joins, or looks after dead letters.
    Other,
}

impl Role {
    /// The entries of the table that are for such: handles leave room for those who only look, and those for handles.
    pub(crate) fn entries(self, geometry: &Geometry) -> Range<u32> {
        match self {
            Self::Producer | Self::Consumer => 0..geometry.handles,
            Self::Other => geometry.handles..geometry.participants,
        }
    }
}

/// An entry in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    words: &'a [Word; 16],
    bell: &'a Word32,
}

impl<'a> Entry<'a> {
    pub(crate) fn at(region: &'a Region, geometry: &Geometry, index: u32) -> Result<Self, Fault> {
        let at = geometry.participant(index).ok_or(Fault::Damaged)?;
        Ok(Self { words: region.words(at)?, bell: region.word32(at + 8 * 8)? })
    }

    /// Its generation, if it is in use. Generations count up, so that what an earlier user of this entry
    /// held is told apart.
    pub(crate) fn generation(self) -> Option<u32> {
        let (used, generation) = self.words[0].halves();
        (used == 1).then_some(generation)
    }

    /// Also when something stands there that nobody wrote who keeps the rules.
    pub(crate) fn is_free(self) -> bool {
        self.generation().is_none()
    }

    /// Begins to be used; returns its generation.
    pub(crate) fn begin(self, role: Role, process: u32, number: u64, command: [u64; 2]) -> u32 {
        let generation = self.words[0].halves().1.wrapping_add(1);
        self.words[1].set_halves(process, role as u32);
        self.words[2].set(number);
        for word in &self.words[3..9] {
            word.set(0);
        }
        self.done().set(0);
        self.words[9].set(command[0]);
        self.words[10].set(command[1]);
        self.words[0].commit(1 | u64::from(generation) << 32);
        generation
    }

    pub(crate) fn end(self) {
        let generation = self.words[0].halves().1;
        self.words[0].commit(u64::from(generation) << 32);
    }

    /// Whose turn it is when one who only comes, or clears up, has it: for one who lives at this entry.
    pub(crate) fn set_process(self, process: u32) {
        self.words[1].set_halves(process, self.words[1].halves().1);
    }

    pub(crate) fn process(self) -> u32 {
        self.words[1].halves().0
    }

    pub(crate) fn role(self) -> Role {
        match self.words[1].halves().1 {
            0 => Role::Producer,
            1 => Role::Consumer,
            _ => Role::Other,
        }
    }

    /// From 0, in the order in which those of its role came.
    pub(crate) fn number(self) -> u64 {
        self.words[2].get()
    }

    /// Items put, or taken and leased.
    pub(crate) fn items(self) -> &'a Word {
        &self.words[3]
    }

    /// Nanoseconds spent waiting.
    pub(crate) fn waited(self) -> &'a Word {
        &self.words[4]
    }

    /// What it waits for: 0 nothing, else 1 + the line, and since when (nanoseconds since 1970) in
    /// [`waiting_since`](Self::waiting_since).
    pub(crate) fn waiting_for(self) -> &'a Word {
        &self.words[5]
    }

    pub(crate) fn waiting_since(self) -> &'a Word {
        &self.words[6]
    }

    /// Items leased, and slots reserved or in its hands.
    pub(crate) fn leased(self) -> &'a Word {
        &self.words[7]
    }

    /// Rung when a task of its process is called.
    pub(crate) fn bell(self) -> &'a Word32 {
        self.bell
    }

    pub(crate) fn command(self) -> [u64; 2] {
        [self.words[9].get(), self.words[10].get()]
    }

    /// 1 + the slot of an item that it has finished, or is about to, and nobody has booked: see `turn/done.rs`.
    pub(crate) fn done(self) -> &'a Word {
        &self.words[12]
    }

    /// Slots reserved or in its hands.
    pub(crate) fn held(self) -> &'a Word {
        &self.words[11]
    }
}

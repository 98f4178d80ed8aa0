//! The table of those who wait, and the line that each stands in.

use forebay_contract::Fault;

use crate::geometry::Geometry;
use crate::region::Region;
use crate::words::{Word, Word32};

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// For room: puts and reserves.
    Room = 0,
    /// For items: takes and leases.
    Item = 1,
    /// For nothing unfinished: joins.
    Idle = 2,
}

impl Line {
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Room,
            1 => Self::Item,
            2 => Self::Idle,
            _ => return None,
        })
    }
}

/// What a waiter waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) line: Line,
    /// A lease: it waits for the lease limit, too.
    pub(crate) leases: bool,
    /// What a put weighs.
    pub(crate) weight: u64,
    /// Blocks that it needs.
    pub(crate) blocks: u32,
}

/// Stands in line.
pub(crate) const STANDING: u32 = 1;
/// Has been called: what it waits for is there.
pub(crate) const CALLED: u32 = 2;
/// Was called, and did not come for long: passed by until it comes.
pub(crate) const OVERLOOKED: u32 = 3;

/// An entry in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiter<'a> {
    words: &'a [Word; 8],
    state: &'a Word32,
}

impl<'a> Waiter<'a> {
    pub(crate) fn at(region: &'a Region, geometry: &Geometry, index: u32) -> Result<Self, Fault> {
        let at = geometry.waiter(index).ok_or(Fault::Damaged)?;
        Ok(Self { words: region.words(at)?, state: region.word32(at)? })
    }

    /// 0 when unused; what its futex waits on.
    pub(crate) fn state(self) -> &'a Word32 {
        self.state
    }

    pub(crate) fn ticket(self) -> &'a Word {
        &self.words[1]
    }

    /// How many had passed those in line when it came.
    pub(crate) fn passed(self) -> &'a Word {
        &self.words[2]
    }

    /// The one before and the one after it.
    pub(crate) fn links(self) -> &'a Word {
        &self.words[3]
    }

    /// When it was called, in nanoseconds since the machine started.
    pub(crate) fn called_at(self) -> &'a Word {
        &self.words[7]
    }

    pub(crate) fn set_wish(self, wish: Wish) {
        self.words[4].set(wish.weight);
        self.words[5].set_halves(wish.line as u32 | u32::from(wish.leases) << 8, wish.blocks);
    }

    pub(crate) fn wish(self) -> Option<Wish> {
        let (low, blocks) = self.words[5].halves();
        let line = Line::from_number(low & 0xff)?;
        Some(Wish { line, leases: low >> 8 != 0, weight: self.words[4].get(), blocks })
    }

    /// Whose it is, and whether it is a task: then its participant's bell is rung.
    pub(crate) fn owner(self) -> (u32, bool) {
        let (participant, task) = self.words[6].halves();
        (participant, task != 0)
    }

    pub(crate) fn set_owner(self, participant: u32, task: bool) {
        self.words[6].set_halves(participant, u32::from(task));
    }
}

//! A slot: one item, and where it is on its way. One word of it says so, and one store to that word is
//! every step of the way.

use forebay_contract::Fault;

use crate::geometry::{Geometry, INLINE, NONE};
use crate::region::Region;
use crate::words::Word as Cell;

/// No buffer comes so far: whatever is greater was written by somebody else.
pub(crate) const MOST_POSITION: u64 = 1 << 62;

/// Where an item is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// No item.
    Free = 0,
    /// Set aside: by a permit, or for an item that is being written.
    Reserved = 1,
    /// The item waits.
    Ready = 2,
    /// The item is out on lease.
    Leased = 3,
    /// The item is a dead letter.
    Dead = 4,
    /// The item is being taken for good.
    Taking = 5,
    /// The item is finished, and not booked yet.
    Done = 6,
}

/// The word of a slot: state (4 bits), failures (16), deliveries (20), the position's lowest 24.
///
/// The count of deliveries is the lease's generation as well: with the position, it tells one lease from
/// every other of this slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) u64);

impl Word {
    pub(crate) const MOST_FAILURES: u64 = (1 << 16) - 1;
    pub(crate) const MOST_DELIVERIES: u64 = (1 << 20) - 1;
    pub(crate) const FREE: Self = Self(0);

    /// An item at this position that nobody has leased yet.
    pub(crate) fn fresh(state: State, position: u64) -> Self {
        Self(state as u64 | position << 40)
    }

    pub(crate) fn state(self) -> Option<State> {
        Some(match self.0 & 0xf {
            0 => State::Free,
            1 => State::Reserved,
            2 => State::Ready,
            3 => State::Leased,
            4 => State::Dead,
            5 => State::Taking,
            6 => State::Done,
            _ => return None,
        })
    }

    pub(crate) fn is(self, state: State) -> bool {
        self.0 & 0xf == state as u64
    }

    pub(crate) fn failures(self) -> u32 {
        (self.0 >> 4 & Self::MOST_FAILURES) as u32
    }

    pub(crate) fn deliveries(self) -> u32 {
        (self.0 >> 20 & Self::MOST_DELIVERIES) as u32
    }

    pub(crate) fn fits(self, position: u64) -> bool {
        self.0 >> 40 == position & 0xff_ffff
    }

    #[must_use]
    pub(crate) fn with_state(self, state: State) -> Self {
        Self(self.0 & !0xf | state as u64)
    }

    /// One delivery more; the greatest count stays.
    #[must_use]
    pub(crate) fn delivered(self) -> Self {
        let more = u64::from(u64::from(self.deliveries()) < Self::MOST_DELIVERIES);
        Self(self.0 + (more << 20))
    }

    /// One failure more; the greatest count stays.
    #[must_use]
    pub(crate) fn failed(self) -> Self {
        let more = u64::from(u64::from(self.failures()) < Self::MOST_FAILURES);
        Self(self.0 + (more << 4))
    }

    /// As if it had never been leased.
    #[must_use]
    pub(crate) fn anew(self) -> Self {
        Self(self.0 & !(0xf_ffff << 20 | 0xffff << 4))
    }
}

/// A slot in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot<'a>(&'a [Cell; 16]);

/// Why and how a dead letter died, in its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Death {
    /// 1: failures, 2: deliveries, 3: rejected.
    pub(crate) kind: u8,
    /// Bytes of the reason.
    pub(crate) len: u16,
    /// The block in which the reason is, or none.
    pub(crate) block: u32,
}

impl<'a> Slot<'a> {
    pub(crate) fn at(region: &'a Region, geometry: &Geometry, index: u32) -> Result<Self, Fault> {
        region.words(geometry.slot(index).ok_or(Fault::Damaged)?).map(Self)
    }

    pub(crate) fn word(self) -> Word {
        Word(self.0[0].read())
    }

    /// The one store by which the item goes on its way.
    pub(crate) fn commit(self, word: Word) {
        self.0[0].commit(word.0);
    }

    /// The step of one who has no turn: says whether the word was what it was.
    pub(crate) fn exchange(self, old: Word, new: Word) -> bool {
        self.0[0].exchange(old.0, new.0)
    }

    /// Whether some of the item lies in blocks.
    pub(crate) fn has_blocks(self) -> bool {
        self.extent().0 as usize > INLINE
    }

    pub(crate) fn position(self) -> u64 {
        self.0[1].get()
    }

    pub(crate) fn set_position(self, position: u64) {
        self.0[1].set(position);
    }

    /// Who has it reserved, leased or in its hands: the participant and its generation.
    pub(crate) fn owner(self) -> (u32, u32) {
        self.0[2].halves()
    }

    pub(crate) fn set_owner(self, participant: u32, generation: u32) {
        self.0[2].set_halves(participant, generation);
    }

    /// A dead letter has no owner; its death is in that place.
    pub(crate) fn death(self) -> Death {
        let word = self.0[2].get();
        Death { kind: word as u8, len: (word >> 8) as u16, block: (word >> 32) as u32 }
    }

    pub(crate) fn set_death(self, death: Death) {
        let low = u64::from(death.kind) | u64::from(death.len) << 8;
        self.0[2].set(low | u64::from(death.block) << 32);
    }

    /// When the lease ends, in nanoseconds since the machine started; 0 is never.
    pub(crate) fn deadline(self) -> u64 {
        self.0[3].get()
    }

    pub(crate) fn set_deadline(self, deadline: u64) {
        self.0[3].set(deadline);
    }

    /// The item's length, and its first block.
    pub(crate) fn extent(self) -> (u32, u32) {
        self.0[4].halves()
    }

    pub(crate) fn set_extent(self, len: u32, block: u32) {
        self.0[4].set_halves(len, block);
    }

    pub(crate) fn weight(self) -> u64 {
        self.0[5].get()
    }

    pub(crate) fn set_weight(self, weight: u64) {
        self.0[5].set(weight);
    }

    pub(crate) fn checksum(self) -> u32 {
        self.0[6].halves().0
    }

    pub(crate) fn set_checksum(self, checksum: u32) {
        self.0[6].set_halves(checksum, NONE);
    }

    /// Its place in the heap of deadlines.
    pub(crate) fn due(self) -> u32 {
        self.0[6].halves().1
    }

    pub(crate) fn set_due(self, place: u32) {
        self.0[6].set_halves(self.checksum(), place);
    }

    /// When it was put, leased or set aside last, in nanoseconds since 1970: only to be shown.
    pub(crate) fn since(self) -> u64 {
        self.0[7].get()
    }

    pub(crate) fn set_since(self, since: u64) {
        self.0[7].set(since);
    }

    /// The first bytes of the item.
    pub(crate) fn inline(self) -> &'a [Cell] {
        &self.0[8..]
    }
}

/// What of an item lies in its slot, and what in blocks.
pub(crate) fn parts(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.len().min(INLINE))
}

/// Writes bytes into words.
pub(crate) fn write(words: &[Cell], bytes: &[u8]) {
    for (word, chunk) in words.iter().zip(bytes.chunks(8)) {
        let mut value = [0; 8];
        value[..chunk.len()].copy_from_slice(chunk);
        word.set(u64::from_le_bytes(value));
    }
}

/// The bytes that lie in the slot, whether they belong to the item or not.
pub(crate) fn read_inline(words: &[Cell]) -> [u8; INLINE] {
    let mut bytes = [0; INLINE];
    for (word, chunk) in words.iter().zip(bytes.chunks_exact_mut(8)) {
        chunk.copy_from_slice(&word.get().to_le_bytes());
    }
    bytes
}

/// Appends this many bytes of words.
pub(crate) fn read(words: &[Cell], len: usize, mut append: impl FnMut(&[u8])) {
    let mut left = len;
    for word in words {
        if left == 0 {
            break;
        }
        let bytes = word.get().to_le_bytes();
        let here = left.min(8);
        append(&bytes[..here]);
        left -= here;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_keeps_its_counts_apart() {
        let word = Word::fresh(State::Ready, 0x0123_4567).delivered().delivered().failed();
        assert_eq!((word.deliveries(), word.failures()), (2, 1));
        assert!(word.is(State::Ready) && word.fits(0x0123_4567) && !word.fits(0x0123_4568));
        let word = word.with_state(State::Dead);
        assert_eq!((word.state(), word.deliveries()), (Some(State::Dead), 2));
        assert_eq!(word.anew().with_state(State::Ready), Word::fresh(State::Ready, 0x0123_4567));
    }

    #[test]
    fn counts_stay_at_their_greatest() {
        let mut word = Word::fresh(State::Leased, u64::MAX);
        word.0 |= 0xf_ffff << 20 | 0xffff << 4;
        let more = word.delivered().failed();
        assert_eq!(more, word);
    }
}

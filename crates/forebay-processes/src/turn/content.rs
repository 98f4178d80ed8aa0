//! The bytes of an item, copied in and out: nothing is ever borrowed from shared memory.

use forebay_contract::{Bytes, Fault};
use xxhash_rust::xxh3::xxh3_64;

use super::blocks::WORDS;
use crate::attachment::Attachment;
use crate::geometry::{Geometry, INLINE};
use crate::slot::{self, Slot};

/// The checksum of an item's bytes, to which its place in the buffer is added when it gets one.
pub(super) fn digest(bytes: &[u8]) -> u64 {
    xxh3_64(bytes)
}

/// What stands in the slot: it fits these bytes at this position only.
pub(super) fn checksum(digest: u64, position: u64, len: u32, weight: u64) -> u32 {
    let mixed = (digest ^ position.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_add(weight.rotate_left(17))
        .wrapping_add(u64::from(len) << 40)
        .wrapping_mul(0xd6e8_feb8_6659_fd93);
    (mixed >> 32) as u32 ^ mixed as u32
}

/// Writes an item's bytes into its slot and blocks, which nobody else reads yet.
pub(super) fn write(
    buffer: &Attachment,
    slot: Slot<'_>,
    first: u32,
    bytes: &[u8],
) -> Result<(), Fault> {
    let (inline, rest) = slot::parts(bytes);
    slot::write(slot.inline(), inline);
    let mut block = first;
    for chunk in rest.chunks(Geometry::BLOCK_BYTES as usize) {
        let words = block_words(buffer, block)?;
        slot::write(&words[1..], chunk);
        block = words[0].halves().0;
    }
    Ok(())
}

/// Copies an item's bytes out of its slot and blocks, which whoever reads them holds.
pub(super) fn read(buffer: &Attachment, slot: Slot<'_>) -> Result<Bytes, Fault> {
    let (len, mut block) = slot.extent();
    let (len, blocks) = (len as usize, Geometry::blocks_for(u64::from(len)));
    if blocks > u64::from(buffer.geometry.blocks) {
        return Err(Fault::Damaged);
    }
    let inline = slot::read_inline(slot.inline());
    let mut bytes = Bytes::short(inline, len.min(INLINE));
    if len > INLINE {
        // Bounded by the number of blocks that there are, so by the size of the file.
        bytes.reserve_exact(len - INLINE);
        let mut left = len - INLINE;
        while left > 0 {
            let words = block_words(buffer, block)?;
            let here = left.min(Geometry::BLOCK_BYTES as usize);
            slot::read(&words[1..], here, |part| bytes.extend(part));
            left -= here;
            block = words[0].halves().0;
        }
    }
    Ok(bytes)
}

/// Whether these bytes are those that were put into the slot.
pub(super) fn is_intact(slot: Slot<'_>, bytes: &[u8]) -> bool {
    let (len, _) = slot.extent();
    len as usize == bytes.len()
        && slot.checksum() == checksum(digest(bytes), slot.position(), len, slot.weight())
}

/// A block: its link, and words of bytes.
pub(super) fn block_words(
    buffer: &Attachment,
    block: u32,
) -> Result<&[crate::words::Word; 32], Fault> {
    const { assert!(WORDS == 31) };
    let at = buffer.geometry.block(block).ok_or(Fault::Damaged)?;
    buffer.region.words(at)
}

//! What is in a buffer, looked through: the items that wait, are leased, or are dead letters.

use forebay_contract::Fault;

use forebay_contract::Bytes;

use super::content;
use crate::attachment::Attachment;
use crate::slot::State;

/// How often a slot is read again that somebody moves at every look.
const LOOKS: u32 = 1000;

/// An item that is in a buffer in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Item {
    /// Its place in the order of puts, from 0.
    pub position: u64,
    /// What was put; nothing where it is not readable.
    pub bytes: Bytes,
    /// Whether it is a dead letter; otherwise it waits, or is leased.
    pub is_dead: bool,
    /// Whether its bytes are still those that were put: otherwise somebody has written over them.
    pub is_readable: bool,
}

impl Item {
    /// Those there are, in the order of their puts; read without a turn: each that was there all the while, once, and
    /// perhaps some that came or went meanwhile. An item keeps its slot until its end, so none is missed on its way.
    pub(crate) fn all(buffer: &Attachment) -> Result<Vec<Self>, Fault> {
        let mut items = Vec::new();
        for index in 0..buffer.geometry.slots {
            items.extend(Self::read(buffer, index)?);
        }
        items.sort_by_key(|item| item.position);
        Ok(items)
    }

    fn read(buffer: &Attachment, index: u32) -> Result<Option<Self>, Fault> {
        let slot = buffer.slot(index)?;
        for _ in 0..LOOKS {
            let word = slot.word();
            let is_dead = match word.state() {
                Some(State::Ready | State::Leased) => false,
                Some(State::Dead) => true,
                _ => return Ok(None),
            };
            let position = slot.position();
            let read = content::read(buffer, slot);
            let is_readable = read.as_ref().is_ok_and(|bytes| content::is_intact(slot, bytes));
            // Otherwise it was moved meanwhile.
            if slot.word() == word {
                let bytes = match read {
                    Ok(bytes) if is_readable => bytes,
                    Ok(_) | Err(Fault::Damaged) => Bytes::default(),
                    Err(fault) => return Err(fault),
                };
                return Ok(Some(Self { position, bytes, is_dead, is_readable }));
            }
            std::hint::spin_loop();
        }
        Ok(None)
    }
}

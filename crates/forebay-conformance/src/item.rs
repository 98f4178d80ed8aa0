//! What the suite puts into a buffer: items that can be told apart.

use crate::Ledger;

/// An item with a name of its own.
///
/// A clone keeps the id. A buffer whose leases expire keeps a clone of what is out on lease, so
/// that an id may have several instances at once; what the contract promises is one *holder* and
/// one ack for each id (C4), and that no instance is left once the buffer is gone (C8).
pub trait Item: Clone + Send + 'static {
    /// The item of this id and weight, entered in the ledger if its kind can be counted.
    fn weighing(id: u64, weight: u64, ledger: &Ledger) -> Self;

    /// The item of this id, with a weight of 1.
    fn new(id: u64, ledger: &Ledger) -> Self {
        Self::weighing(id, 1, ledger)
    }

    /// The id it was made with.
    fn id(&self) -> u64;

    /// The weight it was made with, which a buffer that weighs its items goes by.
    fn weight(&self) -> u64;
}

/// An item that enters its birth, its cloning and its drop in a [`Ledger`].
#[derive(Debug)]
pub struct Counted {
    id: u64,
    weight: u64,
    ledger: Ledger,
}

impl Item for Counted {
    fn weighing(id: u64, weight: u64, ledger: &Ledger) -> Self {
        ledger.born();
        Self { id, weight, ledger: ledger.clone() }
    }

    fn id(&self) -> u64 {
        self.id
    }

    fn weight(&self) -> u64 {
        self.weight
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::weighing(self.id, self.weight, &self.ledger)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.ledger.gone();
    }
}

/// An item that can be written as bytes. Those that a check makes are entered in the ledger; one that
/// was decoded is not.
#[derive(Debug)]
pub struct Plain {
    id: u64,
    weight: u64,
    ledger: Option<Ledger>,
}

impl Plain {
    /// As bytes.
    pub fn encode(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.id.to_le_bytes());
        bytes[8..].copy_from_slice(&self.weight.to_le_bytes());
        bytes
    }

    /// From bytes; `None` when no item is written so.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (id, weight) = bytes.split_at_checked(8)?;
        let id = u64::from_le_bytes(id.try_into().ok()?);
        let weight = u64::from_le_bytes(weight.try_into().ok()?);
        Some(Self { id, weight, ledger: None })
    }
}

impl Item for Plain {
    fn weighing(id: u64, weight: u64, ledger: &Ledger) -> Self {
        ledger.born();
        Self { id, weight, ledger: Some(ledger.clone()) }
    }

    fn id(&self) -> u64 {
        self.id
    }

    fn weight(&self) -> u64 {
        self.weight
    }
}

impl Clone for Plain {
    fn clone(&self) -> Self {
        let Self { id, weight, ledger } = self;
        match ledger {
            Some(ledger) => Self::weighing(*id, *weight, ledger),
            None => Self { id: *id, weight: *weight, ledger: None },
        }
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        if let Some(ledger) = &self.ledger {
            ledger.gone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_and_drops_are_counted() {
        let ledger = Ledger::default();
        let item = Counted::weighing(7, 3, &ledger);
        let copy = item.clone();
        assert_eq!((copy.id(), copy.weight(), ledger.alive()), (7, 3, 2));
        drop((item, copy));
        assert_eq!((ledger.alive(), ledger.created()), (0, 2));
    }

    #[test]
    fn a_decoded_item_is_the_same_and_is_not_counted() {
        let ledger = Ledger::default();
        let item = Plain::weighing(7, u64::MAX, &ledger);
        let copy = Plain::decode(&item.encode()).expect("16 bytes");
        assert_eq!((copy.id(), copy.weight(), ledger.alive()), (7, u64::MAX, 1));
        drop(item);
        assert_eq!((copy.clone().id(), ledger.alive(), ledger.created()), (7, 0, 1));
        assert!(Plain::decode(&[0; 15]).is_none() && Plain::decode(&[0; 17]).is_none());
    }
}

//! What the suite puts into a buffer: items that can be told apart.

use crate::Ledger;

/// An item with a name of its own.
///
/// A clone keeps the id. A buffer whose leases expire keeps a clone of what is out on lease, so
/// that an id may have several instances at once; what the contract promises is one *holder* and
/// one ack for each id (C4), and that no instance is left once the buffer is gone (C8).
pub trait Item: Clone + Send + 'static {
    /// The item of this id, entered in the ledger if its kind can be counted.
    fn new(id: u64, ledger: &Ledger) -> Self;

    /// The id it was made with.
    fn id(&self) -> u64;
}

/// An item that enters its birth, its cloning and its drop in a [`Ledger`].
#[derive(Debug)]
pub struct Counted {
    id: u64,
    ledger: Ledger,
}

impl Item for Counted {
    fn new(id: u64, ledger: &Ledger) -> Self {
        ledger.born();
        Self { id, ledger: ledger.clone() }
    }

    fn id(&self) -> u64 {
        self.id
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::new(self.id, &self.ledger)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.ledger.gone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_and_drops_are_counted() {
        let ledger = Ledger::default();
        let item = Counted::new(7, &ledger);
        let copy = item.clone();
        assert_eq!((copy.id(), ledger.alive()), (7, 2));
        drop((item, copy));
        assert_eq!((ledger.alive(), ledger.created()), (0, 2));
    }
}

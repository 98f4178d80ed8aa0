//! Permits of the model: places set aside (C1, C5).

use super::Model;
use crate::{PutError, Refusal};

/// A place set aside. It is used once, by [`put_permitted`](Model::put_permitted) or by
/// [`release`](Model::release); forgotten, it keeps its place for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Permit {
    weight: u64,
}

impl<T> Model<T> {
    /// Sets a place aside for an item of at most this weight, which is of no account where items are
    /// not weighed. Refused like a put, whatever its policy.
    pub fn reserve(&mut self, weight: u64) -> Result<Permit, Refusal> {
        let weight = self.bounds.weight_capacity.map_or(0, |_| weight);
        if let Some(refusal) = self.refusal(weight) {
            return Err(refusal);
        }
        self.reserved += 1;
        self.reserved_weight += weight;
        Ok(Permit { weight })
    }

    /// Places the item in the place set aside, at the position of this put (C2). The place is used up
    /// even when the item is refused.
    pub fn put_permitted(&mut self, permit: Permit, item: T) -> Result<(), PutError<T>> {
        let fits = self.fits(&item, permit.weight);
        self.release(permit);
        match self.ended() {
            Some(refusal) => Err(PutError { item, refusal }),
            None if !fits => Err(PutError { item, refusal: Refusal::TooHeavy }),
            None => {
                self.place(item);
                Ok(())
            }
        }
    }

    /// Gives the place back.
    pub fn release(&mut self, permit: Permit) {
        self.reserved -= 1;
        self.reserved_weight -= permit.weight;
    }
}

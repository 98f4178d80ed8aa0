//! A place set aside.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use forebay_contract::{Bytes, Codec, Fault, Patience, Permitted, PutError, Raw, Refusal};

use crate::party::Party;
use crate::turn::{Content, Place};

/// A place set aside in the buffer, for one item that can then be put without waiting (C5). Dropped, it is given back;
/// and so it is when its process dies.
pub struct Permit<T = Bytes, C = Raw> {
    party: Arc<Party>,
    codec: C,
    /// Taken out once used.
    place: Option<Place>,
    item: PhantomData<fn(T)>,
}

impl<T, C: Codec<T>> Permit<T, C> {
    pub(crate) fn new(party: Arc<Party>, codec: C, place: Place) -> Self {
        Self { party, codec, place: Some(place), item: PhantomData }
    }

    /// Places the item. Refused, with the item, after the close (C6), when it is heavier than what was set aside (C1),
    /// and, for a long item, when there is no storage left for its bytes.
    pub fn put(mut self, item: T) -> Result<(), PutError<T>> {
        match self.put_encoded(&item) {
            Ok(()) => Ok(()),
            Err(refusal) => Err(PutError { item, refusal }),
        }
    }

    fn put_encoded(&mut self, item: &T) -> Result<(), Refusal> {
        let mut scratch = Vec::new();
        let bytes =
            self.codec.encode(item, &mut scratch).map_err(|_| Refusal::Unable(Fault::Codec))?;
        let content = Content::new(&self.party.buffer, bytes, self.codec.weight(item, bytes))?;
        {
            let mut turn = self.party.turn_within(Patience::Forever)?;
            let Some(place) = self.place.take() else { return Err(Fault::Damaged.into()) };
            turn.put_permitted(&place, &content)??;
        }
        self.party.commit()?;
        Ok(())
    }
}

impl<T, C> Drop for Permit<T, C> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.party.owe(move |turn| turn.release(&place));
        }
    }
}

impl<T, C> fmt::Debug for Permit<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("place", &self.place).finish_non_exhaustive()
    }
}

impl<T: Send + 'static, C: Codec<T>> Permitted<T> for Permit<T, C> {
    fn put(self, item: T) -> Result<(), PutError<T>> {
        Permit::put(self, item)
    }
}

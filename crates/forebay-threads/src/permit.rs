//! A place set aside for an item that is still to come.

use std::fmt;

use forebay_contract::{Permitted, PutError};

use crate::atomics::Arc;
use crate::buffer::Buffer;

/// A place set aside in the buffer, from [`Producer::reserve`](crate::Producer::reserve): an item can be
/// put into it without waiting.
///
/// For those who must not lose the item to a cancelled put: wait for the permit, then make the item.
/// The place counts against the capacity until the permit is used or dropped (C1); the item's position
/// is that of its put (C2). A permit is no item: join does not wait for it, and after a close it is
/// good for nothing. Leaked with
/// [`mem::forget`](std::mem::forget), it keeps its place for as long as the buffer lives,
/// and wedges nobody: what waits can be taken, and the buffer closed and drained.
#[must_use = "a permit dropped unused gives its place back"]
pub struct Permit<T> {
    /// `None` once used.
    buffer: Option<Arc<Buffer<T>>>,
    weight: u64,
}

impl<T> Permit<T> {
    pub(crate) fn new(buffer: &Arc<Buffer<T>>, weight: u64) -> Self {
        Self { buffer: Some(Arc::clone(buffer)), weight }
    }

    /// Places the item. Refused, with the item, if the buffer has been closed since (C6), or if the item
    /// is heavier than what was set aside (C1); the place is free then.
    pub fn put(mut self, item: T) -> Result<(), PutError<T>> {
        let buffer = self.buffer.as_ref().expect("a permit is used once");
        let (item, weight) = buffer.weigh_within(item, self.weight)?;
        let buffer = self.buffer.take().expect("it was just seen");
        buffer.put_reserved(item, weight, self.weight)
    }
}

impl<T> Drop for Permit<T> {
    fn drop(&mut self) {
        if let Some(buffer) = &self.buffer {
            buffer.release(self.weight);
        }
    }
}

impl<T: Send + 'static> Permitted<T> for Permit<T> {
    fn put(self, item: T) -> Result<(), PutError<T>> {
        Permit::put(self, item)
    }
}

impl<T> fmt::Debug for Permit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("weight", &self.weight).finish_non_exhaustive()
    }
}

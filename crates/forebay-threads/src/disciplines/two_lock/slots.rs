//! An array of places, used round and round.

#![expect(unsafe_code, reason = "items are moved in and out of the slots")]

use std::mem::MaybeUninit;

use super::ends::Places;
use crate::atomics::UnsafeCell;

#[derive(Debug)]
pub(crate) struct Slots<T> {
    array: Box<[UnsafeCell<MaybeUninit<T>>]>,
}

/// The slot of the next put, or of the next take.
#[derive(Debug, Default)]
pub(crate) struct Index(usize);

// SAFETY: items are moved in and out by value, one thread at a time at each slot, as `Places` asks of
// its caller; no reference to one is ever given out.
unsafe impl<T: Send> Sync for Slots<T> {}

impl<T> Slots<T> {
    /// `None` if there is no memory for so many.
    pub(crate) fn new(capacity: usize) -> Option<Self> {
        let mut array = Vec::new();
        array.try_reserve_exact(capacity).ok()?;
        // Items without size take no memory, so that any capacity is granted: even a loop that does
        // nothing would never end.
        #[cfg(not(loom))]
        // SAFETY: so many have just been reserved, and a slot that holds nothing has nothing to
        // initialize.
        unsafe {
            array.set_len(capacity);
        }
        // Loom's cells have something to initialize.
        #[cfg(loom)]
        array.extend((0..capacity).map(|_| UnsafeCell::new(MaybeUninit::uninit())));
        Some(Self { array: array.into_boxed_slice() })
    }

    /// The slot, and the index moved on.
    #[inline]
    fn pass(&self, index: &mut Index) -> &UnsafeCell<MaybeUninit<T>> {
        let slot = &self.array[index.0];
        index.0 = if index.0 + 1 == self.array.len() { 0 } else { index.0 + 1 };
        slot
    }
}

// SAFETY: an index goes round the array, so it comes back to a slot after as many puts, or takes, as
// there are slots; and so many is what `room` says.
unsafe impl<T> Places for Slots<T> {
    type Item = T;
    type Tail = Index;
    type Head = Index;

    fn room(&self) -> u64 {
        self.array.len() as u64
    }

    #[inline]
    unsafe fn put(&self, tail: &mut Index, item: T) {
        // SAFETY: the caller promises that the item of the lap before has been taken, and that
        // nobody else puts.
        self.pass(tail).with_mut(|place| unsafe { (*place).write(item) });
    }

    #[inline]
    unsafe fn take(&self, head: &mut Index) -> T {
        // SAFETY: the caller promises that an item was put here, that it is visible, and that nobody
        // else takes.
        self.pass(head).with(|place| unsafe { (*place).assume_init_read() })
    }
}

//! An array of places, used round and round.

#![expect(unsafe_code, reason = "items are moved in and out of the slots")]

use std::mem::{self, MaybeUninit};
use std::ops::Range;
use std::{ptr, vec};

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

    /// As many of the next so many slots as lie in a row, and the index moved on past them.
    fn pass_row(&self, index: &mut Index, many: usize) -> Range<usize> {
        let row = index.0..index.0 + many.min(self.array.len() - index.0);
        index.0 = if row.end == self.array.len() { 0 } else { row.end };
        row
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
    fn prefetch(&self) {
        #[cfg(all(target_arch = "x86_64", not(loom)))]
        if mem::size_of_val(&*self.array) <= 64 {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: to the program, nothing is read.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(self.array.as_ptr().cast()) };
        }
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

    /// Row by row, so that many lines are on their way from the other processor at once.
    unsafe fn put_many(&self, tail: &mut Index, items: &mut vec::IntoIter<T>, many: usize) {
        let mut left = many;
        while left > 0 {
            let row = self.pass_row(tail, left);
            left -= row.len();
            for (slot, item) in self.array[row.clone()].iter().zip(items.as_slice()) {
                // SAFETY: as in `put`. The item is moved: its iterator passes it below without dropping
                // it, and nothing in between can panic.
                slot.with_mut(|place| unsafe { (*place).write(ptr::read(item)) });
            }
            items.take(row.len()).for_each(mem::forget);
        }
    }

    /// Row by row, as above.
    unsafe fn take_many(&self, head: &mut Index, into: &mut Vec<T>, many: usize) {
        let mut left = many;
        while left > 0 {
            let row = self.pass_row(head, left);
            left -= row.len();
            // SAFETY: as in `take`.
            let take = |place: *const MaybeUninit<T>| unsafe { (*place).assume_init_read() };
            into.extend(self.array[row].iter().map(|slot| slot.with(take)));
        }
    }
}

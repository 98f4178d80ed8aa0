//! The system's allocator, counting what is in use.
#![expect(unsafe_code, reason = "an allocator can be written in no other way")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the bytes asked for and not yet given back; what the system adds to each is not counted.
pub(crate) struct Counting {
    in_use: AtomicUsize,
}

impl Counting {
    pub(crate) const fn new() -> Self {
        Self { in_use: AtomicUsize::new(0) }
    }

    pub(crate) fn in_use(&self) -> usize {
        self.in_use.load(Ordering::Relaxed)
    }
}

// SAFETY: every call is handed to the system's allocator unchanged; counting touches no memory of
// the caller's and cannot panic.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`, which is the system's.
        let block = unsafe { System.alloc(layout) };
        if !block.is_null() {
            self.in_use.fetch_add(layout.size(), Ordering::Relaxed);
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.in_use.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: `block` came from `alloc` above with this layout, so from the system.
        unsafe { System.dealloc(block, layout) };
    }
}

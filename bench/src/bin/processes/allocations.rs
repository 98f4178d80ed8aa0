//! The system's allocator, counting how often it is asked.
#![expect(unsafe_code, reason = "an allocator can be written in no other way")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

static ASKED: AtomicU64 = AtomicU64::new(0);

/// How often memory was asked for so far; exact as long as one thread does.
pub(crate) fn asked() -> u64 {
    ASKED.load(Ordering::Relaxed)
}

/// Counts, at no cost that is seen beside what it counts: the add is no atomic one.
pub(crate) struct Counting;

// SAFETY: every call is handed to the system's allocator unchanged; counting touches no memory of
// the caller's and cannot panic.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.store(asked() + 1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `block` came from `alloc` above with this layout, so from the system.
        unsafe { System.dealloc(block, layout) };
    }
}

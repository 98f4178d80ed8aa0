//! The words of shared memory: the one file that names the atomics.
//!
//! Whatever lies in the file is read and written as whole words, since another process may change it at
//! any moment, also one that does not keep the rules. Almost all of them are guarded by the buffer's lock;
//! what is ordered by more than that lock says so where it is used: a process may be killed between any
//! two stores, and whoever comes after it sees a prefix of them.

#[cfg(not(loom))]
use std::sync::atomic::{AtomicU32, AtomicU64, fence};
use std::sync::atomic::{Ordering, compiler_fence};

#[cfg(loom)]
use loom::sync::atomic::{AtomicU32, AtomicU64, fence};

use crate::crash;

/// 64 bits of the file.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Word(AtomicU64);

impl Word {
    #[cfg(loom)]
    pub(crate) fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// What was written before the [`commit`](Self::commit) of this value is visible then.
    pub(crate) fn read(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    pub(crate) fn set(&self, value: u64) {
        crash::point();
        self.0.store(value, Ordering::Relaxed);
    }

    /// A store that no store before it may pass: whoever finds it after a crash finds those too. Nor does the compiler
    /// move a later one before it, as into the slot of an item that is not gone yet.
    pub(crate) fn commit(&self, value: u64) {
        crash::point();
        self.0.store(value, Ordering::Release);
        compiler_fence(Ordering::Release);
    }

    pub(crate) fn add(&self, amount: u64) {
        self.set(self.get().wrapping_add(amount));
    }

    pub(crate) fn subtract(&self, amount: u64) {
        self.set(self.get().saturating_sub(amount));
    }

    /// Says whether it was `old`, and is `new` now.
    pub(crate) fn exchange(&self, old: u64, new: u64) -> bool {
        crash::point();
        self.0.compare_exchange(old, new, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// A number that nobody else gets: one more than the last. Needs no lock.
    pub(crate) fn draw(&self) -> u64 {
        loop {
            let last = self.read();
            if self.exchange(last, last.wrapping_add(1)) {
                return last.wrapping_add(1);
            }
        }
    }

    /// The lower and the upper half.
    pub(crate) fn halves(&self) -> (u32, u32) {
        let value = self.get();
        (value as u32, (value >> 32) as u32)
    }

    pub(crate) fn set_halves(&self, low: u32, high: u32) {
        self.set(u64::from(low) | u64::from(high) << 32);
    }
}

/// 32 bits of the file: what a futex waits on, and the entries of the rings.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Word32(AtomicU32);

impl Word32 {
    #[cfg(loom)]
    pub(crate) fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }

    pub(crate) fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// Pairs with the [`release`](Self::release) of the value that is seen.
    pub(crate) fn read(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }

    pub(crate) fn set(&self, value: u32) {
        crash::point();
        self.0.store(value, Ordering::Relaxed);
    }

    /// Puts `value` there, and returns what was. All stores before it are visible to whoever
    /// [`acquire`](Self::acquire)s or [`read`](Self::read)s the value.
    pub(crate) fn release(&self, value: u32) -> u32 {
        crash::point();
        self.0.swap(value, Ordering::Release)
    }

    /// Says whether it was `old`, and is `new` now; then everything before the
    /// [`release`](Self::release) of `old` is visible.
    pub(crate) fn acquire(&self, old: u32, new: u32) -> Result<(), u32> {
        crash::point();
        self.0.compare_exchange(old, new, Ordering::Acquire, Ordering::Relaxed).map(|_| ())
    }

    pub(crate) fn increase(&self) {
        crash::point();
        self.0.fetch_add(1, Ordering::Release);
    }

    /// As the system's futex sees it.
    pub(crate) fn futex(&self) -> &AtomicU32 {
        &self.0
    }
}

/// Between a store and a load: of two who both store, meet, and load what the other one stores, one at least sees it.
pub(crate) fn meet() {
    fence(Ordering::SeqCst);
}

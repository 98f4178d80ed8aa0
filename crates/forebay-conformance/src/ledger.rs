//! The account of how many items exist, by which a leak or a double drop is seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the items made and dropped under it. A clone is the same ledger.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    created: AtomicU64,
    dropped: AtomicU64,
}

impl Ledger {
    /// Enters one item made.
    pub fn born(&self) {
        self.0.created.fetch_add(1, Ordering::SeqCst);
    }

    /// Enters one item dropped.
    pub fn gone(&self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }

    /// Items made so far, clones included.
    pub fn created(&self) -> u64 {
        self.0.created.load(Ordering::SeqCst)
    }

    /// Items that exist now: negative when one was dropped twice.
    pub fn alive(&self) -> i64 {
        let dropped = self.0.dropped.load(Ordering::SeqCst);
        self.created().cast_signed() - dropped.cast_signed()
    }
}

//! What an earlier run has finished, by the items' content.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Mutex, PoisonError};

/// The finished items of a joblog: which, and how often each.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    /// Struck off by all producers: each finished item once, whoever brings it.
    items: Mutex<HashMap<Vec<u8>, u64>>,
    /// The numbers of the lines that could not be read, from 1.
    pub(crate) damaged: Vec<u64>,
}

impl Finished {
    pub(crate) fn add(&mut self, item: Vec<u8>) {
        let items = self.items.get_mut().unwrap_or_else(PoisonError::into_inner);
        *items.entry(item).or_default() += 1;
    }

    /// Whether this item has finished; each time it did counts for one.
    pub(crate) fn strike(&self, item: &OsStr) -> bool {
        let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(times) = items.get_mut(item.as_bytes()) else { return false };
        if *times == 1 {
            items.remove(item.as_bytes());
        } else {
            *times -= 1;
        }
        true
    }
}

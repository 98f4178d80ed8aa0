//! What an earlier run has finished, by the items' content.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The finished items of a joblog: which, and how often each.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    items: HashMap<Vec<u8>, u64>,
    /// The numbers of the lines that could not be read, from 1.
    pub(crate) damaged: Vec<u64>,
}

impl Finished {
    pub(crate) fn add(&mut self, item: Vec<u8>) {
        *self.items.entry(item).or_default() += 1;
    }

    /// Whether this item has finished; each time it did counts for one.
    pub(crate) fn strike(&mut self, item: &OsStr) -> bool {
        let Some(times) = self.items.get_mut(item.as_bytes()) else { return false };
        if *times == 1 {
            self.items.remove(item.as_bytes());
        } else {
            *times -= 1;
        }
        true
    }
}

//! What an earlier run has finished, by the items' content.

use std::collections::HashMap;
use std::ffi::OsString;

/// The finished rows of a joblog: which, and how often each.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    rows: HashMap<Box<[OsString]>, u64>,
    /// The numbers of the lines that could not be read, from 1.
    pub(crate) damaged: Vec<u64>,
}

impl Finished {
    pub(crate) fn add(&mut self, row: Vec<OsString>) {
        *self.rows.entry(row.into()).or_default() += 1;
    }

    /// Whether this row has finished, all its columns together; each time it did counts for one.
    pub(crate) fn strike(&mut self, row: &[OsString]) -> bool {
        let Some(times) = self.rows.get_mut(row) else { return false };
        if *times == 1 {
            self.rows.remove(row);
        } else {
            *times -= 1;
        }
        true
    }
}

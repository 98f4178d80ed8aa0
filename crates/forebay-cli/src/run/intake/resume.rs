//! What an earlier run has finished, by the items' content.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::{Mutex, PoisonError};

/// The finished rows of a joblog: which, and how often each.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    /// Struck off by all producers: each finished row once, whoever brings it.
    rows: Mutex<HashMap<Box<[OsString]>, u64>>,
    /// Of items whose number was asked for: when they began, in seconds since 1970, and the row.
    pub(crate) numbered: HashMap<u64, (f64, Vec<OsString>)>,
    /// The numbers of the lines that could not be read, from 1.
    pub(crate) damaged: Vec<u64>,
}

impl Finished {
    pub(crate) fn add(&mut self, row: Vec<OsString>) {
        let rows = self.rows.get_mut().unwrap_or_else(PoisonError::into_inner);
        *rows.entry(row.into()).or_default() += 1;
    }

    /// Whether this row has finished, all its columns together; each time it did counts for one.
    pub(crate) fn strike(&self, row: &[OsString]) -> bool {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(times) = rows.get_mut(row) else { return false };
        if *times == 1 {
            rows.remove(row);
        } else {
            *times -= 1;
        }
        true
    }
}

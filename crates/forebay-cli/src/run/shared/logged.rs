//! What the joblog of a run says has finished: an item whose line was written, and whose worker was killed before it
//! could ack it, is not done again.
//!
//! An item is known by its position and its bytes, and a line from before the buffer was made is about another one. A
//! joblog that `work` was given may be of several buffers, which these do not tell apart: nobody goes by that.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::form::Form;
use super::number;
use crate::buffer::place::Lease;
use crate::run::intake::source::Columns;
use crate::run::outlet::joblog;

/// The joblog of the run that brings items into a buffer, as it is read while it grows.
#[derive(Debug)]
pub(crate) struct Logged {
    pub(super) joblog: PathBuf,
    /// When the buffer was made, if that is known; by the clock of its server, if it is on one.
    pub(super) created: Option<SystemTime>,
    pub(super) columns: Columns,
}

impl Logged {
    /// The numbers of those of these items that have finished.
    pub(super) fn finished<'a>(
        &self,
        leases: impl Iterator<Item = &'a Lease>,
        form: &Form,
    ) -> HashSet<u64> {
        // Whoever failed it, or has it for the first time, has left no such line. That of a process which was killed
        // is there when its item comes: nobody writes it later.
        let suspects: HashMap<_, _> = leases
            .filter(|lease| lease.deliveries() > lease.failures() + 1)
            .map(|lease| (number(lease.position()), lease.bytes()))
            .collect();
        if suspects.is_empty() {
            return HashSet::new();
        }
        let numbers = suspects.keys().copied().collect();
        // One that cannot be read says nothing.
        let lines = joblog::finished(&self.joblog, !self.columns.is_one(), &numbers);
        let mut done = rows_since(self.created, form, &lines.unwrap_or_default());
        done.retain(|number, row| suspects.get(number).is_some_and(|bytes| *row == *bytes));
        done.into_keys().collect()
    }
}

/// The items of these lines, as they lie in the buffer, without those that ended before that was made.
pub(super) fn rows_since(
    created: Option<SystemTime>,
    form: &Form,
    lines: &HashMap<u64, (f64, Vec<OsString>)>,
) -> HashMap<u64, Vec<u8>> {
    let created = created.and_then(seconds);
    lines
        .iter()
        .filter(|(_, (began, _))| created.is_some_and(|created| *began >= created))
        .map(|(number, (_, row))| (*number, form.bytes(row)))
        .collect()
}

/// In seconds since 1970, to the millisecond below, as in the joblog.
fn seconds(created: SystemTime) -> Option<f64> {
    let created = created.duration_since(UNIX_EPOCH).ok()?;
    Some(created.as_millis() as f64 / 1000.0)
}

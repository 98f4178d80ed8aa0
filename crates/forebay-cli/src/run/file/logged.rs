//! What the joblog of a run says has finished: an item whose line was written, and whose worker was killed before it
//! could ack it, is not done again.
//!
//! An item is known by its position and its bytes, and a line from before the buffer was made is about another one. A
//! joblog that `work` was given may be of several buffers, which these do not tell apart: nobody goes by that.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::duty::FileLease;
use super::form::Form;
use super::number;
use crate::run::intake::source::Columns;
use crate::run::outlet::joblog;

/// The joblog of the run that brings items into a buffer, as it is read while it grows.
#[derive(Debug)]
pub(crate) struct Logged {
    pub(super) joblog: PathBuf,
    pub(super) buffer: PathBuf,
    pub(super) columns: Columns,
}

impl Logged {
    /// The numbers of those of these items that have finished.
    pub(super) fn finished<'a>(
        &self,
        leases: impl Iterator<Item = &'a FileLease>,
        form: &Form,
    ) -> HashSet<u64> {
        // Whoever failed it, or has it for the first time, has left no such line. That of a process which was killed
        // is there when its item comes: nobody writes it later.
        let suspects: HashMap<_, _> = leases
            .filter(|lease| lease.deliveries() > lease.failures() + 1)
            .map(|lease| (number(lease.position()), &***lease))
            .collect();
        if suspects.is_empty() {
            return HashSet::new();
        }
        let numbers = suspects.keys().copied().collect();
        // One that cannot be read says nothing.
        let lines = joblog::finished(&self.joblog, !self.columns.is_one(), &numbers);
        let mut done = rows_since(&self.buffer, form, &lines.unwrap_or_default());
        done.retain(|number, row| suspects.get(number).is_some_and(|bytes| *row == **bytes));
        done.into_keys().collect()
    }
}

/// The items of these lines, as they lie in the buffer, without those that ended before that was made.
pub(super) fn rows_since(
    buffer: &Path,
    form: &Form,
    lines: &HashMap<u64, (f64, Vec<OsString>)>,
) -> HashMap<u64, Vec<u8>> {
    let created = created(buffer);
    lines
        .iter()
        .filter(|(_, (began, _))| created.is_some_and(|created| *began >= created))
        .map(|(number, (_, row))| (*number, form.bytes(row)))
        .collect()
}

/// When the file was made, in seconds since 1970, to the millisecond below, as in the joblog.
fn created(path: &Path) -> Option<f64> {
    let created = fs::metadata(path).ok()?.created().ok()?;
    let created = created.duration_since(UNIX_EPOCH).ok()?;
    Some(created.as_millis() as f64 / 1000.0)
}

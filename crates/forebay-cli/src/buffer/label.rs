//! An item in a message, on one line.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::run::item::shown;

/// So much of an item is shown.
const LONGEST: usize = 60;

pub(super) fn label(item: &[u8]) -> String {
    shown(OsStr::from_bytes(item), LONGEST)
}

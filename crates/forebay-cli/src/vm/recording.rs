//! Traces: files that `--trace` wrote.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use toyvm::trace::Recording;

/// What every trace begins with.
const BEGINNING: [u8; 14] = *b"{\"toyvm-trace\"";

/// Whether a file begins like a trace.
pub(super) fn is_trace(path: &Path) -> bool {
    let mut bytes = [0; BEGINNING.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut bytes)).is_ok() && bytes == BEGINNING
}

/// Whether a file holds something that is no trace, and would be lost if a trace were written there.
pub(super) fn is_something_else(path: &Path) -> bool {
    let holds_something = path.metadata().is_ok_and(|it| it.is_file() && it.len() > 0);
    holds_something && !is_trace(path)
}

/// Whether a text is a trace's.
pub(super) fn begins(text: &str) -> bool {
    text.as_bytes().starts_with(&BEGINNING)
}

/// The trace that a file holds; `None` if it is no trace, which may be because it cannot be read.
pub(super) fn read(path: &Path) -> Option<Result<Recording, String>> {
    let mut file = BufReader::new(File::open(path).ok()?);
    let beginning = file.fill_buf().ok()?;
    if !beginning.starts_with(&BEGINNING) {
        return None;
    }
    Some(Recording::read(file).map_err(|error| format!("{}, {error}", path.display())))
}

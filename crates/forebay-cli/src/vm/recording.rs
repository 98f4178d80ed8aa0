//! Traces: files that `--trace` wrote.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use toyvm::trace::Recording;

use super::message::say;

/// What every trace begins with.
const BEGINNING: [u8; 14] = *b"{\"toyvm-trace\"";

/// Whether a file begins like a trace.
pub(super) fn is_trace(path: &Path) -> bool {
    let mut bytes = [0; BEGINNING.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut bytes)).is_ok() && bytes == BEGINNING
}

/// Whether a trace may be written there. If the file holds something else, which would be lost, that is
/// told.
pub(super) fn may_be_written_or_tell(verb: &str, path: &Path) -> bool {
    let holds_something = path.metadata().is_ok_and(|it| it.is_file() && it.len() > 0);
    let may = !holds_something || is_trace(path);
    if !may {
        let path = path.display();
        say(format_args!("forebay vm {verb}: {path} is no trace; it is not written over"));
    }
    may
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

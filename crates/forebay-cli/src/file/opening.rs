//! Opening a buffer, and making one; and the words for why that cannot be.

use std::path::Path;

use forebay::Fault;
use forebay::processes::{Buffer, Settings};

use super::{counted, stall};

/// Opens the buffer, and tells from here on who holds it up. An error is a line that names it.
pub(crate) fn open(path: &Path) -> Result<Buffer, String> {
    stall::watch(path);
    Buffer::open(path).map_err(|error| error.to_string())
}

/// Makes the buffer. An error is a line that names it.
pub(crate) fn create(settings: &Settings, path: &Path) -> Result<(), String> {
    settings.create(path).map_err(|error| error.to_string())
}

/// That so many items could not be read, and what to do about it.
pub(crate) fn unreadable(path: &Path, items: u64) -> String {
    let (name, items) = (path.display(), counted(items));
    format!(
        "{name}: {items} could not be read: the bytes are not those that were put. What is left of them is among the \
         dead letters: see `forebay dead {name}`, and `forebay verify {name}` for what is damaged beside"
    )
}

/// A fault of the buffer in a message, and what to do about it.
pub(crate) fn in_words(path: &Path, fault: Fault) -> String {
    let name = path.display();
    let next = match fault {
        Fault::DeadRoom => format!(": see `forebay dead {name}`"),
        Fault::Poisoned | Fault::Damaged => format!(": `forebay verify {name} --repair`"),
        Fault::Crowded => "; let some end first, or make one with more --participants".to_owned(),
        _ => String::new(),
    };
    format!("{name}: {fault}{next}")
}

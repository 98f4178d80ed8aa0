//! Names of files that stand for a standard stream, or a pipe.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rustix::stdio;

/// Whether the name stands for standard output.
pub(crate) fn is_output(path: &Path) -> bool {
    matches!(path.to_str(), Some("-" | "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1"))
}

/// The standard stream that the name stands for, where it stands for one: sharing its place in the
/// file, so that nothing is written over and nothing is emptied, as opening it anew would.
pub(crate) fn stream(path: &Path) -> Option<io::Result<File>> {
    let stream = match path.to_str()? {
        _ if is_output(path) => stdio::stdout(),
        "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => stdio::stderr(),
        _ => return None,
    };
    Some(stream.try_clone_to_owned().map(File::from))
}

/// Whether the name is that of a pipe.
pub(crate) fn is_pipe(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

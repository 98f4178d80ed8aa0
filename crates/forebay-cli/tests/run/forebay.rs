//! `forebay run`, started and looked at.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::iter;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub(crate) use crate::process::*;

/// Starts `forebay run` with these arguments and input.
pub(crate) fn start<S: AsRef<OsStr>>(arguments: &[S], input: &[u8]) -> Going {
    start_in(Path::new("."), arguments, input)
}

pub(crate) fn start_in<S: AsRef<OsStr>>(dir: &Path, arguments: &[S], input: &[u8]) -> Going {
    let arguments = arguments.iter().map(AsRef::as_ref);
    start_with(dir, iter::once(OsStr::new("run")).chain(arguments), input)
}

/// Runs `forebay run` with these arguments and input to its end.
pub(crate) fn run<S: AsRef<OsStr>>(arguments: &[S], input: &[u8]) -> Ended {
    start(arguments, input).wait()
}

impl Folder {
    pub(crate) fn names(&self) -> Vec<OsString> {
        let mut names: Vec<_> = fs::read_dir(self.root())
            .expect("folder")
            .map(|entry| entry.expect("entry").file_name())
            .collect();
        names.sort();
        names
    }
}

pub(crate) fn bytes(bytes: &[u8]) -> OsString {
    OsStr::from_bytes(bytes).to_owned()
}

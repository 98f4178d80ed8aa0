//! The verbs of a buffer in a file, started and looked at.

use std::ffi::OsStr;

use serde_json::Value;

pub(crate) use crate::process::*;

/// Starts `forebay` in a folder with these arguments and input.
pub(crate) fn start<S: AsRef<OsStr>>(folder: &Folder, arguments: &[S], input: &[u8]) -> Going {
    start_with(folder.root(), arguments, input)
}

/// Runs `forebay` in a folder with these arguments and input to its end.
pub(crate) fn run<S: AsRef<OsStr>>(folder: &Folder, arguments: &[S], input: &[u8]) -> Ended {
    start(folder, arguments, input).wait()
}

/// The same for a line without spaces in its words, without input.
pub(crate) fn line(folder: &Folder, line: &str) -> Ended {
    run(folder, &words(line), b"")
}

/// Starts such a line.
pub(crate) fn start_line(folder: &Folder, line: &str) -> Going {
    start(folder, &words(line), b"")
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// A buffer `b` in a folder, made with these flags.
pub(crate) fn buffer(flags: &str) -> Folder {
    let folder = Folder::new();
    line(&folder, format!("create b {flags}").trim()).exits(0);
    folder
}

/// What `stat --json` tells of the buffer.
#[track_caller]
pub(crate) fn stat(folder: &Folder) -> Value {
    let stat = line(folder, "stat b --json").exits(0);
    serde_json::from_slice(&stat.stdout).expect("JSON")
}

/// One figure of it.
#[track_caller]
pub(crate) fn figure(folder: &Folder, key: &str) -> u64 {
    stat(folder)[key].as_u64().unwrap_or_else(|| panic!("no {key}"))
}

//! A test of this binary, run again in a process of its own.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const FOLDER: &str = "FOREBAY_HOSTILE_FOLDER";

/// The folder in which this child is to work; `None` in whoever runs all tests.
pub(crate) fn folder() -> Option<PathBuf> {
    env::var_os(FOLDER).map(PathBuf::from)
}

/// Runs the test of this name, by this command line before it if there is one: the test has to be ignored otherwise.
pub(crate) fn run(name: &str, folder: &Path, before: &[&str]) -> Output {
    let own = env::current_exe().expect("this test");
    let mut command = match before {
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(own);
            command
        }
        [] => Command::new(own),
    };
    command
        .args([name, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdin(Stdio::null());
    command.output().expect("the test runs again")
}

/// Runs it, and expects that it passes.
pub(crate) fn pass(name: &str, folder: &Path, before: &[&str]) {
    let output = run(name, folder, before);
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let ran = text.contains("test result: ok. 1 passed");
    assert!(output.status.success() && ran, "{name}: {}\n{text}{errors}", output.status);
}

/// Whether this process may mount, and be others.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

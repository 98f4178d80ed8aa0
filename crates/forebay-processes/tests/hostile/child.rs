//! A test of this binary, run again in a process of its own.

use std::env;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{self, ChildStdout, Command, Output, Stdio};

const FOLDER: &str = "FOREBAY_HOSTILE_FOLDER";

/// The folder in which this child is to work; `None` in whoever runs all tests.
pub(crate) fn folder() -> Option<PathBuf> {
    env::var_os(FOLDER).map(PathBuf::from)
}

/// Runs the test of this name, by this command line before it if there is one: the test has to be ignored otherwise.
pub(crate) fn run(name: &str, folder: &Path, before: &[&str]) -> Output {
    command(name, folder, before).output().expect("the test runs again")
}

fn command(name: &str, folder: &Path, before: &[&str]) -> Command {
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
    command
}

/// Runs it, and expects that it passes.
pub(crate) fn pass(name: &str, folder: &Path, before: &[&str]) {
    let output = run(name, folder, before);
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let ran = text.contains("test result: ok. 1 passed");
    assert!(output.status.success() && ran, "{name}: {}\n{text}{errors}", output.status);
}

/// What a child says that has come so far.
const HERE: &str = "here";

/// A child that goes on until it is told to end.
pub(crate) struct Child {
    process: process::Child,
    out: BufReader<ChildStdout>,
}

/// Runs the test of this name, and returns once it [waits for its end](wait_for_the_end).
pub(crate) fn begin(name: &str, folder: &Path) -> Child {
    let mut command = command(name, folder, &[]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().expect("the test runs again");
    let mut out = BufReader::new(process.stdout.take().expect("it is piped"));
    let mut said = String::new();
    while !said.ends_with(&format!("{HERE}\n")) {
        let len = out.read_line(&mut said).expect("text");
        assert!(len > 0, "{name} came to an end: {said}");
    }
    Child { process, out }
}

/// In a child: says that it is here, and returns when it is told to end.
pub(crate) fn wait_for_the_end() {
    println!("{HERE}");
    let _ = io::stdin().read_to_end(&mut Vec::new());
}

impl Child {
    /// Tells it to end, and expects that it passes.
    pub(crate) fn end(mut self) {
        drop(self.process.stdin.take());
        let mut said = String::new();
        self.out.read_to_string(&mut said).expect("text");
        let status = self.process.wait().expect("it can be waited for");
        assert!(status.success() && said.contains("1 passed"), "{status}: {said}");
    }
}

/// Whether this process may mount, and be others.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

//! Starting the program, looking at what it did, and a folder for it to do it in. Shared by the tests that do so.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A hang ends here. Nothing is ever measured against it.
const WATCHDOG: Duration = Duration::from_mins(1);

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Ended {
    /// The exit status, or 128 + the signal.
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "stderr: {}", self.errors());
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn errors(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Standard output's lines, sorted.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<_> = self.text().lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    /// Says that there is one line from forebay with all these words.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        let errors = self.errors();
        let said = errors.lines().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(said, "no line with {words:?} in: {errors}");
        assert!(!errors.contains("panicked"), "{errors}");
        self
    }
}

/// A run that goes on.
pub(crate) struct Going {
    pub(crate) child: Child,
    readers: [Reader; 2],
    writer: JoinHandle<()>,
}

impl Going {
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, signal).expect("it still runs");
    }

    /// Whether it has said this on standard error.
    pub(crate) fn has_said(&self, words: &str) -> bool {
        let said = self.readers[1].bytes.lock().expect("bytes");
        String::from_utf8_lossy(&said).contains(words)
    }

    /// Waits until it has said this on standard error.
    #[track_caller]
    pub(crate) fn until_said(&self, words: &str) {
        until(words, || self.has_said(words));
    }

    /// What it has printed so far.
    pub(crate) fn printed(&self) -> Vec<u8> {
        self.readers[0].bytes.lock().expect("bytes").clone()
    }

    /// Waits until it has printed this.
    #[track_caller]
    pub(crate) fn until_printed(&self, words: &str) {
        until(words, || String::from_utf8_lossy(&self.printed()).contains(words));
    }

    pub(crate) fn wait(mut self) -> Ended {
        let deadline = Instant::now() + WATCHDOG;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                break status;
            }
            if Instant::now() > deadline {
                let _ = self.child.kill();
                panic!("hangs");
            }
            thread::sleep(Duration::from_millis(2));
        };
        self.writer.join().expect("writer");
        let [stdout, stderr] = self.readers.map(|Reader { bytes, thread }| {
            until("the end of its output, which something that it left behind keeps open", || {
                thread.is_finished()
            });
            thread.join().expect("reader");
            std::mem::take(&mut *bytes.lock().expect("bytes"))
        });
        Ended { status, stdout, stderr }
    }
}

/// What a stream has said so far.
struct Reader {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

fn read_all(mut from: impl Read + Send + 'static) -> Reader {
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&bytes);
    let thread = thread::spawn(move || {
        let mut part = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from.read(&mut part) {
            shared.lock().expect("bytes").extend_from_slice(&part[..length]);
        }
    });
    Reader { bytes, thread }
}

/// Starts `forebay` in a directory with these arguments and input.
pub(crate) fn start_with<S: AsRef<OsStr>>(
    dir: &Path,
    arguments: impl IntoIterator<Item = S>,
    input: &[u8],
) -> Going {
    let mut child = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(arguments)
        .current_dir(dir)
        .env_remove("FOREBAY_ITEM")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("forebay starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let writer = thread::spawn(move || {
        // It may stop early and read no more.
        let _ = stdin.write_all(&input);
    });
    let readers = [
        read_all(child.stdout.take().expect("piped")),
        read_all(child.stderr.take().expect("piped")),
    ];
    Going { child, readers, writer }
}

/// A folder of its own for a test, gone afterwards.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub(crate) fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.0.path().join(name.as_ref())
    }

    /// A path in the folder as an argument.
    pub(crate) fn arg(&self, name: &str) -> String {
        self.path(name).into_os_string().into_string().expect("UTF-8")
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) -> String {
        fs::write(self.path(name), content).expect("written");
        self.arg(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_default()
    }

    /// The lines of a file that commands append to; none while it is not there.
    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        String::from_utf8_lossy(&self.read(name)).lines().map(str::to_owned).collect()
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn report(&self, name: &str) -> Value {
        serde_json::from_slice(&self.read(name)).expect("a report")
    }
}

/// Waits until something has come about; a hang if it never does.
#[track_caller]
pub(crate) fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + WATCHDOG;
    while !is() {
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Items as input, one a line.
pub(crate) fn input<T: ToString>(items: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut text = String::new();
    for item in items {
        text.push_str(&item.to_string());
        text.push('\n');
    }
    text.into_bytes()
}

/// A number of a report.
#[track_caller]
pub(crate) fn number(report: &Value, key: &str) -> f64 {
    report[key].as_f64().unwrap_or_else(|| panic!("{key} in {report}"))
}

/// The sums that every report keeps.
#[track_caller]
pub(crate) fn assert_sums(report: &Value) {
    let sum: f64 =
        ["finished", "remaining", "dead", "dropped"].map(|key| number(report, key)).iter().sum();
    assert!((number(report, "produced") - sum).abs() < 0.5, "{report}");
    assert!((number(report, "failed") - number(report, "dead")).abs() < 0.5, "{report}");
    let lists = |key: &str| -> f64 {
        report[key].as_array().expect("a list").iter().filter_map(Value::as_f64).sum()
    };
    assert!((number(report, "produced") - lists("produced_by")).abs() < 0.5, "{report}");
    let shares = report["shares"].as_array().expect("shares");
    let ended: f64 = shares.iter().filter_map(Value::as_f64).sum();
    let expected = number(report, "finished") + number(report, "failed");
    assert!((ended - expected).abs() < 0.5, "{report}");
    assert!((shares.len() as f64 - number(report, "consumers")).abs() < 0.5, "{report}");
}

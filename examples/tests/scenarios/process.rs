//! Starting an example and looking at what it says.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A hang ends here. Nothing is ever measured against it.
pub(crate) const WATCHDOG: Duration = Duration::from_mins(1);

/// An example that runs; killed when it is dropped.
pub(crate) struct Example {
    child: Child,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
}

/// What an example has said that ended well.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) lines: Vec<String>,
    pub(crate) errors: String,
}

impl Example {
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(built(name))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut stderr = child.stderr.take().expect("piped");
        let (said, lines) = mpsc::channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|l| said.send(l)));
        let errors = thread::spawn(move || {
            let mut errors = String::new();
            stderr.read_to_string(&mut errors).expect("it says text");
            errors
        });
        Self { child, lines, errors: Some(errors) }
    }

    /// Its next line.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(WATCHDOG).expect("it says something more")
    }

    pub(crate) fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it still runs");
    }

    /// Kills it with SIGKILL, and waits until it is no more; what it had said till then.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().expect("it still runs");
        self.child.wait().expect("it can be waited for");
        self.lines.iter().collect()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end, which must be a good one.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        let deadline = Instant::now() + WATCHDOG;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                break status;
            }
            assert!(Instant::now() < deadline, "it hangs");
            thread::sleep(Duration::from_millis(2));
        };
        let errors = self.errors.take().expect("it ends once").join().expect("they were read");
        assert!(status.success(), "{status}: {errors}");
        Ended { lines: self.lines.iter().collect(), errors }
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs an example to its end, which must be a good one.
#[track_caller]
pub(crate) fn run(name: &str) -> Ended {
    Example::start(name, &[]).end()
}

impl Ended {
    /// The rest of the only line that has this in it.
    #[track_caller]
    pub(crate) fn after(&self, words: &str) -> &str {
        let mut rests = self.lines.iter().filter_map(|line| line.split_once(words));
        let (Some((_, rest)), None) = (rests.next(), rests.next()) else {
            panic!("not one line with {words:?}: {:#?}", self.lines);
        };
        rest
    }
}

/// The numbers in a line, in their order.
pub(crate) fn numbers(line: &str) -> Vec<u64> {
    line.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

/// The program, as its source is now. Cargo builds examples before tests only where it is not told which
/// tests, so they are built here.
fn built(name: &str) -> PathBuf {
    static EXAMPLES: OnceLock<PathBuf> = OnceLock::new();
    let examples = EXAMPLES.get_or_init(|| {
        let own = env::current_exe().expect("this test lies somewhere");
        let folder = own.ancestors().nth(2).expect("it lies in TARGET/PROFILE/deps");
        let target = folder.parent().expect("it lies in TARGET/PROFILE/deps");
        let profile = match folder.file_name().and_then(OsStr::to_str) {
            Some("debug") | None => "dev",
            Some(profile) => profile,
        };
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--examples", "--profile", profile, "--target-dir"])
            .arg(target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(status.is_ok_and(|status| status.success()), "the examples cannot be built");
        folder.join("examples")
    });
    examples.join(name)
}

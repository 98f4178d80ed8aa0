//! A child: this program again, which plays one role and dies with its parent.

use std::env;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{
    Pid, Signal, getpid, getppid, kill_process, set_parent_process_death_signal,
};

const ROLE: &str = "FOREBAY_TORTURE_ROLE";

/// How a child came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself, having said this.
    Well(String),
    /// Killed.
    Killed,
    /// Otherwise, which is a failure.
    Ill(String),
}

/// A process of ours, killed when dropped.
#[derive(Debug)]
pub(crate) struct Process(Child);

/// In a child, plays its role and says so.
pub(crate) fn play() -> bool {
    let Ok(role) = env::var(ROLE) else { return false };
    set_parent_process_death_signal(Some(Signal::KILL))
        .expect("a child can be bound to its parent");
    let words: Vec<String> = env::args().skip(1).collect();
    let parent = getppid().map_or(0, |parent| parent.as_raw_nonzero().get());
    if words[0] != parent.to_string() {
        return true; // An orphan already.
    }
    let words: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    match role.as_str() {
        "worker" => crate::worker::work(&words),
        "operation" => crate::operation::act(&words),
        other => panic!("no role {other}"),
    }
    true
}

impl Process {
    pub(crate) fn start(role: &str, words: &[&str]) -> Self {
        let program = env::current_exe().expect("this program has a file");
        let child = Command::new(program)
            .env(ROLE, role)
            .env("RUST_BACKTRACE", "0")
            .arg(getpid().as_raw_nonzero().to_string())
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a child can be started");
        Self(child)
    }

    #[cfg(feature = "crash-points")]
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let _ = kill_process(self.pid(), signal);
    }

    /// Whether it has not ended.
    pub(crate) fn runs(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Whether it is stopped, as the system sees it.
    pub(crate) fn is_stopped(&self) -> bool {
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T') || rest.starts_with('t'))
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        let (mut said, mut cried) = (String::new(), String::new());
        if let Some(out) = &mut self.0.stdout {
            let _ = out.read_to_string(&mut said);
        }
        if let Some(err) = &mut self.0.stderr {
            let _ = err.read_to_string(&mut cried);
        }
        let status = self.0.wait().expect("a child can be waited for");
        match (status.success(), status.signal()) {
            (true, _) => Ended::Well(said),
            (_, Some(9)) if cried.is_empty() => Ended::Killed,
            _ => Ended::Ill(format!("{status}: {cried}")),
        }
    }

    /// Kills it, and waits for its end.
    pub(crate) fn kill(self) -> Ended {
        self.signal(Signal::KILL);
        self.end()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder in memory, where there is one: nothing here is about disks.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::Builder::new().prefix("forebay-torture-").tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.expect("a folder can be made")
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}

//! `--on-high` and `--on-low`: commands that tell upstream when the buffer fills and empties.
//!
//! The buffer's hook only notes which mark was crossed last. A thread of its own runs the commands, one at a
//! time and in their order; crossings that cancel out while one runs are left out. Whoever was told of the
//! high mark is told of the low one before the run ends, however it ends: nobody is to stand still for a
//! buffer that is gone.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{self, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};

use forebay::Watermark;
use rustix::process::Pid;
use rustix::stdio;

use super::command::group::{Record, mark, number_beside_items};
use super::item::shown;
use super::message::say;
use super::{Run, command};

/// The marks, what is run when they are crossed, and which was crossed last.
#[derive(Debug)]
pub(crate) struct Marks {
    pub(crate) low: usize,
    pub(crate) high: usize,
    on_high: Option<OsString>,
    on_low: Option<OsString>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    crossed: Watermark,
    /// The last one whose command was started.
    told: Watermark,
    has_run_ended: bool,
}

impl Marks {
    pub(crate) fn new(
        (low, high): (usize, usize),
        on_high: Option<OsString>,
        on_low: Option<OsString>,
    ) -> Self {
        let state = State { crossed: Watermark::Low, told: Watermark::Low, has_run_ended: false };
        Self { low, high, on_high, on_low, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The buffer's hook.
    pub(crate) fn cross(&self, mark: Watermark) {
        self.lock().crossed = mark;
        self.changed.notify_all();
    }

    /// Runs the commands until the run has ended.
    fn serve(&self, run: &Run) {
        let mut has_failed = false;
        let mut state = self.lock();
        loop {
            if state.crossed == state.told {
                if state.has_run_ended {
                    return;
                }
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let mark = state.crossed;
            state.told = mark;
            drop(state);
            let (flag, line) = match mark {
                Watermark::High => ("--on-high", &self.on_high),
                Watermark::Low => ("--on-low", &self.on_low),
            };
            if let Some(line) = line
                && let Err(why) = tell(run, line)
                && !has_failed
            {
                has_failed = true;
                say(format_args!(
                    "{flag} {} failed: {why}; the run goes on, and no further failure is told",
                    shown(line, 60)
                ));
            }
            state = self.lock();
        }
    }

    /// The run has ended: upstream is to go on.
    fn end(&self) {
        let mut state = self.lock();
        state.crossed = Watermark::Low;
        state.has_run_ended = true;
        self.changed.notify_all();
    }
}

/// Runs a command to its end.
fn tell(run: &Run, line: &OsString) -> Result<(), String> {
    let slot = run.groups.of_watermarks();
    let seq = number_beside_items(slot);
    run.groups.record(slot, Record { seq, group: 0 });
    let ended = start(run, line, seq, slot);
    run.groups.record(slot, Record::default());
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

fn start(run: &Run, line: &OsString, seq: u64, slot: usize) -> io::Result<ExitStatus> {
    let (variable, value) = mark(process::id(), seq);
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(line)
        .env("FOREBAY_DEPTH", run.buffer.statistics().waiting.to_string())
        .env("FOREBAY_CAPACITY", run.capacity.to_string())
        .env(variable, value)
        .process_group(0)
        .stdin(Stdio::null())
        // Standard output is for what the items' commands write.
        .stdout(Stdio::from(stdio::stderr().try_clone_to_owned()?))
        .spawn()?;
    let group = Pid::from_child(&child);
    run.groups.record(slot, Record { seq, group: group.as_raw_pid() as u64 });
    command::wait_unreaped(group);
    run.groups.record(slot, Record::default());
    child.wait()
}

impl Run {
    /// Starts the thread that runs the commands, if there are any. What is returned disconnects when it has
    /// ended.
    pub(crate) fn serve_watermarks(self: &Arc<Self>) -> io::Result<mpsc::Receiver<()>> {
        let (alive, ended) = mpsc::channel();
        if let Some(marks) = self.marks.clone() {
            let run = Arc::clone(self);
            self.spawn("watermarks", alive, move || marks.serve(&run))?;
        }
        Ok(ended)
    }

    /// Lets upstream go on, and waits until all has been told. Once the run is to stop now, a command that
    /// does not end is not waited for much longer; the guard ends it.
    pub(crate) fn finish_watermarks(&self, ended: &mpsc::Receiver<()>) {
        if let Some(marks) = &self.marks {
            marks.end();
        }
        self.wait(ended, || {});
    }
}

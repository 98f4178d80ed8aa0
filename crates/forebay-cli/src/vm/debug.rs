//! `--debug`: every step, on standard error.

use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal as _, Stderr, Write as _};

use toyvm::deadlock::tell_wait;
use toyvm::machine::{Machine, Status, Stepped, ThreadId};
use toyvm::observer::Observer;

use super::message::clean;

/// Writes a line for each step: its number, the clock, who, where, what, and what is left.
pub(super) struct Debug {
    out: BufWriter<Stderr>,
    /// Somebody watches: each line is written at once.
    at_once: bool,
    step: u64,
    at: u32,
}

impl Debug {
    pub(super) fn new(at_once: bool) -> Self {
        let out = BufWriter::new(io::stderr());
        let at_once = at_once || out.get_ref().is_terminal();
        Self { out, at_once, step: 0, at: 0 }
    }

    /// Writes what is left.
    pub(super) fn flush(&mut self) {
        let _ = self.out.flush();
    }
}

impl Observer for Debug {
    fn before(&mut self, machine: &Machine, thread: ThreadId) {
        self.at = machine.thread(thread).at();
        self.step += 1;
    }

    fn after(&mut self, machine: &Machine, thread: ThreadId, _: Stepped) {
        let line = line(machine, thread, self.step, self.at);
        // Whether anyone can read it is not our concern.
        let _ = writeln!(self.out, "{}", clean(&line));
        if self.at_once {
            self.flush();
        }
    }
}

/// `    12   0.012 ms  worker-1      4  LOCK_ACQUIRE   [] i=5  waiting: …`
fn line(machine: &Machine, thread: ThreadId, step: u64, at: u32) -> String {
    let it = machine.thread(thread);
    let mut line = format!(
        "{step:>6} {:>9.3} ms  {:<12} {at:>4}  {:<28} {}",
        machine.state().clock() as f64 / 1_000.0,
        machine.show_thread(thread),
        machine.show_instruction(thread, at),
        machine.show_all(it.stack().iter().copied()),
    );
    let names = &machine.program().code(it.code()).variables;
    for (name, value) in names.iter().zip(it.variables()) {
        if let Some(value) = value {
            let _ = write!(line, " {}={}", machine.program().name(*name), machine.quote(*value));
        }
    }
    match it.status() {
        Status::Runnable => {}
        Status::Waiting(wait) => {
            let _ = write!(line, "  {}", tell_wait(machine, thread, wait));
        }
        Status::Sleeping { until, .. } => {
            let _ = write!(line, "  sleeps until {:.3} ms", until.0 as f64 / 1_000.0);
        }
        Status::Ended => line.push_str("  ended"),
        Status::Killed => line.push_str("  killed"),
        Status::Failed(failure) => {
            let _ = write!(line, "  failed: {}", machine.tell_fault(failure.fault));
        }
    }
    line
}

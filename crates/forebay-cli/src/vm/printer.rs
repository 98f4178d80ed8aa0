//! What programs print, on standard output, and nothing else there.

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write as _};
use std::process;

use toyvm::Machine;
use toyvm::machine::ThreadId;
use toyvm::observer::Observer;

use super::message::UNREAD;

/// Writes each printed line.
pub(super) struct Printer {
    out: BufWriter<StdoutLock<'static>>,
    /// Somebody watches: each line is written at once.
    at_once: bool,
    /// Nothing comes of the run but what it prints.
    alone: bool,
    failed: Option<io::Error>,
}

impl Printer {
    /// `at_once`: each line is written at once. `alone`: nothing comes of the run but what it prints,
    /// so that it need not go on when nobody reads any more.
    pub(super) fn new(at_once: bool, alone: bool) -> Self {
        let out = io::stdout().lock();
        let at_once = at_once || out.is_terminal();
        Self { out: BufWriter::with_capacity(1 << 16, out), at_once, alone, failed: None }
    }

    /// Writes what is left, so that what is said on standard error comes after it.
    pub(super) fn flush(&mut self) {
        if let Err(error) = self.out.flush() {
            self.fail(error);
        }
    }

    fn fail(&mut self, error: io::Error) {
        if self.alone && error.kind() == io::ErrorKind::BrokenPipe {
            // As SIGPIPE would have it, which Rust ignores: a run may be long, or have no end.
            process::exit(i32::from(UNREAD));
        }
        self.failed.get_or_insert(error);
    }

    /// Whether whoever reads went away, or the disk is full.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.flush();
        self.failed.map_or(Ok(()), Err)
    }
}

impl Observer for Printer {
    fn prints(&self) -> bool {
        self.failed.is_none()
    }

    fn print(&mut self, _: &Machine, _: ThreadId, line: &str) {
        if self.failed.is_none()
            && let Err(error) = writeln!(self.out, "{line}")
        {
            self.fail(error);
        }
        if self.at_once {
            self.flush();
        }
    }
}

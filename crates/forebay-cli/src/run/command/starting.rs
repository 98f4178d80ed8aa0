//! Starting processes: shortages are waited out, and what cannot be started is told in words.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;

use crate::run::Run;
use crate::run::item::{Item, shown};
use crate::run::message::beside_the_bar;
use crate::run::stop::Cause;

/// How often, and how long apart, a start is tried again when the system is short of processes,
/// memory or file handles.
const SHORTAGES: u32 = 50;
const SHORTAGE: Duration = Duration::from_millis(100);

fn errno_of(error: &io::Error) -> Option<Errno> {
    error.raw_os_error().map(Errno::from_raw_os_error)
}

/// Prints the command before it runs, if that is wanted.
pub(crate) fn show_command(run: &Run, argv: &[OsString]) {
    if run.verbose {
        let mut line = run.template.command_line(argv);
        line.push(b'\n');
        beside_the_bar(|| {
            let _ = io::stderr().write_all(&line);
        });
    }
}

/// Whether the system is short of something that a start needs, which may pass.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    let errno = errno_of(error);
    matches!(errno, Some(Errno::AGAIN | Errno::NOMEM | Errno::MFILE | Errno::NFILE))
}

/// Starts something, again and again while the system is short of what that needs.
pub(crate) fn patiently<T>(run: &Run, mut start: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut shortages = 0;
    loop {
        let result = start();
        let is_short = result.as_ref().is_err_and(is_shortage);
        if !is_short || shortages == SHORTAGES || run.stop.is_stopping() {
            return result;
        }
        shortages += 1;
        thread::sleep(SHORTAGE);
    }
}

/// The exit value that a shell would give for a command that could not be started.
pub(crate) fn exit_value(error: &io::Error) -> u8 {
    if errno_of(error) == Some(Errno::NOENT) { 127 } else { 126 }
}

/// Stops the run, whose command cannot be started for any item; this item was the first to show it.
pub(crate) fn never_runs(run: &Run, program: &OsStr, item: &Item, error: &io::Error) {
    run.stop_soon(Cause::NeverRuns(exit_value(error)));
    let message = format!(
        "cannot run {}: {} (first item {}; it and the rest remain)",
        shown(program, 200),
        in_words(run, error),
        item.label()
    );
    run.note_never_runs(item.place, message);
}

/// Why a command could not be started, and what to do about it.
pub(crate) fn in_words(run: &Run, error: &io::Error) -> String {
    match errno_of(error) {
        Some(Errno::NOENT) if run.template.looks_like_a_script() => {
            "not found; if it is a whole command line, give --shell before it, or take its quotes off"
                .to_owned()
        }
        Some(Errno::NOENT) => {
            "not found; is it spelled right, and installed? (for a script: is the interpreter that \
             its first line names?)"
                .to_owned()
        }
        Some(Errno::ACCESS) => "permission denied; is it executable?".to_owned(),
        Some(Errno::NOEXEC) => {
            "not a program this system can run; a script needs a #! line".to_owned()
        }
        _ => error.to_string(),
    }
}

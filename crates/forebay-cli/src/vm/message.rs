//! What `forebay vm` itself says: complaints on standard error, results on standard output.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

use super::USAGE;

/// What a shell reports of a program that nobody reads from any more: 128 + SIGPIPE.
pub(super) const UNREAD: u8 = 141;

/// Says one line on standard error. Whether anyone can hear it is not our concern.
pub(super) fn say(line: impl Display) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Text that somebody else wrote, fit for a terminal: without tabs and control characters.
pub(super) fn clean(text: &str) -> String {
    text.replace('\t', "    ").replace(char::is_control, "·")
}

/// Writes one line of results on standard output.
///
/// # Errors
///
/// The exit status if it cannot: quietly if whoever read went away, which is their right.
pub(super) fn write(line: impl Display) -> Result<(), ExitCode> {
    written(io::stdout().write_all(format!("{line}\n").as_bytes()))
}

/// Likewise, of something that was written.
pub(super) fn written(result: io::Result<()>) -> Result<(), ExitCode> {
    match result {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ExitCode::from(UNREAD)),
        Err(error) => {
            say(format_args!("forebay vm: cannot write: {error}"));
            Err(ExitCode::from(USAGE))
        }
    }
}

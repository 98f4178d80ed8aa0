//! Text that is printed whole, to be read or redirected.

use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

/// Prints it. That nobody reads to the end is no error: 141, as for a program that SIGPIPE ends.
pub(crate) fn print(text: &[u8]) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::from(141),
        Err(error) => {
            eprintln!("forebay: cannot write to standard output: {error}");
            ExitCode::from(255)
        }
    }
}

//! `forebay vm build`: a program as lists of instructions.

use std::io::{self, Write as _};
use std::process::ExitCode;

use toyvm::notation;

use super::file::FileArgs;
use super::{USAGE, message};

/// Print a program as lists of instruction tuples, in Python syntax
///
/// What a program in Weir is compiled to, with the line that each instruction comes from; a file with it
/// is a program again, and means the same. `forebay vm build a.weir > a.toy` writes one.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArgs,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let Some(program) = args.file.load_or_tell() else { return ExitCode::from(USAGE) };
    let text = notation::python(&program);
    message::written(io::stdout().write_all(text.as_bytes())).err().unwrap_or(ExitCode::SUCCESS)
}

//! `forebay close`: no more puts.

use std::path::PathBuf;
use std::process::ExitCode;

use super::place::Place;

/// Let nothing more be put into a buffer
///
/// What is in it can still be taken; whoever works on it ends when it is drained. It cannot be opened
/// again. To close it twice is to close it once.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Exit status: 0, or 255: the buffer could not be opened, or is of no use."
)]
pub(crate) struct Args {
    /// The buffer: a file, or a URL such as redis://host/jobs
    #[arg(value_name = "BUFFER", value_hint = clap::ValueHint::FilePath)]
    buffer: PathBuf,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    super::status("close", close(args).map(|()| 0))
}

fn close(args: &Args) -> Result<(), String> {
    let place = Place::of(&args.buffer)?;
    place.open()?.close().map_err(|fault| place.in_words(fault))
}

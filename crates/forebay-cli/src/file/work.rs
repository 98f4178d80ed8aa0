//! `forebay work`: runs a command over what others put into a buffer.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::run;
use crate::run::file::opening::Work;

/// Flags of `run` that say where items come from: here that is known.
pub(crate) const OF_INPUT: [&str; 16] = [
    "arg_file",
    "end",
    "producer",
    "no_run_if_empty",
    "fill_repeating",
    "fill",
    "max_chars",
    "buffer",
    "capacity",
    "weight",
    "on_full",
    "on_high",
    "on_low",
    "high",
    "low",
    "resume",
];

/// Run a command over the items in a buffer, and lose none
///
/// Items are leased, run and finished one after another, in as many processes as you like. One that fails goes back to
/// the buffer after its pause; past its tries it is a dead letter there (`forebay dead`). Killed at any point, the
/// items that were not finished go back to the buffer at once, and what ran for them is killed before.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The buffer
    #[arg(value_name = "BUFFER", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,

    /// End when no item waits, not only when the buffer is closed and drained
    ///
    /// What others have leased is not waited for.
    #[arg(long)]
    once: bool,

    #[command(flatten)]
    run: run::Args,
}

pub(crate) fn run(args: Args) -> ExitCode {
    run::work(&Work { path: args.file, once: args.once }, args.run)
}

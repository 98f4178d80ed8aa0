//! `forebay join`: waits until nothing is unfinished.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use forebay::{JoinError, Patience};

use super::place::Place;
use crate::run::args::values::duration;

/// Wait until every item in a buffer is finished
///
/// That is when none waits and none is leased; dead letters are not waited for. Whoever held the last
/// lease may have been killed: then its item is waited for, too.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit status:
  0    nothing is unfinished
  1    something still was when TIME was over
  255  the buffer could not be opened, or is of no use")]
pub(crate) struct Args {
    /// The buffer: a file, or a URL such as redis://host/jobs
    #[arg(value_name = "BUFFER", value_hint = clap::ValueHint::FilePath)]
    buffer: PathBuf,

    /// Wait no longer than TIME, and exit with 1 then
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    super::status("join", join(args))
}

fn join(args: &Args) -> Result<u8, String> {
    let place = Place::of(&args.buffer)?;
    let buffer = place.open()?;
    let patience = args.timeout.map_or(Patience::Forever, Patience::lasting);
    match buffer.join_within(patience) {
        Ok(()) => Ok(0),
        Err(JoinError::Unable(fault)) => Err(place.in_words(fault)),
        Err(_) => {
            let now = buffer.statistics().map_err(|fault| place.in_words(fault))?;
            let unfinished = super::counted(now.unfinished());
            eprintln!("forebay join: {place}: {unfinished} still unfinished");
            Ok(super::NOT_SO)
        }
    }
}

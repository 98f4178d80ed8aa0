//! `forebay delete`: removes a buffer from a server.

use std::path::PathBuf;
use std::process::ExitCode;

use super::place::Place;
use super::{NOT_SO, counted};

/// Delete a buffer from a server
///
/// One that has items is left as it is, unless --force is given: whether they wait, are leased, or are dead letters. Whoever
/// uses it is told that it is gone. What is put between the look and the end is lost: `forebay close` it first where
/// somebody may. A file is deleted with rm.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Delete it when all is done:
    forebay close redis://host/jobs
    forebay join redis://host/jobs && forebay delete redis://host/jobs

Exit status:
  0    it was deleted
  1    it has items, and stays as it is
  255  it could not be reached or deleted, or is a file")]
pub(crate) struct Args {
    /// The buffer: a URL such as redis://host/jobs
    #[arg(value_name = "BUFFER", value_hint = clap::ValueHint::Url)]
    buffer: PathBuf,

    /// Delete it with all that is in it
    #[arg(short, long)]
    force: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    super::status("delete", delete(args))
}

fn delete(args: &Args) -> Result<u8, String> {
    let place = Place::of(&args.buffer)?;
    if place.file().is_some() {
        return Err(format!("{place} is a file, and deleted with rm; whoever uses it is told"));
    }
    let buffer = place.open()?;
    let now = buffer.statistics().map_err(|fault| place.in_words(fault))?;
    if now.unfinished() + now.dead > 0 && !args.force {
        let dead = match now.dead {
            0 => String::new(),
            1 => " and 1 dead letter".to_owned(),
            many => format!(" and {many} dead letters"),
        };
        let unfinished = counted(now.unfinished());
        eprintln!(
            "forebay delete: {place} has {unfinished} unfinished{dead}, and stays; --force deletes it with them"
        );
        return Ok(NOT_SO);
    }
    buffer.delete().map_err(|fault| place.in_words(fault))?;
    Ok(0)
}

//! `forebay dead`: the dead letters of a buffer, looked at, tried again, or given up.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use forebay::{DeadLetter, Fault};

use super::place::{Buffer, Letter, Place};
use crate::page;
use crate::run::outlet::escape::escaped;

/// What is done to the dead letter at a position, if there is one.
type Deed = fn(&Buffer, &Letter) -> Result<bool, Fault>;

/// Show the dead letters of a buffer, try them again, or give them up
///
/// A dead letter is an item that failed its last try, with the reason. `list` prints a line for each: its
/// position (from 1, as {#} is to `work`; on a server, what the server calls it), how often it was leased and failed, why it
/// died, and the item, with tabs in between; \t \n \r \\ and \xHH stand for what they do in the joblog.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Try all again:
    forebay dead jobs.fb retry --all
  Give the items at positions 17 and 23 up:
    forebay dead jobs.fb purge 17 23
  Keep what failed in a file, one a line:
    forebay dead jobs.fb list | cut -f5

Exit status:
  0    done
  1    there is no dead letter at a position that was given
  255  wrong usage, or the buffer could not be opened, or is of no use")]
pub(crate) struct Args {
    /// The buffer: a file, or a URL such as redis://host/jobs
    #[arg(value_name = "BUFFER", value_hint = clap::ValueHint::FilePath)]
    buffer: PathBuf,

    /// What to do: `retry` puts them where they were, `purge` drops them
    #[arg(value_name = "WHAT", default_value = "list", value_parser = ["list", "retry", "purge"])]
    what: String,

    /// The positions of those to retry, purge or list
    #[arg(value_name = "POSITION", conflicts_with = "all")]
    positions: Vec<String>,

    /// Retry or purge all
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    match tend(args) {
        Ok(code) => code,
        Err(complaint) => super::status("dead", Err(complaint)),
    }
}

fn tend(args: &Args) -> Result<ExitCode, String> {
    let place = Place::of(&args.buffer)?;
    let deed: Option<(_, Deed)> = match args.what.as_str() {
        "list" => None,
        "retry" => Some(("retried", Buffer::retry)),
        _ => Some(("purged", Buffer::purge)),
    };
    if deed.is_some() && !args.all && args.positions.is_empty() {
        return Err(format!(
            "say which to {}: their positions, as `forebay dead {} list` shows them, or --all",
            args.what, place
        ));
    }
    if place.file().is_some()
        && let Some(wrong) = args.positions.iter().find(|text| text.parse::<u64>().is_err())
    {
        return Err(format!("`{wrong}` is no position; `forebay dead {place} list` shows them"));
    }
    let buffer = place.open()?;
    let faulty = |fault| place.in_words(fault);
    let letters = buffer.dead_letters().map_err(faulty)?;
    let is_meant =
        |letter: &&Letter| args.positions.is_empty() || args.positions.contains(&letter.name);
    let mut missing = args.positions.clone();
    missing.retain(|position| letters.iter().all(|letter| letter.name != *position));
    let meant = letters.iter().filter(is_meant);
    if let Some((done, deed)) = deed {
        let mut count = 0;
        for letter in meant {
            if deed(&buffer, letter).map_err(faulty)? {
                count += 1;
            } else {
                missing.push(letter.name.clone());
            }
        }
        buffer.flush();
        eprintln!("forebay dead: {} {done}", super::counted(count));
    } else {
        let text: String = meant.map(line).collect();
        let printed = page::print(text.as_bytes());
        if printed != ExitCode::SUCCESS {
            return Ok(printed);
        }
    }
    for position in &missing {
        eprintln!("forebay dead: there is no dead letter at position {position}");
    }
    Ok(ExitCode::from(if missing.is_empty() { 0 } else { super::NOT_SO }))
}

fn line(letter: &Letter) -> String {
    let mut line = String::new();
    let position = &letter.name;
    let DeadLetter { deliveries, failures, death, item } = letter.letter();
    let reason = escaped(death.to_string().as_bytes());
    let _ = writeln!(line, "{position}\t{deliveries}\t{failures}\t{reason}\t{}", escaped(item));
    line
}

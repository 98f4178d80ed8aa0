//! `forebay verify`: looks whether a buffer is whole, and repairs it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use forebay::processes::Buffer;

use super::place::Place;
use super::{NOT_SO, counted, stall};
use crate::page;

/// Look whether a buffer is whole
///
/// Every item is compared with its checksum, and all that is counted is counted again. Processes may go on
/// using the buffer meanwhile.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit status:
  0    it is whole, or is so again
  1    it is not, and was not repaired
  255  it could not be opened")]
pub(crate) struct Args {
    /// The buffer
    #[arg(value_name = "BUFFER", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,

    /// Repair what can be: what cannot be read any more is set aside and told
    #[arg(long)]
    repair: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    verify(args).unwrap_or_else(|complaint| super::status("verify", Err(complaint)))
}

fn verify(args: &Args) -> Result<ExitCode, String> {
    let place = Place::of(&args.file)?;
    let path = place.file().ok_or_else(|| {
        format!("{place}: a server keeps its own data whole; `forebay stat {place}` tells whether it answers")
    })?;
    stall::watch(path);
    let buffer = Buffer::open(path).map_err(|error| error.to_string())?;
    let found = if args.repair { buffer.repair() } else { buffer.verify() };
    let found = found.map_err(|fault| place.in_words(fault))?;
    let name = args.file.display();
    let mut text = format!("{name}: {} looked at", counted(found.items));
    if found.is_sound() {
        text += "; all of it fits together\n";
    } else {
        let _ = writeln!(text);
    }
    if found.unreadable > 0 {
        let _ = writeln!(text, "{} that cannot be read", counted(found.unreadable));
    }
    for (what, counts, there) in &found.miscounted {
        let _ = writeln!(text, "{what}: {counts} by the buffer's count, {there} there");
    }
    if found.is_poisoned {
        let _ = writeln!(text, "a sync failed: what was written then may be lost");
    }
    let next = match (found.is_sound(), args.repair) {
        (true, _) => String::new(),
        (false, true) => format!("repaired; {} given up\n", counted(found.discarded)),
        (false, false) => format!("`forebay verify {name} --repair` repairs what can be\n"),
    };
    let printed = page::print((text + &next).as_bytes());
    let is_whole = found.is_sound() || args.repair;
    Ok(if is_whole || printed != ExitCode::SUCCESS { printed } else { ExitCode::from(NOT_SO) })
}

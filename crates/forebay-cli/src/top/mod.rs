//! `forebay top`: a buffer watched live.
//!
//! `watch.rs` looks at the buffer, without its lock (`remote.rs` asks a server); what it sees at one moment is a `Look`, and what has been seen so
//! far a `History`. The picture (`picture.rs`, `panels/`) is a function of both, which the screen shows and plain text
//! repeats; `wording.rs` says who waits for whom.

mod history;
mod ink;
mod look;
mod panels;
mod picture;
mod plain;
mod remote;
mod screen;
mod scroll;
#[cfg(test)]
mod tests;
mod watch;
mod wording;

use std::env;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use crate::buffer::place::Place;
use crate::page;
use crate::run::args::values::duration;
use ink::Palette;
use watch::Watch;

/// Watch a buffer live: how full it is, how fast items come and go, and who waits for whom
///
/// Nothing is locked or changed: whoever may read the file may watch it. Of a buffer on a server there are the counts; who does
/// what, and since when, a server does not tell. Where there is no terminal, one picture is
/// printed as text.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Keys: arrows, j and k, PageUp and PageDown, Home and End scroll the lists that do not
fit; q, Esc or Ctrl-C leaves.

Examples:
  forebay top jobs.fb
  Over a slow line:
    forebay top jobs.fb --interval 5
  Into a file, for later:
    forebay top jobs.fb --once > jobs.txt

Rates are those of the last second and of the last ten. `--once` looks twice, one interval apart, to have any.

Exit status: 0; 255 for wrong usage, and if the buffer could not be opened.")]
pub(crate) struct Args {
    /// The buffer: a file, or a URL such as redis://host/jobs
    #[arg(value_name = "BUFFER", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,

    /// Look again after TIME, such as 2.5, 500ms or 1m
    #[arg(long, short = 'n', value_name = "TIME", value_parser = duration, default_value = "1")]
    interval: Duration,

    /// Print one picture as text, and end
    #[arg(long)]
    once: bool,
}

/// Usage, and whatever could not start.
const USAGE: u8 = 255;

/// Looks closer together than this cost more than anybody sees.
const SHORTEST: Duration = Duration::from_millis(50);

pub(crate) fn run(args: &Args) -> ExitCode {
    match show(args) {
        Ok(code) => code,
        Err(complaint) => {
            eprintln!("forebay top: {complaint}");
            ExitCode::from(USAGE)
        }
    }
}

fn show(args: &Args) -> Result<ExitCode, String> {
    let interval = args.interval.max(SHORTEST);
    let place = Place::of(&args.file)?;
    let mut watch = Watch::open(&place, interval)?;
    let is_capable = env::var_os("TERM").is_none_or(|term| term != "dumb");
    let is_on_terminal = io::stdin().is_terminal() && io::stdout().is_terminal() && is_capable;
    if args.once || !is_on_terminal {
        watch.look();
        thread::sleep(interval);
        watch.look();
        return Ok(page::print(plain::text(&watch, plain::columns()).as_bytes()));
    }
    screen::show(&mut watch, interval, Palette::of_environment())
        .map_err(|error| format!("the terminal does not work: {error}"))
}

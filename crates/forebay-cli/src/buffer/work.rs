//! `forebay work`: runs a command over what others put into a buffer.

use std::path::PathBuf;
use std::process::ExitCode;

use super::place::Place;
use crate::run;
use crate::run::shared::opening::Work;

/// Flags of `run` that say where items come from, and how: here that is known. They are refused with a reason.
const OF_INPUT: [&str; 20] = [
    "null",
    "delimiter",
    "dry_run",
    "block",
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

/// Of `--help`, not of `-h`.
pub(crate) const AFTER: &str = "\
Placeholders are those of `forebay run`: {} is the item, {#} its position in the
buffer, from 1, {%} the number of the consumer.

Examples:
  Do what comes until somebody closes the buffer; in as many terminals as you like:
    forebay work jobs.fb -j4 convert {} {.}.webp
  Do what is there, trying each three times:
    forebay work jobs.fb --once --retries 3 -- curl -fsSO {}
  Give each item to a command's standard input:
    forebay work jobs.fb --pipe -- ./import
  Keep one process for each consumer, which answers line by line:
    forebay work jobs.fb --worker -j4 -- python -u classify.py

Joblog: where `forebay run --buffer` keeps one beside the buffer, lines are added
to it, so that the run knows what was done here; an item whose line is there, and
whose worker was killed before it could tell the buffer, is not done again.
--joblog adds to another file, which may be of several buffers: there such an item
is done again, and has two lines.

Interrupting: the first Ctrl-C (or SIGTERM) starts nothing more, finishes what
runs, and gives the rest back; the second stops what runs and gives it back, too.

Exit status:
  0               every item that was leased finished
  1 to 100        so many items failed; 101: more
  126, 127        the command can never be run; was not found
  129, 130, 143   interrupted by SIGHUP; by Ctrl-C; by SIGTERM
  141             whoever read the output went away
  255             wrong usage; a buffer that could not be opened, or is of no use
                  any more; items that could not be read; and whatever it is for
                  `forebay run`";

/// Adapts the table of `run`, which the verb shares, to what is different here.
pub(crate) fn adapt(work: clap::Command) -> clap::Command {
    let hidden = |work: clap::Command, flag| work.mut_arg(flag, |flag: clap::Arg| flag.hide(true));
    let told = |flag: &str| match flag {
        "pipe" => (
            "Give each command its item on its standard input",
            "Of the placeholders {#} and {%} are left.",
        ),
        "joblog" => (
            "Add a line about each item that finished or failed to FILE",
            "As with `run`, but what stands in FILE stays. Seq is the item's position in the buffer, from 1.",
        ),
        _ => (
            "Try an item up to N times in all before it is a dead letter",
            "By default it is as often as the buffer's --max-failures says, and once if that says nothing; it is never \
             more. Tries in other processes count, too.",
        ),
    };
    let work = OF_INPUT.into_iter().fold(work, hidden);
    ["pipe", "joblog", "retries"].into_iter().fold(work, |work, flag| {
        let (short, long) = told(flag);
        work.mut_arg(flag, |flag| flag.help(short).long_help(format!("{short}\n\n{long}")))
    })
}

/// Run a command over the items in a buffer, and lose none
///
/// Items are leased, run and finished one after another, in as many processes as you like. One that fails goes back to
/// the buffer after its pause; past its tries it is a dead letter there (`forebay dead`). Killed at any point, the
/// items that were not finished go back to the buffer at once, and what ran for them is killed before.
#[derive(Debug, clap::Args)]
pub(crate) struct WorkArgs {
    /// The buffer: a file, or a URL such as redis://host/jobs
    #[arg(value_name = "BUFFER", value_hint = clap::ValueHint::FilePath)]
    place: PathBuf,

    /// End when no item waits, not only when the buffer is closed and drained
    ///
    /// What was leased by a process that was killed comes back first, and is done. What processes have leased that
    /// live is not waited for, even if they give it back later.
    #[arg(long)]
    once: bool,

    #[command(flatten)]
    run: run::Args,
}

pub(crate) fn run(args: WorkArgs) -> ExitCode {
    match Place::of(&args.place) {
        Ok(place) => run::work(&Work { place, once: args.once }, args.run),
        Err(complaint) => super::status("work", Err(complaint)),
    }
}

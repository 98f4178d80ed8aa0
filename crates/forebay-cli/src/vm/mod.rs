//! `forebay vm`: ToyVM, the small machine in which concurrent programs are run, watched and broken.

mod build;
mod check;
mod command;
mod count;
mod debug;
mod diagnosis;
mod explain;
mod file;
mod lint;
mod message;
mod outcomes;
mod printer;
mod programs;
mod recording;
mod report;
mod run;
mod seeds;
mod show;
mod step;
mod sweep;
mod test;

use std::ffi::OsString;
use std::process::ExitCode;

/// Usage, as for every verb.
const USAGE: u8 = 255;

/// Likewise, of verbs that search.
const UNCHECKED: u8 = 2;

/// Run, watch and break small concurrent programs
///
/// A program is a list of instruction tuples in Python syntax, a Python script round a `ToyVM`
/// object, or a file in Weir (`*.weir`), a language that is compiled to instructions. `forebay vm show`
/// without a file prints the instructions.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// Verbs that search.
const SEARCHING: [&str; 5] = ["check", "count", "explain", "outcomes", "sweep"];

/// The exit status of wrong usage of the command, of which these are the words.
pub(crate) fn usage_status(mut words: impl Iterator<Item = OsString>) -> u8 {
    let (of_vm, verb) = (words.nth(1).is_some_and(|word| word == "vm"), words.next());
    let searches = |verb: OsString| SEARCHING.iter().any(|searching| verb == *searching);
    if of_vm && verb.is_some_and(searches) { UNCHECKED } else { USAGE }
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Run(run::Args),
    Check(check::Args),
    Explain(explain::Args),
    Outcomes(outcomes::Args),
    Count(count::Args),
    Sweep(sweep::Args),
    Show(show::Args),
    Step(step::Args),
    Lint(lint::Args),
    Build(build::Args),
    Test(test::Args),
    Programs(programs::Args),
}

pub(crate) fn run(args: &Args) -> ExitCode {
    match &args.verb {
        Verb::Run(args) => run::run(args),
        Verb::Check(args) => check::run(args),
        Verb::Explain(args) => explain::run(args),
        Verb::Outcomes(args) => outcomes::run(args),
        Verb::Count(args) => count::run(args),
        Verb::Sweep(args) => sweep::run(args),
        Verb::Show(args) => show::run(args),
        Verb::Step(args) => step::run(args),
        Verb::Lint(args) => lint::run(args),
        Verb::Build(args) => build::run(args),
        Verb::Test(args) => test::run(args),
        Verb::Programs(args) => programs::run(args),
    }
}

//! `forebay vm`: ToyVM, the small machine in which concurrent programs are run, watched and broken.

mod build;
mod command;
mod debug;
mod diagnosis;
mod file;
mod lint;
mod message;
mod printer;
mod programs;
mod recording;
mod report;
mod run;
mod show;
mod step;
mod sweep;
mod test;

use std::process::ExitCode;

/// Usage, as for every verb.
const USAGE: u8 = 255;

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

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Run(run::Args),
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
        Verb::Show(args) => show::run(args),
        Verb::Step(args) => step::run(args),
        Verb::Lint(args) => lint::run(args),
        Verb::Build(args) => build::run(args),
        Verb::Test(args) => test::run(args),
        Verb::Programs(args) => programs::run(args),
    }
}

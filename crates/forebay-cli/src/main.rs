//! The `forebay` command: one folder for each verb.

use std::env;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

mod buffer;
mod columns;
mod completions;
mod demo;
mod man;
mod page;
mod plan;
mod run;
mod terminal;
mod top;
mod typo;
mod vm;

#[derive(Debug, Parser)]
#[command(
    name = "forebay",
    version,
    long_version = buffer::place::version(),
    about,
    max_term_width = 100
)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    #[command(
        override_usage = "forebay run [OPTIONS] [--] COMMAND [ARGUMENT]... [::: ITEM...]...",
        after_help = run::args::help::BRIEFLY,
        after_long_help = run::args::help::AFTER
    )]
    Run(Box<run::Args>),
    Create(buffer::create::Args),
    Put(buffer::put::Args),
    Take(buffer::take::Args),
    #[command(
        override_usage = "forebay work BUFFER [OPTIONS] [--] COMMAND [ARGUMENT]...",
        after_help = run::args::help::BRIEFLY,
        after_long_help = buffer::work::AFTER
    )]
    Work(Box<buffer::work::WorkArgs>),
    Bridge(buffer::bridge::Args),
    Join(buffer::join::Args),
    Stat(buffer::stat::Args),
    Top(top::Args),
    Close(buffer::close::Args),
    Dead(buffer::dead::Args),
    Delete(buffer::delete::Args),
    Verify(buffer::verify::Args),
    Plan(plan::Args),
    Demo(demo::Args),
    Vm(vm::Args),
    Completions(completions::Args),
    Man(man::Args),
}

fn main() -> ExitCode {
    run::watch::status_of(serve)
}

/// The whole table of verbs and flags.
fn table() -> clap::Command {
    let mut table = Command::command();
    for verb in table.get_subcommands_mut().filter(|verb| verb.get_name() == "work") {
        *verb = buffer::work::adapt(std::mem::take(verb));
    }
    table
}

fn parsed() -> Result<Command, clap::Error> {
    let mut table = table();
    let matches = table.try_get_matches_from_mut(env::args_os())?;
    Command::from_arg_matches(&matches).map_err(|error| error.format(&mut table))
}

fn serve() -> ExitCode {
    if let Some(code) = run::command::guard::serve_if_asked() {
        return code;
    }
    match parsed() {
        Ok(Command { verb: Verb::Run(args) }) => run::run(*args),
        Ok(Command { verb: Verb::Create(args) }) => buffer::create::run(&args),
        Ok(Command { verb: Verb::Put(args) }) => buffer::put::run(&args),
        Ok(Command { verb: Verb::Take(args) }) => buffer::take::run(&args),
        Ok(Command { verb: Verb::Work(args) }) => buffer::work::run(*args),
        Ok(Command { verb: Verb::Bridge(args) }) => buffer::bridge::run(&args),
        Ok(Command { verb: Verb::Join(args) }) => buffer::join::run(&args),
        Ok(Command { verb: Verb::Stat(args) }) => buffer::stat::run(&args),
        Ok(Command { verb: Verb::Top(args) }) => top::run(&args),
        Ok(Command { verb: Verb::Close(args) }) => buffer::close::run(&args),
        Ok(Command { verb: Verb::Dead(args) }) => buffer::dead::run(&args),
        Ok(Command { verb: Verb::Delete(args) }) => buffer::delete::run(&args),
        Ok(Command { verb: Verb::Verify(args) }) => buffer::verify::run(&args),
        Ok(Command { verb: Verb::Plan(args) }) => plan::run(&args),
        Ok(Command { verb: Verb::Demo(args) }) => demo::run(&args),
        Ok(Command { verb: Verb::Vm(args) }) => vm::run(&args),
        Ok(Command { verb: Verb::Completions(args) }) => completions::run(&args),
        Ok(Command { verb: Verb::Man(args) }) => man::run(&args),
        Err(mut error) => {
            typo::suggest(&mut error);
            run::foreign::suggest(&mut error);
            // A terminal that went away is no reason to panic over a help page.
            let _ = error.print();
            // 255, not clap's 2: 1 to 101 say how many items failed.
            if error.use_stderr() {
                ExitCode::from(vm::usage_status(env::args_os()))
            } else {
                ExitCode::SUCCESS
            }
        }
    }
}

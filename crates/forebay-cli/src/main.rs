//! The `forebay` command: one folder for each verb.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod completions;
mod demo;
mod man;
mod page;
mod run;
mod terminal;
mod top;
mod typo;
mod vm;

#[derive(Debug, Parser)]
#[command(name = "forebay", version, about, max_term_width = 100)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Run(Box<run::Args>),
    Top(top::Args),
    Demo(demo::Args),
    Vm(vm::Args),
    Completions(completions::Args),
    Man(man::Args),
}

fn main() -> ExitCode {
    run::watch::status_of(serve)
}

fn serve() -> ExitCode {
    if let Some(code) = run::command::guard::serve_if_asked() {
        return code;
    }
    match Command::try_parse() {
        Ok(Command { verb: Verb::Run(args) }) => run::run(*args),
        Ok(Command { verb: Verb::Top(args) }) => top::run(&args),
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
            if error.use_stderr() { ExitCode::from(255) } else { ExitCode::SUCCESS }
        }
    }
}

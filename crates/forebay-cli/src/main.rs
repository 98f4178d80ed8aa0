//! The `forebay` command: one folder for each verb.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod demo;
mod run;

#[derive(Debug, Parser)]
#[command(name = "forebay", version, about, max_term_width = 100)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Run(run::Args),
    Demo(demo::Args),
}

fn main() -> ExitCode {
    match Command::parse().verb {
        Verb::Run(args) => run::run(&args),
        Verb::Demo(args) => demo::run(&args),
    }
}

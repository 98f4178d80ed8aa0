//! `forebay vm programs`: the classics, to read, to run and to change.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use toyvm::programs::{CLASSICS, PROBLEMS, PROTOCOLS, Shipped};

use super::USAGE;
use super::message::{self, say};

/// List the programs that are shipped, or print one of them
///
/// Each stands with what comes of it under all schedules, as `forebay vm check` finds out. `forebay vm programs mutex > mutex.toy` writes it into a file of your own.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The program to print
    name: Option<String>,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let mut text = String::new();
    match args.name.as_deref().map(|name| (name, Shipped::named(name))) {
        None => {
            for (heading, programs) in [
                ("To begin with:", CLASSICS),
                ("The problem set:", PROBLEMS),
                ("The protocols of forebay's own buffers:", PROTOCOLS),
            ] {
                let gap = if text.is_empty() { "" } else { "\n" };
                let _ = writeln!(text, "{gap}{heading}");
                for program in programs {
                    let (name, verdict, about) = (program.name, program.verdict(), program.about());
                    let _ = writeln!(text, "  {name:<58} {verdict:<9} {about}");
                }
            }
        }
        Some((_, Some(program))) => text.push_str(program.text),
        Some((name, None)) => {
            say(format_args!(
                "forebay vm programs: there is no `{name}`; without a name all are listed"
            ));
            return ExitCode::from(USAGE);
        }
    }
    message::written(io::stdout().write_all(text.as_bytes())).err().unwrap_or(ExitCode::SUCCESS)
}

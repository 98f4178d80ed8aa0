//! `forebay run`.
use std::process::ExitCode;

/// Run a command over items
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> ExitCode {
    ExitCode::SUCCESS
}

//! `forebay demo NAME`.
use std::process::ExitCode;

/// Show a classic scene of the producer-consumer problem
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> ExitCode {
    ExitCode::SUCCESS
}

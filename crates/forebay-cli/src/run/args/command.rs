//! What is run for each item.

use std::ffi::OsString;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The command")]
pub(crate) struct CommandLine {
    /// Use STR as the placeholder instead of {}
    #[arg(short = 'I', long, value_name = "STR")]
    pub(crate) replace: Option<OsString>,

    /// Run the command by `sh -c`, each item quoted so that it is one word and never code
    ///
    /// A command that itself evaluates its arguments (`eval`, `ssh host`, another `sh -c`) makes
    /// code of them again: quote once more for it, or give it the item in another way.
    #[arg(long)]
    pub(crate) shell: bool,

    /// Print the commands instead of running them
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print each command on standard error before it runs
    #[arg(short = 't', long)]
    pub(crate) verbose: bool,
}

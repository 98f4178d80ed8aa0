//! What is run for each item.

use std::ffi::OsString;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The command")]
pub(crate) struct CommandLine {
    /// Use STR as the placeholder instead of {}
    ///
    /// Numbers such as {1} are then placeholders only where there are several arguments to name.
    #[arg(short = 'I', long, value_name = "STR", allow_hyphen_values = true)]
    pub(crate) replace: Option<OsString>,

    /// Run the command by `sh -c`, each item quoted: one word, never code
    ///
    /// A command that itself evaluates its arguments (`eval`, `ssh host`, another `sh -c`) makes
    /// code of them again: quote once more for it, or give it the item in another way.
    #[arg(long)]
    pub(crate) shell: bool,

    /// Run commands in DIR, which may hold placeholders
    #[arg(long = "wd", visible_alias = "workdir", value_name = "DIR")]
    pub(crate) directory: Option<OsString>,

    /// Put NAME into the environment; VALUE may hold placeholders
    ///
    /// Repeat it for more. Nothing in VALUE is read by a shell. Several items in it are a space apart.
    #[arg(long = "env", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<OsString>,

    /// Keep a process for each consumer: a line in, a line out for each item
    ///
    /// The command is started once for each consumer, not for each item. This worker reads items on standard input and prints one line for each, in their order, at once:
    /// it must flush its output after each line (`python -u`, `stdbuf -oL`, `fflush`). The answer
    /// finishes the item, and is its output. A worker that dies is started again; the item
    /// whose answer was due has failed, those behind it go to others. Part of a line is no answer.
    #[arg(long)]
    pub(crate) worker: bool,

    /// As --worker, but items and answers end with a zero byte
    ///
    /// So they may hold newlines.
    #[arg(long = "worker-0")]
    pub(crate) worker_0: bool,

    /// Print the commands instead of running them
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print each command on standard error before it runs
    #[arg(short = 't', long)]
    pub(crate) verbose: bool,
}

impl CommandLine {
    /// Whether there is one process for each consumer, instead of one for each item.
    pub(crate) fn has_workers(&self) -> bool {
        self.worker || self.worker_0
    }
}

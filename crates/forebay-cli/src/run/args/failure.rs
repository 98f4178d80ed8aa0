//! What becomes of items that fail, and of a run that was stopped.

use std::path::PathBuf;
use std::time::Duration;

use super::values::{duration, retries};
use crate::run::halt::Halt;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Failure")]
pub(crate) struct Failure {
    /// Stop a command, and all it started, after TIME; it has then failed
    ///
    /// TIME is in seconds, or has a unit: 500ms, 10s, 5m, 2h, 1d. The command's process group gets
    /// SIGTERM and, half a second later, SIGKILL.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,

    /// Try an item up to N times in all before it counts as failed [default: 1]
    ///
    /// Of a buffer in a file it is never more than its --max-failures; for `work` that is the default.
    #[arg(long, value_name = "N", value_parser = retries)]
    pub(crate) retries: Option<u32>,

    /// Wait TIME before the second try, longer before others
    ///
    /// Before each further try it is twice as long, up to a minute. An item in backoff holds no consumer: others run meanwhile.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "200ms")]
    pub(crate) backoff: Duration,

    /// Stop early: now,fail=1 or soon,fail=10% or now,success=1 or soon,done=9
    ///
    /// WHEN is `now` or `soon`, WHAT is `fail`, `success` or `done`, N a number or N%. `soon` starts no further command and lets those that run finish; `now` stops them too.
    /// The exit status is then the number of items that failed; 0 if it was `success`, even with
    /// items remaining. A percentage is of all items; when they come through a pipe, it is looked at once the last
    /// one has been read.
    #[arg(long, value_name = "WHEN,WHAT=N")]
    pub(crate) halt: Option<Halt>,

    /// Add items that failed for good to FILE, in the form that `-a FILE` reads
    ///
    /// An item a line, or ended as -0 or -d say; those that can never be run, and those too heavy for --weight,
    /// too. What stands in FILE stays. To try them again, with the same -0 or -d:
    /// `forebay run -a FILE --dead OTHER COMMAND`.
    #[arg(long, value_name = "FILE", conflicts_with = "pipe")]
    pub(crate) dead: Option<PathBuf>,

    /// Write a line about each item that finished or failed to FILE
    ///
    /// `-` is standard output. The columns are those of GNU parallel (Seq Host Starttime JobRuntime Send Receive Exitval
    /// Signal Command) and the items, escaped: \t \n \r \\ and \xHH. The header line names the
    /// command too.
    #[arg(long, value_name = "FILE")]
    pub(crate) joblog: Option<PathBuf>,

    /// Do not run again what the joblog says has finished, and add to it
    ///
    /// Items are known by their content: their order may have changed. Failed ones are run again.
    /// An item that comes three times and finished twice is run once.
    #[arg(long, requires = "joblog")]
    pub(crate) resume: bool,
}

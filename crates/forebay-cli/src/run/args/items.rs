//! What the items are, and how many of them one command gets.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::values::max_args;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Items")]
pub(crate) struct Items {
    /// Items end with a zero byte instead of a newline, as `find -print0` writes them
    #[arg(short = '0', long, conflicts_with = "delimiter")]
    pub(crate) null: bool,

    /// Items end with DELIM instead of a newline; \n \t \r \0 \\ and \xHH are understood
    #[arg(short, long, value_name = "DELIM", value_parser = clap::builder::OsStringValueParser::new())]
    pub(crate) delimiter: Option<OsString>,

    /// Read items from FILE instead of standard input (`-` is standard input); repeat it for more
    #[arg(short, long, value_name = "FILE")]
    pub(crate) arg_file: Vec<PathBuf>,

    /// Read items from what the shell command CMD writes; repeat it for more at a time
    ///
    /// Each CMD is a producer of its own, run by `sh -c` with nothing on its standard input: slow and
    /// fast ones feed the same buffer side by side. Files and arguments are one producer more;
    /// standard input is read only if named. The commands are stopped when the run stops. If one fails,
    /// its items so far are run, and the exit status is 255.
    #[arg(long, value_name = "CMD")]
    pub(crate) producer: Vec<OsString>,

    /// Do not run the command on blank items: empty, or nothing but white space
    ///
    /// Where there are no items at all, nothing is ever run, with or without this.
    #[arg(short = 'r', long)]
    pub(crate) no_run_if_empty: bool,

    /// Give up to N items to each command
    ///
    /// What is counted, retried and kept in order is then the group of items that one command gets.
    /// A placeholder puts all of them where it stands, each an argument of its own: `x{}y` with the
    /// items 1 and 2 gives the two arguments `x1` and `2y`.
    #[arg(short = 'n', long = "max-args", value_name = "N", value_parser = max_args)]
    pub(crate) group: Option<NonZeroUsize>,
}

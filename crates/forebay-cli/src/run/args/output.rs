//! What is printed and written.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::run::standard;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// Print output in the order of the items
    #[arg(short, long)]
    pub(crate) keep_order: bool,

    /// Begin each line of output with its item and a tab
    #[arg(long)]
    pub(crate) tag: bool,

    /// Begin each line of output with STR and a tab; STR may hold placeholders
    ///
    /// Where STR names no placeholder it is the same for all.
    #[arg(long, value_name = "STR", conflicts_with = "tag", allow_hyphen_values = true)]
    pub(crate) tagstring: Option<OsString>,

    /// Print each line as soon as it is whole
    ///
    /// Lines of several items are then mixed. No line is printed in two, but for one longer than 1 MiB, which is printed in parts. A last
    /// line without a newline is given one. With --retries, what failed tries write is printed too,
    /// as it comes. With --keep-order the item whose turn it is prints line by line, and the lines
    /// of later ones are held back until its end.
    #[arg(long, visible_alias = "lb")]
    pub(crate) line_buffer: bool,

    /// Let commands write straight to standard output and standard error
    ///
    /// Nothing is collected: outputs mix in the midst of a line, failed tries are not left out, and
    /// the joblog says 0 for Receive. There is no progress bar.
    #[arg(
        short,
        long,
        conflicts_with_all = ["tag", "tagstring", "keep_order", "line_buffer", "results", "json", "bar"]
    )]
    pub(crate) ungroup: bool,

    /// Write each item's output to files of its own, in a folder in DIR
    ///
    /// The folder is DIR/NUMBER-ITEM: the item's number in seven digits or more, and the item with
    /// all but letters, digits and -_.+=@: written %HH, as in a URL; several items have commas
    /// between them; a long name is cut and ends with ~ and a hash of the whole. In it are `stdout`,
    /// `stderr` and `result.json`, which says how the command ended: seq, item, finished,
    /// exit_value, signal, started (seconds since 1970), seconds, command. Of an item tried several
    /// times it is the last try.
    ///
    /// A folder comes into being whole, when its item has finished or failed. Output is printed too;
    /// `> /dev/null` leaves it to the files. DIR is made if need be; if it holds anything, --resume
    /// is needed, which adds to it: a folder of an item that failed is replaced when the item is run
    /// again, any other of the same name kept, and the new one called NAME.2, .3 and so on.
    #[arg(long, value_name = "DIR")]
    pub(crate) results: Option<PathBuf>,

    /// Write each event of the run as a line of JSON on standard output
    ///
    /// What commands write is among the events: when a command has ended, or with --line-buffer line
    /// by line. docs/events.md tells all events and their keys. The report is the last event, and
    /// for people it is still on standard error; -q leaves that out. With --dry-run there is a line
    /// for each command instead.
    #[arg(long, conflicts_with_all = ["keep_order", "tag", "tagstring"])]
    pub(crate) json: bool,

    /// Print no report and no progress; errors only
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Show no progress bar
    #[arg(long)]
    pub(crate) no_progress: bool,

    /// Show the bar on a terminal, even with --quiet
    #[arg(long, visible_alias = "progress", conflicts_with = "no_progress")]
    pub(crate) bar: bool,

    /// Write the report to FILE as JSON
    ///
    /// `-` is standard output, after all else.
    #[arg(long, value_name = "FILE")]
    pub(crate) report_json: Option<PathBuf>,

    /// Write a page with pictures of the run to FILE, to be read in a browser
    ///
    /// At the top stands what held the run up and what to do about it; below, how full the buffer was, who worked
    /// and who waited, how long items took, the slowest and the failed ones. The page needs no network. It is
    /// written at the end, also when the run is interrupted.
    #[arg(long, value_name = "FILE")]
    pub(crate) report_html: Option<PathBuf>,

    /// Write a timeline of the run to FILE, for ui.perfetto.dev
    ///
    /// chrome://tracing shows it, too. A track for each consumer and producer shows each item and each wait, another the depth. It is written
    /// while the run goes, with a few hundred bytes for each item; what there is after a crash can be read.
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
}

impl Output {
    /// Refuses what would put other lines among those of `--json`.
    pub(crate) fn check(&self, joblog: Option<&Path>) -> Result<(), String> {
        if self.json && self.report_json.as_deref().is_some_and(standard::is_output) {
            return Err(
                "--report-json to standard output: with --json the report is the last event \
                        already; give a file, or leave one of the two out"
                    .to_owned(),
            );
        }
        if self.json && joblog.is_some_and(standard::is_output) {
            return Err(
                "--joblog to standard output: with --json there are only events; give a file"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

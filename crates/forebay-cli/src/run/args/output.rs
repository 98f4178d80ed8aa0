//! What is printed and written.

use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// Print output in the order of the items
    #[arg(short, long)]
    pub(crate) keep_order: bool,

    /// Begin each line of output with its item and a tab
    #[arg(long)]
    pub(crate) tag: bool,

    /// Print no report and no progress; errors only
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Write each event of the run as a line of JSON on standard output
    #[arg(long)]
    pub(crate) json: bool,

    /// Write the report to FILE as JSON (`-` is standard output, after all else)
    #[arg(long, value_name = "FILE")]
    pub(crate) report_json: Option<PathBuf>,

    /// Write a page with pictures of the run to FILE, to be read in a browser
    ///
    /// At the top stands what held the run up and what to do about it; below, how full the buffer was, who worked
    /// and who waited, how long items took, the slowest and the failed ones. The page needs no network. It is
    /// written at the end, also when the run is interrupted.
    #[arg(long, value_name = "FILE")]
    pub(crate) report_html: Option<PathBuf>,

    /// Write a timeline of the run to FILE, for ui.perfetto.dev or chrome://tracing
    ///
    /// A track for each consumer and producer shows each item and each wait, another the depth. It is written
    /// while the run goes, with a few hundred bytes for each item; what there is after a crash can be read.
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
}

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
}

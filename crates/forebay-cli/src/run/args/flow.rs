//! How much flows, and what holds it back.

use std::num::NonZeroUsize;

use super::values::capacity;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Flow")]
pub(crate) struct Flow {
    /// Let at most so many items wait for a consumer [default: 64, with --worker 1024, or twice --jobs if that is more]
    #[arg(long, value_name = "N", value_parser = capacity)]
    pub(crate) capacity: Option<NonZeroUsize>,
}

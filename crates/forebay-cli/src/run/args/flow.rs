//! How much flows, and what holds it back.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::values::{capacity, duration, rate};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Flow")]
pub(crate) struct Flow {
    /// Let at most so many items wait for a consumer [default: 64, or twice the consumers if that is more]
    #[arg(long, value_name = "N", value_parser = capacity)]
    pub(crate) capacity: Option<NonZeroUsize>,

    /// Start at most N commands a second; N/m and N/h are a minute and an hour, N may be a fraction
    ///
    /// A retry is a start, too. What a start came too late is made up by the next ones, as far as it is
    /// less than a twentieth of a second; so over a longer time the rate is kept, and no burst follows
    /// a pause.
    #[arg(long, value_name = "N/s", value_parser = rate, allow_hyphen_values = true)]
    pub(crate) rate: Option<Duration>,

    /// Let TIME go by between two starts of commands, at least
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) delay: Option<Duration>,
}

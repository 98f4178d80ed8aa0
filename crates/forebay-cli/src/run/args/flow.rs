//! How much flows, and what holds it back.

use std::ffi::OsString;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgGroup;
use forebay::Overflow;

use super::values::{capacity, duration, high, low, on_full, rate, weight};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Flow")]
#[command(group = ArgGroup::new("told").multiple(true))]
pub(crate) struct Flow {
    /// Let the items go through BUFFER, a file or a URL, and go on there after a crash
    ///
    /// Killed at any point and started again with the same items and command, the run goes on where it was: what
    /// BUFFER.joblog (at a URL, NAME@HOST-PORT.joblog in this folder) says has finished is left out, what waits in the buffer is not put again, what failed for
    /// good stays a dead letter (`forebay dead`). BUFFER is made if it is not there, with --capacity; it is
    /// never closed. Others may `forebay work` on it at the same time; what they put is run here, too. The run
    /// ends when its own items have. Of --joblog FILE only the name is another one.
    #[arg(long, value_name = "BUFFER", value_hint = clap::ValueHint::FilePath)]
    pub(crate) buffer: Option<PathBuf>,

    /// Let at most N items wait for a consumer [default: 64 or more]
    ///
    /// The default is 64, or with --worker 1024, or twice --jobs if that is more. Under --pipe an item is a block, which is kept in memory: the default is then twice --jobs.
    #[arg(long, value_name = "N", value_parser = capacity)]
    pub(crate) capacity: Option<NonZeroUsize>,

    /// Let items wait that weigh at most SIZE together, in bytes
    ///
    /// This bound holds beside --capacity. SIZE is a number of bytes, or has a unit: k, m, g are 1000,
    /// 1000² and 1000³ bytes, K, M, G are 1024, 1024² and 1024³. An item heavier than SIZE is refused: it
    /// is named, written to the file of --dead, and the exit status is 255.
    #[arg(long, value_name = "SIZE", value_parser = weight)]
    pub(crate) weight: Option<NonZeroU64>,

    /// If full: wait, wait=TIME, refuse, drop-oldest, drop-newest
    ///
    /// What becomes of an item for which the buffer has no room; for sources that cannot wait. `wait=TIME` refuses an item that found no room for so long, `refuse`
    /// does so at once. `drop-oldest` drops the item that has waited longest to make room, `drop-newest`
    /// the new one. Items refused or dropped are counted in the report, run by nobody, and no failure: the
    /// exit status does not count them.
    #[arg(long, value_name = "WHAT", value_parser = on_full, default_value = "wait")]
    pub(crate) on_full: Overflow,

    /// Start at most N commands a second; N/m: a minute; N/h: an hour
    ///
    /// N may be a fraction. A retry is a start, too. What a start came too late is made up by the next ones, as far as it is
    /// less than a twentieth of a second; so over a longer time the rate is kept, and no burst follows
    /// a pause.
    #[arg(long, value_name = "N/s", value_parser = rate, allow_hyphen_values = true)]
    pub(crate) rate: Option<Duration>,

    /// Let TIME go by between two starts of commands, at least
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) delay: Option<Duration>,

    /// Run the shell command CMD when so many items wait as --high says
    ///
    /// To tell upstream to slow down. Of these and the commands of --on-low one runs at a time, while the
    /// run goes on; crossings that cancel out meanwhile are left out. Each finds FOREBAY_DEPTH and
    /// FOREBAY_CAPACITY in its environment, and what it writes goes to standard error. That one fails is
    /// told once.
    #[arg(long, value_name = "CMD", group = "told")]
    pub(crate) on_high: Option<OsString>,

    /// Run the shell command CMD when, after that, so few wait as --low says
    ///
    /// If that has not come about when the run ends, CMD is run then, so that nobody stands still for a
    /// buffer that is gone.
    #[arg(long, value_name = "CMD", group = "told")]
    pub(crate) on_low: Option<OsString>,

    /// Call it high when N items wait [default: 80 % of the capacity]
    #[arg(long, value_name = "N", value_parser = high, requires = "told")]
    pub(crate) high: Option<usize>,

    /// Call it low when N items wait [default: 20 % of the capacity]
    ///
    /// The default is less if --high is.
    #[arg(long, value_name = "N", value_parser = low, requires = "told")]
    pub(crate) low: Option<usize>,
}

impl Flow {
    /// The low mark and the high one, where somebody is to be told of them.
    pub(crate) fn marks(&self, capacity: usize) -> Result<Option<(usize, usize)>, String> {
        if self.on_high.is_none() && self.on_low.is_none() {
            return Ok(None);
        }
        let high = self.high.unwrap_or((capacity * 4).div_ceil(5));
        if high > capacity {
            return Err(format!(
                "--high {high}: more than the capacity, {capacity}, never wait; give less, or a larger \
                 --capacity"
            ));
        }
        let low = self.low.unwrap_or((capacity / 5).min(high - 1));
        if low >= high {
            let default = if self.high.is_none() { ", 80 % of the capacity" } else { "" };
            return Err(format!(
                "--low {low} is not below --high {high}{default}; give a low mark below the high one"
            ));
        }
        Ok(Some((low, high)))
    }
}

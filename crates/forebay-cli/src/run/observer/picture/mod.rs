//! `--report-html`: the run as one page with pictures, for people who never saw the tool.
//!
//! The page needs nothing else: no network, no script, no font of its own. What is [seen] while the run goes is
//! bounded: [series] whose resolution halves as the run grows longer, a histogram of times, the slowest
//! items, the first failures. The page is written once, at the end, also when the run was interrupted; a run that
//! is killed leaves the file empty.
//!
//! [seen]: seen::Seen
//! [series]: series::Series

mod bands;
mod chart;
mod durations;
mod failures;
mod figures;
mod flow;
mod over_time;
mod page;
mod path;
mod remedy;
mod scale;
mod seen;
mod series;
mod shares;
mod slowest;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::event::Event;
use crate::run::observer::{Ending, Moment, Observer};
use crate::run::outlet::escape::escaped;
use crate::run::standard;
use seen::Seen;

/// The observer that writes the page.
#[derive(Debug)]
pub(crate) struct Picture {
    path: PathBuf,
    file: File,
    /// On one line.
    command: String,
    seen: Seen,
}

impl Picture {
    /// Opens the file, so that a page that has no place is no surprise at the end.
    pub(crate) fn create(path: &Path, began: Instant, command: &[u8]) -> Result<Self, String> {
        let file =
            standard::stream(path).unwrap_or_else(|| File::create(path)).map_err(|error| {
                format!("cannot open {} for --report-html: {error}", path.display())
            })?;
        let command = command.strip_prefix(b"-- ").unwrap_or(command);
        Ok(Self { path: path.to_owned(), file, command: escaped(command), seen: Seen::new(began) })
    }
}

impl Observer for Picture {
    fn name(&self) -> String {
        format!("the page {}", self.path.display())
    }

    fn see(&mut self, moment: Moment, event: &Event<'_>) -> io::Result<()> {
        self.seen.see(moment, event);
        Ok(())
    }

    fn end(&mut self, ending: &Ending<'_>) -> io::Result<()> {
        let elapsed = ending.measured.elapsed;
        self.seen.end(elapsed);
        let told = Told { seen: &self.seen, ending: *ending, elapsed, command: &self.command };
        self.file.write_all(page::page(&told).into_string().as_bytes())
    }
}

/// All that the page tells of.
struct Told<'a> {
    seen: &'a Seen,
    ending: Ending<'a>,
    elapsed: Duration,
    command: &'a str,
}

impl Told<'_> {
    fn seconds(&self) -> f64 {
        self.elapsed.as_secs_f64()
    }

    /// Whether there is anything to draw.
    fn was_anything(&self) -> bool {
        self.ending.report.produced > 0
    }

    /// How the run ended, and what was left.
    fn ending_in_words(&self) -> String {
        let mut text = match self.ending.cause {
            None if self.ending.is_dry => "This was a dry run: no command was run.".to_owned(),
            None => "The run went to its end.".to_owned(),
            Some(cause) => format!("The run stopped early: {cause}."),
        };
        match self.ending.remarks.skipped {
            0 => {}
            1 => text.push_str(" 1 item was left out: finished before."),
            skipped => {
                let _ = write!(text, " {skipped} items were left out: finished before.");
            }
        }
        if !self.ending.remarks.all_read {
            text.push_str(" The input was not read to its end.");
        }
        text
    }
}

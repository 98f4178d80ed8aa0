//! The progress bar: on a terminal only, and gone when the run ends.

use std::env;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use rustix::stdio::stderr;
use rustix::termios::tcgetwinsize;

use super::Run;
use super::args::Output;
use super::message::BAR;

/// From so many columns on there is more than how far the run is, all the figures, and the bar.
const MEDIUM: u16 = 30;
const WIDE: u16 = 60;
const BARRED: u16 = 90;

const REFRESH: Duration = Duration::from_millis(100);

/// Whether a bar was not declined, and there is someone to see it.
pub(crate) fn is_wanted(output: &Output) -> bool {
    // Commands that write to the terminal themselves would write into it.
    let is_declined = output.no_progress || output.ungroup || (output.quiet && !output.bar);
    !is_declined
        && io::stderr().is_terminal()
        && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Shows how far the run is, until the bar is [cleared](clear).
pub(crate) fn show(run: &Arc<Run>) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if BAR.set(bar.clone()).is_err() {
        return;
    }
    let run = Arc::clone(run);
    let _ = thread::Builder::new().name("progress".to_owned()).spawn(move || {
        let mut styled = None;
        while !bar.is_finished() {
            let total = run.total();
            let columns = columns();
            if styled != Some((columns, total.is_some())) {
                styled = Some((columns, total.is_some()));
                bar.set_style(style(columns, total.is_some()));
            }
            if let Some(total) = total
                && bar.length() != Some(total)
            {
                bar.set_length(total);
            }
            bar.set_position(run.tally.succeeded() + run.tally.failed());
            bar.set_message(Figures::of(&run, &bar, total).text(columns));
            bar.tick();
            thread::sleep(REFRESH);
        }
    });
}

fn columns() -> u16 {
    tcgetwinsize(stderr()).ok().map(|size| size.ws_col).filter(|columns| *columns > 0).unwrap_or(80)
}

/// The figures beside the bar.
#[derive(Debug, Clone, Copy)]
struct Figures {
    ended: u64,
    failed: u64,
    total: Option<u64>,
    rate: f64,
    waiting: u64,
    capacity: u64,
    left: Duration,
}

impl Figures {
    fn of(run: &Run, bar: &ProgressBar, total: Option<u64>) -> Self {
        Self {
            ended: bar.position(),
            failed: run.tally.failed(),
            total,
            rate: bar.per_sec(),
            waiting: run.standing().waiting,
            capacity: run.capacity as u64,
            left: bar.eta(),
        }
    }

    /// As many of them as so many columns have room for; how far the run is comes first.
    fn text(&self, columns: u16) -> String {
        let mut text = self.ended.to_string();
        if let Some(total) = self.total {
            let _ = write!(text, "/{total}");
        }
        if columns >= MEDIUM {
            let _ = write!(text, " {:.1}/s, {} failed", self.rate, self.failed);
        }
        if columns >= WIDE {
            if self.total.is_some() {
                let _ = write!(text, ", {:#} left", HumanDuration(self.left));
            }
            let _ = write!(text, ", depth {}/{}", self.waiting, self.capacity);
        }
        // Digits and letters only: no character is cut in two.
        text.truncate(usize::from(columns.saturating_sub(beside(columns))));
        text
    }
}

/// The columns that the message does not have.
fn beside(columns: u16) -> u16 {
    match columns {
        ..MEDIUM => 1,
        // The time that has passed, and a spinner.
        MEDIUM..BARRED => 12,
        BARRED.. => 36,
    }
}

fn style(columns: u16, total_known: bool) -> ProgressStyle {
    let colors = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let template = match (columns, total_known) {
        (..MEDIUM, _) => "{msg}",
        (BARRED.., true) if colors => "{elapsed} {bar:24.cyan/blue} {msg}",
        (BARRED.., true) => "{elapsed} {bar:24} {msg}",
        (_, true) => "{elapsed} {msg}",
        (_, false) => "{elapsed} {spinner} {msg}",
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

/// Takes the bar off the terminal.
pub(crate) fn clear() {
    if let Some(bar) = BAR.get() {
        bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_terminal_has_fewer_figures() {
        let figures = Figures {
            ended: 120,
            failed: 3,
            total: Some(1_000),
            rate: 12.345_67,
            waiting: 64,
            capacity: 64,
            left: Duration::from_secs(70),
        };
        assert_eq!(figures.text(20), "120/1000");
        assert_eq!(figures.text(40), "120/1000 12.3/s, 3 failed");
        assert_eq!(figures.text(60), "120/1000 12.3/s, 3 failed, 70s left, depth 64/64");
        assert_eq!(figures.text(100), "120/1000 12.3/s, 3 failed, 70s left, depth 64/64");
        assert_eq!(figures.text(6), "120/1");
        assert_eq!(Figures { total: None, ..figures }.text(20), "120");
    }
}

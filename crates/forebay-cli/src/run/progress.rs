//! The progress bar: on a terminal only, and gone when the verb ends.

use std::env;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
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
    !is_declined && is_seen()
}

/// Whether there is someone to see a bar.
pub(crate) fn is_seen() -> bool {
    io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Shows how far it is, from so long after now until the bar is [cleared](clear).
pub(crate) fn show(after: Duration, look: impl Fn() -> Figures + Send + 'static) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if BAR.set(bar.clone()).is_err() {
        return;
    }
    let _ = thread::Builder::new().name("progress".to_owned()).spawn(move || {
        thread::sleep(after);
        let mut styled = None;
        while !bar.is_finished() {
            let figures = look();
            let total = figures.total;
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
            bar.set_position(figures.ended);
            let (rate, left) = (bar.per_sec(), bar.eta());
            bar.set_message(figures.text(rate, left, columns));
            bar.tick();
            thread::sleep(REFRESH);
        }
    });
}

fn columns() -> u16 {
    tcgetwinsize(stderr()).ok().map(|size| size.ws_col).filter(|columns| *columns > 0).unwrap_or(80)
}

/// The figures beside the bar.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    pub(crate) ended: u64,
    pub(crate) total: Option<u64>,
    /// What else there is to say.
    pub(crate) note: String,
    pub(crate) waiting: u64,
    pub(crate) capacity: u64,
}

impl Figures {
    pub(crate) fn of(run: &Run) -> Self {
        let failed = run.tally.failed();
        Self {
            ended: run.tally.succeeded() + failed,
            total: run.total(),
            note: format!("{failed} failed"),
            waiting: run.standing().waiting,
            capacity: run.capacity as u64,
        }
    }

    /// As many of them as so many columns have room for; how far it is comes first.
    fn text(&self, rate: f64, left: Duration, columns: u16) -> String {
        let mut text = self.ended.to_string();
        if let Some(total) = self.total {
            let _ = write!(text, "/{total}");
        }
        if columns >= MEDIUM {
            let _ = write!(text, " {rate:.1}/s");
            if !self.note.is_empty() {
                let _ = write!(text, ", {}", self.note);
            }
        }
        if columns >= WIDE {
            if self.total.is_some() {
                let _ = write!(text, ", {:#} left", HumanDuration(left));
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
            total: Some(1_000),
            note: "3 failed".to_owned(),
            waiting: 64,
            capacity: 64,
        };
        let text =
            |figures: &Figures, columns| figures.text(12.345_67, Duration::from_secs(70), columns);
        assert_eq!(text(&figures, 20), "120/1000");
        assert_eq!(text(&figures, 40), "120/1000 12.3/s, 3 failed");
        assert_eq!(text(&figures, 60), "120/1000 12.3/s, 3 failed, 70s left, depth 64/64");
        assert_eq!(text(&figures, 100), "120/1000 12.3/s, 3 failed, 70s left, depth 64/64");
        assert_eq!(text(&figures, 6), "120/1");
        let endless = Figures { total: None, note: String::new(), ..figures };
        assert_eq!(text(&endless, 20), "120");
        assert_eq!(text(&endless, 60), "120 12.3/s, depth 64/64");
    }
}

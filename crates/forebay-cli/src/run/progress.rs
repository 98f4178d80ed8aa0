//! The progress bar: on a terminal only, and gone when the run ends.

use std::env;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Run;
use super::message::BAR;

const REFRESH: Duration = Duration::from_millis(100);

/// Whether there is someone to see a bar.
pub(crate) fn is_wanted(quiet: bool) -> bool {
    !quiet && io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Shows how far the run is, until the bar is [cleared](clear).
pub(crate) fn show(run: &Arc<Run>) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if BAR.set(bar.clone()).is_err() {
        return;
    }
    bar.set_style(style(false));
    let run = Arc::clone(run);
    let _ = thread::Builder::new().name("progress".to_owned()).spawn(move || {
        while !bar.is_finished() {
            if let Some(total) = run.total()
                && bar.length() != Some(total)
            {
                bar.set_length(total);
                bar.set_style(style(true));
            }
            bar.set_position(run.tally.succeeded() + run.tally.failed());
            bar.set_message(format!(
                "depth {}/{}, {} failed",
                run.buffer.statistics().waiting,
                run.capacity,
                run.tally.failed()
            ));
            bar.tick();
            thread::sleep(REFRESH);
        }
    });
}

fn style(total_known: bool) -> ProgressStyle {
    let colors = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let bar = if colors { "{bar:24.cyan/blue}" } else { "{bar:24}" };
    let template = if total_known {
        format!("{{elapsed}} {bar} {{pos}}/{{len}} {{per_sec}}, {{msg}}, {{eta}} left")
    } else {
        "{elapsed} {spinner} {pos} {per_sec}, {msg}".to_owned()
    };
    ProgressStyle::with_template(&template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

/// Takes the bar off the terminal.
pub(crate) fn clear() {
    if let Some(bar) = BAR.get() {
        bar.finish_and_clear();
    }
}

//! How long consumers had items: how often each time came, the median, and the 95th percentile.

use maud::{Markup, html};

use super::Told;
use super::chart::Chart;
use super::path::WIDTH;
use super::scale::{Mark, grouped, time, times_by_doublings};

/// Bars of the picture.
const BARS: usize = 40;

const NANOS: f64 = 1e9;

/// What people ask about a set of times, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Summary {
    pub(super) least: f64,
    pub(super) median: f64,
    pub(super) late: f64,
    pub(super) most: f64,
}

impl Summary {
    /// Of all tries; none if there was none.
    pub(super) fn of(told: &Told<'_>) -> Option<Self> {
        let tries = &told.seen.tries;
        let at = |quantile: f64| tries.value_at_quantile(quantile) as f64 / NANOS;
        let most = told.seen.slowest.list().first().map_or(0.0, |slow| slow.took.as_secs_f64());
        // The histogram tells the upper ends of its buckets.
        (!tries.is_empty()).then(|| Self {
            least: tries.min() as f64 / NANOS,
            median: at(0.5).min(most),
            late: at(0.95).min(most),
            most,
        })
    }
}

pub(super) fn durations(told: &Told<'_>) -> Markup {
    let Some(summary) = Summary::of(told) else { return html! {} };
    // Where all took the same time there is still a bar to be seen.
    let (from, to) = (summary.least / 1.15, summary.most * 1.15);
    let doublings = (to / from).ln();
    let place = |seconds: f64| ((seconds / from).ln() / doublings).clamp(0.0, 1.0);
    let mut bars = [0_u64; BARS];
    for recorded in told.seen.tries.iter_recorded() {
        let seconds = recorded.value_iterated_to() as f64 / NANOS;
        let bar = (place(seconds) * BARS as f64) as usize;
        bars[bar.min(BARS - 1)] += recorded.count_since_last_iteration();
    }
    let most = bars.iter().copied().max().unwrap_or(1);
    let marks = times_by_doublings(from, to).into_iter();
    let chart = Chart {
        id: "durations-picture",
        title: "How long items took",
        told: format!(
            "Half of them took at most {}, 95 % at most {}; from {} to {}.",
            time(summary.median),
            time(summary.late),
            time(summary.least),
            time(summary.most)
        ),
        height: 170.0,
        unit: "items",
        most: most as f64 * 1.3,
        is_whole: true,
        across: marks.map(|mark| Mark { value: place(mark.value), ..mark }).collect(),
        lines: Vec::new(),
    };
    let width = WIDTH / BARS as f64;
    let edge = |bar: usize| from * (doublings * bar as f64 / BARS as f64).exp();
    html! {
        (chart.draw(&html! {
            @for (bar, count) in bars.iter().enumerate().filter(|(_, count)| **count > 0) {
                // Never so low that it cannot be seen.
                @let top = chart.down(*count as f64).min(chart.height - 1.5);
                rect.finished x=(format!("{:.1}", bar as f64 * width + width * 0.06)) y=(format!("{top:.1}"))
                    width=(format!("{:.1}", width * 0.88)) height=(format!("{:.1}", chart.height - top)) {
                    title { (grouped(*count)) " from " (time(edge(bar))) " to " (time(edge(bar + 1))) }
                }
            }
            path.level.median d={ "M" (format!("{:.1}", place(summary.median) * WIDTH)) " 0V" (chart.height) } {}
            path.level.late d={ "M" (format!("{:.1}", place(summary.late) * WIDTH)) " 0V" (chart.height) } {}
        }))
        ul.legend {
            li { (upright("median")) "median: half of them took at most " strong { (time(summary.median)) } }
            li { (upright("late")) "95 % took at most " strong { (time(summary.late)) } }
            li { "the shortest " (time(summary.least)) ", the longest " (time(summary.most)) }
            li { "to the right times grow by factors, not by steps" }
        }
    }
}

fn upright(class: &str) -> Markup {
    html! {
        svg.swatch width="22" height="12" viewBox="0 0 22 12" aria-hidden="true" {
            path.level.(class) d="M11 0V12" {}
        }
    }
}

//! Pictures of what changed while the run went on: depth, busy consumers, throughput.

use maud::{Markup, html};

use super::Told;
use super::chart::{Chart, Line, time_marks};
use super::path;
use super::scale::{digits, grouped, time};

/// The most steps of a picture.
const STEPS: usize = 500;

/// Steps of the throughput: so many at most and at least, with so many items for each in the mean if there
/// are that many, since fewer would be noise.
const RATES: usize = 80;
const FEWEST: u64 = 10;
const FOR_EACH_RATE: u64 = 4;

/// A capacity beyond so many times the greatest depth would leave nothing to see of the depth.
const FAR: f64 = 8.0;

pub(super) fn depth(told: &Told<'_>) -> Markup {
    let report = told.ending.report;
    let series = &told.seen.depth;
    let count = series.detail(told.elapsed, STEPS);
    let seconds = told.elapsed.as_secs_f64() / count as f64;
    let (capacity, high_water) = (report.capacity as f64, report.high_water as f64);
    let shows_capacity = capacity <= FAR * high_water.max(1.0);
    let mut lines = Vec::new();
    if shows_capacity {
        let text = format!("capacity {}", grouped(report.capacity));
        lines.push(Line { value: capacity, text, class: "capacity", is_right: true });
    }
    if report.high_water > 0 {
        let text = format!("most at once {}", grouped(report.high_water));
        lines.push(Line { value: high_water, text, class: "high-water", is_right: false });
    }
    let most = if shows_capacity { capacity.max(high_water) } else { high_water.max(1.0) };
    let mut mean = Vec::with_capacity(count);
    let (mut least, mut greatest) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for bin in series.bins(told.elapsed, count) {
        // Events of several threads are told one after the other: between a lease and its telling, others
        // may put; what is told is then more than there ever was.
        let bound = |depth: f64| depth.min(high_water);
        let (low, high) = bin.range.unwrap_or_default();
        mean.push(bound(bin.area / seconds));
        least.push(bound(low as f64));
        greatest.push(bound(high as f64));
    }
    let average = mean.iter().sum::<f64>() / count as f64;
    let chart = Chart {
        id: "depth-picture",
        title: "Depth over time",
        told: format!(
            "{} items waited on average, at most {} at once; the capacity is {}.",
            digits(average),
            report.high_water,
            report.capacity
        ),
        height: 190.0,
        unit: "items waiting in the buffer",
        most: most * 1.12,
        is_whole: true,
        across: time_marks(told.seconds()),
        lines,
    };
    let down = |values: &[f64]| values.iter().map(|value| chart.down(*value)).collect::<Vec<_>>();
    let (mean, least, greatest) = (down(&mean), down(&least), down(&greatest));
    html! {
        (chart.draw(&html! {
            path.depth-under d=(path::area(&mean, &vec![chart.height; count])) {}
            path.depth-range d=(path::area(&greatest, &least)) {}
            path.depth-mean d=(path::line(&mean)) {}
        }))
        ul.legend {
            li { (swatch("depth-mean")) "the mean depth of each " (time(seconds)) " (" (digits(average)) " over all)" }
            li { (swatch("depth-range")) "from its least to its greatest" }
            @if shows_capacity {
                li { (swatch("capacity")) "the capacity: a producer waits when the buffer is that full"
                    @if high_water > capacity { "; items that come back for another try may go beyond it" } }
            } @else {
                li { "the capacity, " (grouped(report.capacity)) ", is far above this picture: never was the buffer near it" }
            }
        }
    }
}

pub(super) fn busy(told: &Told<'_>) -> Markup {
    let crew = &told.seen.consumers;
    let count = crew.all.detail(told.elapsed, STEPS);
    let seconds = told.elapsed.as_secs_f64() / count as f64;
    let consumers = told.ending.report.consumers;
    let bins = crew.all.bins(told.elapsed, count);
    let working: Vec<f64> = bins.iter().map(|bin| bin.working / seconds).collect();
    let waiting: Vec<f64> = bins.iter().map(|bin| bin.waiting / seconds).collect();
    let average = |values: &[f64]| values.iter().sum::<f64>() / count as f64;
    let chart = Chart {
        id: "busy-picture",
        title: "Consumers at work over time",
        told: format!(
            "Of {consumers} consumers {} worked on average, {} waited for an item.",
            digits(average(&working)),
            digits(average(&waiting))
        ),
        height: 150.0,
        unit: "consumers",
        most: consumers as f64 * 1.15,
        is_whole: true,
        across: time_marks(told.seconds()),
        lines: vec![Line {
            value: consumers as f64,
            text: format!("all {}", grouped(consumers as u64)),
            class: "capacity",
            is_right: true,
        }],
    };
    let tops: Vec<f64> = working.iter().map(|working| chart.down(*working)).collect();
    let both: Vec<f64> = working
        .iter()
        .zip(&waiting)
        .map(|(working, waiting)| chart.down(working + waiting))
        .collect();
    html! {
        (chart.draw(&html! {
            path.working d=(path::area(&tops, &vec![chart.height; count])) {}
            path.waiting d=(path::area(&both, &tops)) {}
        }))
        ul.legend {
            li { (swatch("working")) "working on an item (" (digits(average(&working))) " of "
                (grouped(consumers as u64)) " on average)" }
            li { (swatch("waiting")) "waiting for an item (" (digits(average(&waiting))) ")" }
        }
    }
}

pub(super) fn throughput(told: &Told<'_>) -> Markup {
    let report = told.ending.report;
    let ended = report.finished + report.failed;
    let wanted = (ended / FOR_EACH_RATE).clamp(FEWEST, RATES as u64) as usize;
    let count = told.seen.ends.detail(told.elapsed, wanted);
    let seconds = told.elapsed.as_secs_f64() / count as f64;
    let bins = told.seen.ends.bins(told.elapsed, count);
    let finished: Vec<f64> = bins.iter().map(|bin| bin.finished / seconds).collect();
    let all: Vec<f64> = bins.iter().map(|bin| (bin.finished + bin.failed) / seconds).collect();
    let most = all.iter().copied().fold(0.0, f64::max);
    let average = ended as f64 / told.seconds().max(1e-9);
    let chart = Chart {
        id: "throughput-picture",
        title: "Throughput over time",
        told: format!(
            "{} items a second came to their end on average, and {} in the best {}.",
            digits(average),
            digits(most),
            time(seconds)
        ),
        height: 150.0,
        unit: "items a second",
        most: most * 1.15,
        is_whole: false,
        across: time_marks(told.seconds()),
        lines: vec![Line {
            value: average,
            text: String::new(),
            class: "high-water",
            is_right: false,
        }],
    };
    let tops: Vec<f64> = finished.iter().map(|rate| chart.down(*rate)).collect();
    let both: Vec<f64> = all.iter().map(|rate| chart.down(*rate)).collect();
    html! {
        (chart.draw(&html! {
            path.finished d=(path::area(&tops, &vec![chart.height; count])) {}
            path.failed d=(path::area(&both, &tops)) {}
        }))
        ul.legend {
            li { (swatch("finished")) "finished" }
            @if report.failed > 0 { li { (swatch("failed")) "failed for good" } }
            li { (swatch("high-water")) "the average, " (digits(average)) }
            li { "each step is " (time(seconds)) }
        }
    }
}

/// A piece of what a legend explains.
pub(super) fn swatch(class: &str) -> Markup {
    html! {
        svg.swatch width="22" height="12" viewBox="0 0 22 12" aria-hidden="true" {
            @match class {
                "depth-mean" => path.(class) d="M0 6H22" {},
                "capacity" | "high-water" => path.level.(class) d="M0 6H22" {},
                _ => path.(class) d="M0 0H22V12H0Z" {},
            }
        }
    }
}

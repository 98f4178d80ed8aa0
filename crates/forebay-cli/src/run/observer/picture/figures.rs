//! The figures: the ones that matter most at the top, all of the report's at the end.

use maud::{Markup, html};
use serde_json::Value;

use super::Told;
use super::durations::Summary;
use super::scale::{digits, grouped, percent, time};

/// What the keys of the report mean, in the order in which they are told.
const MEANING: [(&str, &str); 18] = [
    ("produced", "items put into the buffer"),
    ("finished", "items whose command succeeded"),
    ("failed", "items that ended failed"),
    ("remaining", "items put and not brought to an end, because the run stopped early"),
    ("dead", "dead letters: items set aside"),
    ("dropped", "items dropped"),
    ("refused", "items refused: the buffer was full, or they were too heavy"),
    ("high_water", "the most items that waited at once"),
    ("capacity", "the most items that may wait"),
    ("producers", "producers"),
    ("consumers", "consumers"),
    ("producer_wait_seconds", "seconds on a full buffer, all producers together"),
    ("consumer_wait_seconds", "seconds on an empty buffer, all consumers together"),
    ("elapsed_seconds", "seconds from the start to the end"),
    ("bottleneck", "the side that was slow"),
    ("balanced_consumers", "consumers that would have kept up, as estimated"),
    ("consumers_mean", "consumers in the mean over time"),
    ("rate_wait_seconds", "seconds that consumers waited for --rate or --delay"),
];

/// What has a picture of its own.
const PICTURED: &str = "shares";

/// The key figures.
pub(super) fn tiles(told: &Told<'_>) -> Markup {
    let report = told.ending.report;
    let ended = report.finished + report.failed;
    let seconds = told.seconds();
    let working: f64 =
        told.seen.consumers.all.bins(told.elapsed, 1).iter().map(|bin| bin.working).sum();
    let busy = working / (seconds * report.consumers as f64).max(1e-9);
    let tile = |value: String, name: &str, more: String, class: &str| {
        html! {
            li.(class) { strong { (value) } span { (name) } @if !more.is_empty() { small { (more) } } }
        }
    };
    let bad = |count: u64| if count > 0 { "bad" } else { "" };
    html! {
        ul.tiles {
            (tile(grouped(report.finished), "finished", format!("of {} put", grouped(report.produced)), ""))
            (tile(grouped(report.failed), "failed", again(told.seen.tried_again), bad(report.failed)))
            @if report.remaining > 0 {
                (tile(grouped(report.remaining), "remaining", "put, not brought to an end".to_owned(), "bad"))
            }
            @if report.refused > 0 {
                (tile(grouped(report.refused), "refused", "the buffer was full, or they were too heavy".to_owned(), "bad"))
            }
            @if report.dropped > 0 {
                (tile(grouped(report.dropped), "dropped", "to make room, or for want of it".to_owned(), "bad"))
            }
            (tile(time(seconds), "from start to end", String::new(), ""))
            @if ended > 0 && seconds > 0.0 {
                (tile(digits(ended as f64 / seconds), "items a second", String::new(), ""))
            }
            @if let Some(summary) = Summary::of(told) {
                (tile(time(summary.median), "took an item", format!("median; 95 % at most {}", time(summary.late)), ""))
            }
            (tile(percent(busy), "of the consumers' time was work",
                format!("{} consumer{}", grouped(report.consumers as u64), if report.consumers == 1 { "" } else { "s" }), ""))
            (tile(grouped(report.high_water), "waited at most", format!("capacity {}", grouped(report.capacity)), ""))
        }
    }
}

fn again(tries: u64) -> String {
    match tries {
        0 => String::new(),
        1 => "1 try was repeated".to_owned(),
        _ => format!("{} tries were repeated", grouped(tries)),
    }
}

/// All figures of the report, as `--report-json` has them.
pub(super) fn table(told: &Told<'_>) -> Markup {
    let report = serde_json::to_value(told.ending.report).unwrap_or_default();
    let known = |key: &str| MEANING.iter().any(|(known, _)| *known == key);
    let value = |key: &str| match &report[key] {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let more: Vec<&String> = report
        .as_object()
        .into_iter()
        .flat_map(|keys| keys.keys())
        .filter(|key| !known(key) && *key != PICTURED)
        .collect();
    html! {
        table.figures {
            thead { tr { th scope="col" { "Figure" } th scope="col" { "Key" } th.number scope="col" { "Value" } } }
            tbody {
                @for (key, meaning) in MEANING {
                    tr { td { (meaning) } th scope="row" { code { (key) } } td.number { (value(key)) } }
                }
                @for key in more {
                    tr { td {} th scope="row" { code { (key) } } td.number { (value(key)) } }
                }
            }
        }
    }
}

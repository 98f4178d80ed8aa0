//! How many items each consumer brought to an end.

use maud::{Markup, html};

use super::Told;
use super::chart::{Chart, Line};
use super::path;
use super::scale::{Mark, digits, grouped};
use super::seen::FOLLOWED;

/// Pixels of a bar, and from one to the next.
const BAR: f64 = 16.0;
const ROW: f64 = 24.0;

/// The most columns; of more consumers, neighbours share one.
const COLUMNS: usize = 240;

pub(super) fn shares(told: &Told<'_>) -> Markup {
    let shares = &told.ending.report.shares;
    if shares.len() <= FOLLOWED { bars(shares) } else { columns(shares) }
}

fn sentence(shares: &[u64]) -> String {
    let (least, most) = (shares.iter().min().unwrap_or(&0), shares.iter().max().unwrap_or(&0));
    let sum: u64 = shares.iter().sum();
    format!(
        "From {} to {} items each, {} on average.",
        grouped(*least),
        grouped(*most),
        digits(sum as f64 / shares.len().max(1) as f64)
    )
}

fn bars(shares: &[u64]) -> Markup {
    let most = shares.iter().copied().max().unwrap_or(0).max(1) as f64;
    html! {
        svg.chart.bands height=(ROW * shares.len() as f64 + 4.0) role="img"
            aria-labelledby="shares-title shares-told" {
            title id="shares-title" { "Items of each consumer" }
            desc id="shares-told" {
                @for (index, share) in shares.iter().enumerate() { "consumer " (index + 1) ": " (share) ". " }
            }
            @for (index, share) in shares.iter().enumerate() {
                @let y = ROW * index as f64 + 2.0;
                text.up x="-8" y=(y + 12.0) { "consumer " (index + 1) }
                rect.neither x="0" y=(y) width="100%" height=(BAR) {}
                rect.finished x="0" y=(y) width=(format!("{:.2}%", *share as f64 / most * 100.0)) height=(BAR) {}
                text.after x="100%" dx="8" y=(y + 12.0) { (grouped(*share)) }
            }
        }
        p.caption { (sentence(shares)) }
    }
}

fn columns(shares: &[u64]) -> Markup {
    let group = shares.len().div_ceil(COLUMNS);
    let mean = |group: &[u64]| group.iter().sum::<u64>() as f64 / group.len() as f64;
    let heights: Vec<f64> = shares.chunks(group).map(mean).collect();
    let most = heights.iter().copied().fold(0.0, f64::max);
    let mark = |number: usize| Mark {
        value: (number as f64 - 0.5) / (heights.len() * group) as f64,
        text: format!("consumer\u{a0}{number}"),
    };
    let average = mean(shares);
    let chart = Chart {
        id: "shares-picture",
        title: "Items of each consumer",
        told: sentence(shares),
        height: 150.0,
        unit: "items",
        most: most * 1.15,
        is_whole: true,
        across: vec![mark(1), mark(shares.len() / 2), mark(shares.len())],
        lines: vec![Line {
            value: average,
            text: String::new(),
            class: "high-water",
            is_right: false,
        }],
    };
    let tops: Vec<f64> = heights.iter().map(|items| chart.down(*items)).collect();
    html! {
        (chart.draw(&html! { path.finished d=(path::area(&tops, &vec![chart.height; tops.len()])) {} }))
        p.caption {
            (sentence(shares))
            @if group > 1 { " Each column is the mean of " (group) " consumers." }
            " The dotted line is the average."
        }
    }
}

//! The way of an item as three boxes, the bottleneck marked.

use maud::{Markup, html};

use super::Told;
use super::scale::{grouped, percent};
use crate::run::report::bottleneck::Bottleneck;

pub(super) fn flow(told: &Told<'_>) -> Markup {
    let report = told.ending.report;
    let (producers_idle, consumers_idle) = told.ending.measured.idle_percent();
    let (is_producers, is_consumers) = match report.bottleneck {
        Bottleneck::Producers => (true, false),
        Bottleneck::Consumers => (false, true),
        Bottleneck::Balanced | Bottleneck::Bursts | Bottleneck::Rate => (false, false),
    };
    let fullest = report.high_water as f64 / report.capacity.max(1) as f64;
    let named = |count: usize, noun: &str| {
        format!("{} {noun}{}", grouped(count as u64), if count == 1 { "" } else { "s" })
    };
    html! {
        ol.flow {
            (side(&named(report.producers, "producer"), "idle or done", producers_idle / 100.0, is_producers))
            li.arrow aria-hidden="true" { "→" }
            li.box {
                strong { "buffer" }
                span { "at most " (grouped(report.high_water)) " waited, capacity " (grouped(report.capacity)) }
                (gauge(fullest, "depth-range"))
            }
            li.arrow aria-hidden="true" { "→" }
            (side(&named(report.consumers, "consumer"), "waiting for items", consumers_idle / 100.0, is_consumers))
        }
    }
}

fn side(name: &str, idle: &str, part: f64, is_bottleneck: bool) -> Markup {
    html! {
        li.box.bottleneck[is_bottleneck] {
            strong { (name) }
            span { (percent(part)) " of the time " (idle) }
            (gauge(1.0 - part, "working"))
            @if is_bottleneck { em { "the bottleneck" } }
        }
    }
}

fn gauge(part: f64, class: &str) -> Markup {
    html! {
        svg width="100%" height="8" aria-hidden="true" {
            rect.neither width="100%" height="8" rx="2" {}
            rect.(class) width=(format!("{:.1}%", part.clamp(0.0, 1.0) * 100.0)) height="8" rx="2" {}
        }
    }
}

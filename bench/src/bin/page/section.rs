//! The page: how to read it, and a section for each bench.

use bench::report::{Better, Report};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{dots, heat};

const STYLE: &str = include_str!("page.css");

pub(crate) fn page(reports: &[Report]) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "forebay beside others" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "forebay beside others" }
                    p {
                        "forebay is a bounded buffer between producers and consumers. Here it runs "
                        "beside other bounded buffers, and what else carries items, all on one machine and in "
                        "turn: every round runs each of them once and begins with another one. "
                        "What counts is how a figure compares with its neighbours, not its size: "
                        "that drifts with the machine."
                    }
                    (legend())
                    @if reports.len() > 1 {
                        nav {
                            @for report in reports {
                                a href={ "#" (anchor(report)) } { (report.subject.measure) }
                            }
                        }
                    }
                }
                main { @for report in reports { (section(report)) } }
            }
        }
    }
}

/// A name without spaces.
fn anchor(report: &Report) -> String {
    report.subject.measure.replace(' ', "-")
}

fn legend() -> Markup {
    html! {
        ul.legend {
            li { i.ours {} "forebay" }
            li { i.best {} "the best peer of the cell" }
            li { i.other {} "the other peers" }
            li { "dot: the median of the rounds" }
            li { "line: from the least to the greatest" }
            li { "number: the median again; – where the peer has no form for the shape" }
            li { "scales are logarithmic, and the same in each column" }
            li { "2p3c: 2 producers and 3 consumers" }
        }
    }
}

fn section(report: &Report) -> Markup {
    let subject = &report.subject;
    let better = match subject.better {
        Better::More => "more is better, to the right",
        Better::Less => "less is better, to the left",
    };
    let ours = report.contenders()[0];
    html! {
        section id=(anchor(report)) {
            h2 { (subject.title) }
            p.unit {
                (subject.unit) "; " strong { (better) } "; " (report.rounds) " rounds; "
                code { "cargo xtask bench " (subject.measure) }
            }
            @if let Some(warning) = report.warning() { p.warning { (warning) } }
            @match dots::picture(report) {
                Ok(svg) => figure role="img" aria-label=(subject.title) { (PreEscaped(svg)) },
                Err(error) => p.warning { "There is no picture: " (error.to_string()) },
            }
            h3 { (ours) " ÷ best peer" }
            p {
                @match subject.better {
                    Better::More => "Above 1 forebay is ahead of every peer.",
                    Better::Less => "Below 1 forebay is ahead of every peer.",
                }
                " Blue is better, orange is worse; under the ratio stands that best peer."
                @if let Some((mean, worst)) = report.ratios() {
                    " Geometric mean " strong { (format!("{mean:.2}")) }
                    ", worst " strong { (format!("{worst:.2}")) } "."
                }
            }
            (heat::table(report))
            p.machine {
                "On " (report.machine.to_string()) ". Releases: "
                @for (number, (name, release)) in report.releases.iter().enumerate() {
                    @if number > 0 { ", " }
                    (name) " " (release)
                }
                "."
            }
        }
    }
}

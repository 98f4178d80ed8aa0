//! The page: what was run, the bottleneck and what to do about it, key figures, pictures, and words.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Told;
use super::remedy::remedy;
use super::scale::{grouped, time};
use super::{bands, durations, figures, flow, over_time, shares};

const STYLE: &str = include_str!("page.css");

/// The page fetches nothing, and runs nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

pub(super) fn page(told: &Told<'_>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "forebay run: " (told.command) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (patterns())
                header {
                    h1 { "forebay run" }
                    p.command { code { bdi { (told.command) } } }
                    p { (told.ending_in_words()) }
                }
                main {
                    (verdict(told))
                    (figures::tiles(told))
                    @if told.was_anything() { (pictures(told)) }
                    (failures(told))
                    (slowest(told))
                    (section("figures", "All figures", "The same as --report-json writes.", &figures::table(told)))
                    (words())
                }
            }
        }
    }
}

/// Stripes, so that what they fill can be told from the rest without colour. They run across, so that
/// stretching does not change them.
fn patterns() -> Markup {
    html! {
        svg width="0" height="0" aria-hidden="true" style="position:absolute" {
            defs {
                pattern id="stripes" width="8" height="4" patternUnits="userSpaceOnUse" {
                    rect.stripe-gap width="8" height="4" {}
                    rect.stripe width="8" height="2" {}
                }
                pattern id="bars" width="8" height="6" patternUnits="userSpaceOnUse" {
                    rect.failed-gap width="8" height="6" {}
                    rect.failed-stripe width="8" height="4" {}
                }
            }
        }
    }
}

fn verdict(told: &Told<'_>) -> Markup {
    html! {
        section.verdict aria-labelledby="verdict" {
            h2 id="verdict" { "The bottleneck" }
            @if let Some(verdict) = told.ending.verdict() {
                p.sentence { (verdict) }
                p.remedy { strong { "What to do: " } (remedy(&told.ending)) }
                (flow::flow(told))
            } @else {
                p.sentence { "no item came to its end, so no side was faster than the other" }
            }
        }
    }
}

fn section(id: &str, title: &str, caption: &str, content: &Markup) -> Markup {
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (title) }
            p.caption { (caption) }
            (content)
        }
    }
}

fn pictures(told: &Told<'_>) -> Markup {
    html! {
        (section("depth", "How full the buffer was",
            "A full buffer: consumers are behind, and producers wait. An empty one: consumers wait for items. \
             From left to right goes the time since the start, here and in the next pictures.",
            &over_time::depth(told)))
        (section("bands", "Who worked, and who waited",
            "The more of a band's height is filled from below, the more of that moment went into work; stripes from \
             above are waiting.",
            &bands::bands(told)))
        (section("busy", "How many consumers were at work", "All consumers together.", &over_time::busy(told)))
        (section("throughput", "How fast items came to their end", "Finished or failed for good, per second.",
            &over_time::throughput(told)))
        (section("durations", "How long items took",
            "From when a consumer had an item until it was done with it; each try counts for itself.",
            &durations::durations(told)))
        (section("shares", "Who did how much", "Items that each consumer brought to an end.", &shares::shares(told)))
    }
}

fn failures(told: &Told<'_>) -> Markup {
    let failures = &told.seen.failures;
    if failures.count == 0 {
        return html! {};
    }
    let more = failures.count.saturating_sub(failures.named.len() as u64);
    section(
        "failures",
        "What failed",
        "Items that failed for good, and why.",
        &html! {
            @if failures.reasons.len() > 1 {
                ul.reasons {
                    @for (reason, count) in &failures.reasons { li { strong { (grouped(*count)) } " " bdi { (reason) } } }
                    @if failures.other_reasons > 0 {
                        li { strong { (grouped(failures.other_reasons)) } " for other reasons" }
                    }
                }
            }
            div.scroll {
                table {
                    thead { tr { th.number scope="col" { "After" } th scope="col" { "Item" } th scope="col" { "Why" } } }
                    tbody {
                        @for failure in &failures.named {
                            tr {
                                td.number { (time(failure.at.as_secs_f64())) }
                                td { code { bdi { (failure.label) } } }
                                td { bdi { (failure.reason) } }
                            }
                        }
                    }
                }
            }
            @if more > 0 { p { "and " (grouped(more)) " more" } }
        },
    )
}

fn slowest(told: &Told<'_>) -> Markup {
    let list = told.seen.slowest.list();
    if list.is_empty() {
        return html! {};
    }
    let most = list[0].took.as_secs_f64().max(1e-9);
    section(
        "slowest",
        "What took longest",
        "The slowest items, each with how it ended.",
        &html! {
            div.scroll {
                table.slowest {
                    thead {
                        tr {
                            th.number scope="col" { "Time" }
                            th.bar {}
                            th.number scope="col" { "Number" }
                            th scope="col" { "Item" }
                            th scope="col" { "Result" }
                        }
                    }
                    tbody {
                        @for slow in list {
                            @let seconds = slow.took.as_secs_f64();
                            tr {
                                td.number { (time(seconds)) }
                                td.bar {
                                    svg width="100%" height="12" aria-hidden="true" {
                                        rect.finished width=(format!("{:.1}%", seconds / most * 100.0)) height="12" {}
                                    }
                                }
                                td.number { (slow.seq.0) }
                                td { code { bdi { (slow.label) } } }
                                td { bdi { (slow.result) } }
                            }
                        }
                    }
                }
            }
        },
    )
}

fn words() -> Markup {
    let word = |word: &str, meaning: &str| html! { dt { (word) } dd { (meaning) } };
    section(
        "words",
        "The words",
        "What runs here, in one sentence each.",
        &html! {
            dl {
                (word("item", "one piece of work: a line of the input, or an argument."))
                (word("producer", "reads the input and puts items into the buffer; it waits while the buffer is full."))
                (word("buffer", "holds items that wait, in order."))
                (word("capacity, depth", "the most items that may wait; how many wait now."))
                (word("consumer", "takes one item after the other and runs the command on it; it waits while the \
                    buffer is empty. -j says how many there are."))
                (word("bottleneck", "the side that the other one waits for. Only a change there makes the run faster."))
                (word("median", "half of the times are no longer than that."))
                (word("failed", "its last try did not succeed; it was set aside, as a dead letter."))
            }
        },
    )
}

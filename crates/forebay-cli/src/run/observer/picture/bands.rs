//! A band for each producer and each consumer: when it worked, and when it waited.

use std::time::Duration;

use maud::{Markup, html};

use super::Told;
use super::chart::{marks, time_marks};
use super::over_time::swatch;
use super::path::{self, WIDTH};
use super::scale::percent;
use super::seen::{Crew, FOLLOWED, Member};

/// Pixels of a band, and from one to the next.
const BAND: f64 = 18.0;
const ROW: f64 = 26.0;
const FOOT: f64 = 26.0;

/// The most steps of a band; fewer where there are many bands, so that the page stays small.
const STEPS: usize = 500;
const MANY: usize = 8;

struct Band {
    name: String,
    working: String,
    waiting: String,
    /// Parts of the whole run.
    worked: f64,
    waited: f64,
}

pub(super) fn bands(told: &Told<'_>) -> Markup {
    let (producers, consumers) = (&told.seen.producers, &told.seen.consumers);
    html! {
        (producer_bands(told, producers))
        (consumer_bands(told, consumers))
        ul.legend {
            li { (swatch("working")) "working: a producer on its input, a consumer on an item" }
            li { (swatch("waiting")) "waiting: a producer for room in the buffer, a consumer for an item" }
            li { (swatch("neither")) "neither: not yet begun, or nothing more to do" }
            li { "right: the part of the run in which it worked" }
        }
    }
}

fn producer_bands(told: &Told<'_>, crew: &Crew) -> Markup {
    // A lone producer is known to have read its input to the end, which may come long after the last item.
    let lone = (told.ending.report.producers == 1).then_some(told.ending.measured.production);
    let mut bands = Vec::new();
    for (index, member) in crew.members.iter().enumerate() {
        let until = lone.unwrap_or(member.last).min(told.elapsed);
        bands.push(band(told, format!("producer {}", index + 1), member, Some(until)));
    }
    html! {
        @if crew.count > FOLLOWED {
            p { "There were " (crew.count) " producers; the first " (FOLLOWED) " are shown." }
        }
        (picture(told, "producers", "Producers at work and waiting", &bands))
    }
}

fn consumer_bands(told: &Told<'_>, crew: &Crew) -> Markup {
    let consumers = told.ending.report.consumers;
    if consumers.max(crew.count) > FOLLOWED {
        return html! {
            p { "There were " (consumers) " consumers, too many for a band each: the next picture shows how many \
                of them worked and waited." }
        };
    }
    let nobody = Member::default();
    let band = |number: usize| {
        let member = crew.members.get(number).unwrap_or(&nobody);
        band(told, format!("consumer {}", number + 1), member, None)
    };
    let bands: Vec<Band> = (0..consumers.max(crew.members.len())).map(band).collect();
    picture(told, "consumers", "Consumers at work and waiting", &bands)
}

/// The band of somebody who, if there is such a time, worked until then whenever it did not wait.
fn band(told: &Told<'_>, name: String, member: &Member, until: Option<Duration>) -> Band {
    let most = if told.ending.report.consumers > MANY { STEPS / 2 } else { STEPS };
    let count = member.deeds.detail(told.elapsed, most);
    let length = told.elapsed.as_secs_f64() / count as f64;
    let (mut tops, mut ceilings) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut worked, mut waited) = (0.0, 0.0);
    for (index, bin) in member.deeds.bins(told.elapsed, count).into_iter().enumerate() {
        let waiting = (bin.waiting / length).clamp(0.0, 1.0);
        let working = until.map_or(bin.working / length, |until| {
            (until.as_secs_f64() / length - index as f64).clamp(0.0, 1.0) - waiting
        });
        let working = working.clamp(0.0, 1.0 - waiting);
        tops.push(BAND * (1.0 - working));
        ceilings.push(BAND * waiting);
        worked += working / count as f64;
        waited += waiting / count as f64;
    }
    Band {
        name,
        working: path::area(&tops, &vec![BAND; count]),
        // From above: what is left between is neither.
        waiting: path::area(&vec![0.0; count], &ceilings),
        worked,
        waited,
    }
}

fn picture(told: &Told<'_>, id: &str, title: &str, bands: &[Band]) -> Markup {
    if bands.is_empty() {
        return html! {};
    }
    let height = ROW * bands.len() as f64;
    html! {
        svg.chart.bands height=(height + FOOT) role="img" aria-labelledby={ (id) "-title " (id) "-told" } {
            title id={ (id) "-title" } { (title) }
            desc id={ (id) "-told" } {
                @for band in bands {
                    (band.name) ": worked " (percent(band.worked)) " of the time, waited "
                    (percent(band.waited)) ". "
                }
            }
            @for (index, band) in bands.iter().enumerate() {
                @let y = ROW * index as f64 + 2.0;
                text.up x="-8" y=(y + 13.0) { (band.name) }
                rect.neither x="0" y=(y) width="100%" height=(BAND) {}
                svg x="0" y=(y) width="100%" height=(BAND) preserveAspectRatio="none"
                    viewBox={ "0 0 " (WIDTH) " " (BAND) } {
                    path.working d=(band.working) {}
                    path.waiting d=(band.waiting) {}
                }
                text.after x="100%" dx="8" y=(y + 13.0) { (percent(band.worked)) }
            }
            (marks(&time_marks(told.seconds()), height))
        }
    }
}

//! How fast items come and go.

use ratatui::text::Line;

use super::super::history::{History, LATELY, NOW, Rate};
use super::super::ink::{Ink, Palette};
use super::super::look::Look;
use super::super::wording;
use super::NAMES;
use crate::columns::width;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The longest chart: a minute, and not so long that the rest is out of sight.
const LONGEST: usize = 60;

/// Two lines: what is put, and what is finished, on one scale.
pub(in crate::top) fn flow(
    look: &Look,
    history: &History,
    columns: usize,
    palette: Palette,
) -> [Line<'static>; 2] {
    let put: fn(Rate) -> f64 = |rate| rate.put;
    let finished: fn(Rate) -> f64 = |rate| rate.finished;
    let told = |span, of: fn(Rate) -> f64| {
        history.rate(span).map_or_else(|| "–/s".to_owned(), |rate| wording::rate(of(rate)))
    };
    let lines = [
        ("put", put, Ink::Producer, format!("{} in all", look.counts.produced)),
        ("finished", finished, Ink::Consumer, format!("{} in all", look.counts.finished)),
    ]
    .map(|(name, of, ink, total)| {
        let now = told(NOW, of);
        let lately = format!("10 s: {}", told(LATELY, of));
        (name, of, ink, [now, lately, total])
    });
    let widest = |part: usize| {
        lines.iter().map(|(_, _, _, texts)| width(&texts[part])).max().unwrap_or_default()
    };
    let (now, lately, total) = (widest(0).max(7), widest(1).max(13), widest(2));
    // What there is no room for is left out, the total first.
    let room = columns.saturating_sub(NAMES + now + 2);
    let has_lately = room >= lately + 2 + 8;
    let room = if has_lately { room - lately - 2 } else { room };
    let has_total = room >= total + 2 + 12;
    let length = if has_total { room - total - 2 } else { room }.min(LONGEST);
    let bars: Vec<Rate> = history.bars(length).collect();
    let highest = bars.iter().fold(0.0, |most: f64, rate| most.max(rate.put).max(rate.finished));
    lines.map(|(name, of, ink, [now_text, lately_text, total_text])| {
        let chart: String = bars.iter().map(|rate| bar(of(*rate), highest)).collect();
        let mut spans = vec![
            palette.ink(format!("{name:<NAMES$}"), Ink::Quiet),
            palette.ink(format!("{now_text:>now$}  "), Ink::Strong),
        ];
        if has_lately {
            spans.push(palette.ink(format!("{lately_text:<lately$}  "), Ink::Plain));
        }
        spans.push(palette.ink(format!("{chart:>length$}"), ink));
        if has_total {
            spans.push(palette.ink(format!("  {total_text:>total$}"), Ink::Quiet));
        }
        Line::from(spans)
    })
}

/// The lowest only for nothing.
fn bar(value: f64, highest: f64) -> char {
    if value <= 0.0 || highest <= 0.0 {
        return BARS[0];
    }
    let step = (value / highest * (BARS.len() - 1) as f64).ceil() as usize;
    BARS[step.clamp(1, BARS.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn the_lowest_bar_is_nothing_and_the_highest_the_most() {
        let bars: String =
            [0.0, 0.1, 50.0, 99.0, 100.0].map(|value| bar(value, 100.0)).iter().collect();
        assert_eq!(bars, "▁▂▅██");
        assert_eq!(bar(0.0, 0.0), '▁');
    }
}

//! What is wrong, as far as was found.

use ratatui::text::Line;

use super::super::ink::{Ink, Palette};
use super::super::play::Play;
use super::super::wording::clean;
use super::{Lines, Sight};

/// Everything found up to here, the last in sight.
pub(crate) fn findings(play: &Play, palette: Palette) -> Lines {
    let mut lines = Vec::new();
    // What was found last is seen, with all else that was found in the same step.
    let mut last = (0, 0);
    for finding in play.log().findings() {
        if finding.step != last.0 {
            last = (finding.step, lines.len());
        }
        for (place, line) in finding.lines.iter().enumerate() {
            let is_first = place == 0;
            let warns = finding.lines[0].starts_with("warning");
            let ink = if warns || !is_first { Ink::Sleeps } else { Ink::Wrong };
            let after = if is_first { format!("step {}: ", finding.step) } else { String::new() };
            lines.push(Line::from(vec![
                palette.ink(after, Ink::Quiet),
                palette.ink(clean(line), ink),
            ]));
        }
    }
    Lines { lines, sight: Sight::From(last.1) }
}

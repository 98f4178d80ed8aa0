//! What the program has printed.

use ratatui::text::Line;

use super::super::ink::{Ink, Palette};
use super::super::play::Play;
use super::super::wording::clean;
use super::{Lines, Sight};

/// How many lines are made ready: more than a screen shows.
const LAST: usize = 500;

/// The last lines; what the last step printed stands out.
pub(crate) fn output(play: &Play, palette: Palette) -> Lines {
    let printed = play.log().printed();
    let lines = printed[printed.len().saturating_sub(LAST)..]
        .iter()
        .map(|(step, line)| {
            let ink = if *step == play.at() { Ink::Used } else { Ink::Printed };
            Line::from(palette.ink(clean(line), ink))
        })
        .collect();
    Lines { lines, sight: Sight::End }
}

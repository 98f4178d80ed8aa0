//! The panels of the screen: each is a function from the play to lines of text, which plain mode
//! prints as well.

mod findings;
mod lanes;
mod listing;
mod output;
mod shared;
mod source;
mod threads;
mod wrap;

use ratatui::text::Line;

pub(super) use findings::findings;
pub(super) use lanes::lanes;
pub(super) use listing::{belongings, listing};
pub(super) use output::output;
pub(super) use shared::shared;
pub(super) use source::{source, title};
pub(super) use threads::threads;

/// Lines, and which of them have to be seen.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) lines: Vec<Line<'static>>,
    pub(super) sight: Sight,
}

/// Which lines have to be seen if there is no room for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// The first.
    Beginning,
    /// The last.
    End,
    /// That one, with some before and some after it.
    Around(usize),
    /// That one, and those after it.
    From(usize),
}

impl Lines {
    /// The first of them that is seen where there is room for so many.
    pub(super) fn first_seen(&self, room: usize) -> usize {
        let last = self.lines.len().saturating_sub(room);
        match self.sight {
            Sight::Beginning => 0,
            Sight::End => last,
            Sight::Around(at) => at.saturating_sub(room.saturating_sub(1) / 2).min(last),
            Sight::From(at) => at.min(last),
        }
    }
}

/// Lines as plain text.
pub(super) fn plain(lines: &[Line<'_>]) -> String {
    let plain = |line: &Line<'_>| {
        let text: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
        format!("{}\n", text.trim_end())
    };
    lines.iter().map(plain).collect()
}

//! Columns, of which those that matter less are left out where there is no room.

use ratatui::text::Line;

use super::super::ink::{Ink, Palette};
use crate::columns::{self, fitting};

/// A column.
pub(super) struct Column {
    pub(super) title: &'static str,
    pub(super) width: usize,
    /// Numbers stand at the right.
    pub(super) is_number: bool,
    /// From how many columns of the whole on it is shown.
    pub(super) from: usize,
}

pub(super) const fn text(title: &'static str, width: usize, from: usize) -> Column {
    Column { title, width, is_number: false, from }
}

pub(super) const fn number(title: &'static str, width: usize, from: usize) -> Column {
    Column { title, width, is_number: true, from }
}

/// The heads and the rows. The last column has what room is left.
pub(super) fn table<const COLUMNS: usize>(
    heads: &[Column; COLUMNS],
    rows: impl IntoIterator<Item = [(String, Ink); COLUMNS]>,
    columns: usize,
    palette: Palette,
) -> Vec<Line<'static>> {
    let line = |cells: [(String, Ink); COLUMNS]| {
        let mut left = columns;
        let mut spans = Vec::new();
        let mut shown = heads.iter().zip(cells).filter(|(head, _)| columns >= head.from).peekable();
        while let Some((head, (cell, ink))) = shown.next() {
            let width = if shown.peek().is_some() { head.width.min(left) } else { left };
            left = left.saturating_sub(width + 2);
            let cell = if head.is_number && columns::width(&cell) <= width {
                format!("{cell:>width$}")
            } else {
                fitting(&cell, width)
            };
            let gap = if shown.peek().is_some() { "  " } else { "" };
            spans.push(palette.ink(cell + gap, ink));
        }
        Line::from(spans)
    };
    let titles = heads.each_ref().map(|head| (head.title.to_owned(), Ink::Quiet));
    std::iter::once(titles).chain(rows).map(line).collect()
}

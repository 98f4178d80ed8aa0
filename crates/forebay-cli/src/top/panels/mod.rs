//! The parts of the picture: each a function from what was seen to lines of text.

mod deaths;
mod flow;
mod gauge;
mod holds;
mod members;
mod table;

use ratatui::text::Line;

use super::ink::{Ink, Palette};
use crate::columns::{fitting, width};

pub(super) use deaths::deaths;
pub(super) use flow::flow;
pub(super) use gauge::{Gauge, gauge};
pub(super) use holds::holds;
pub(super) use members::members;

/// Columns of the names at the left.
const NAMES: usize = 10;

/// A part with a title, that may have less room than it likes.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) title: String,
    /// The heads of columns; then a line for each thing.
    pub(super) lines: Vec<Line<'static>>,
}

/// A text under its name, broken into lines between words.
pub(super) fn named(
    name: &str,
    text: &str,
    ink: Ink,
    columns: usize,
    palette: Palette,
) -> Vec<Line<'static>> {
    let room = columns.saturating_sub(NAMES).max(1);
    let mut rows = vec![String::new()];
    for word in text.split(' ') {
        let row = rows.last_mut().expect("there is one");
        if row.is_empty() {
            row.push_str(word);
        } else if width(row) + 1 + width(word) <= room {
            row.push(' ');
            row.push_str(word);
        } else {
            rows.push(word.to_owned());
        }
    }
    let names = std::iter::once(name).chain(std::iter::repeat(""));
    rows.into_iter()
        .zip(names)
        .map(|(row, name)| {
            Line::from(vec![
                palette.ink(format!("{name:<NAMES$}"), Ink::Quiet),
                palette.ink(fitting(&row, room).trim_end(), ink),
            ])
        })
        .collect()
}

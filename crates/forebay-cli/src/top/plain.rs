//! The picture as plain text, whole.

use std::fmt::Write as _;
use std::io;

use ratatui::text::Line;
use rustix::termios::tcgetwinsize;

use super::ink::Palette;
use super::panels::Panel;
use super::picture::Picture;
use super::watch::Watch;

/// As many columns as one likes to read, where no terminal says how many there are.
const COLUMNS: usize = 100;
/// So many lines of one panel.
const MOST: usize = 1_000;

/// How many columns there are to print in.
pub(super) fn columns() -> usize {
    let columns = tcgetwinsize(io::stdout()).map_or(0, |size| size.ws_col);
    if columns == 0 { COLUMNS } else { columns.into() }
}

pub(super) fn text(watch: &Watch, columns: usize) -> String {
    let palette = Palette { colored: false };
    picture(&Picture { look: &watch.look, history: &watch.history, palette }, columns)
}

pub(super) fn picture(picture: &Picture<'_>, columns: usize) -> String {
    let mut text = plain(&picture.head(columns));
    for line in picture.upper(columns, usize::MAX) {
        text += &plain(&line);
    }
    let panels = [Some(picture.members(columns)), picture.holds(columns), picture.deaths(columns)];
    for Panel { title, lines } in panels.into_iter().flatten() {
        let _ = write!(text, "\n{title}\n");
        for line in lines.iter().take(MOST) {
            text += &plain(line);
        }
        if let Some(more) = lines.len().checked_sub(MOST + 1) {
            let _ = writeln!(text, "… {} more", more + 1);
        }
    }
    text
}

fn plain(line: &Line<'_>) -> String {
    let text: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
    format!("{}\n", text.trim_end())
}

//! How full the buffer is.

use ratatui::text::Line;

use super::super::ink::{Ink, Palette};
use super::NAMES;
use crate::columns::width;

/// The longest bar that is looked at as one.
const LONGEST: usize = 60;
/// The shortest that tells anything.
const SHORTEST: usize = 8;

/// What is measured, and what is said beside it.
pub(in crate::top) struct Gauge<'a> {
    pub(in crate::top) name: &'a str,
    pub(in crate::top) value: u64,
    pub(in crate::top) most: u64,
    /// The greatest value seen.
    pub(in crate::top) mark: Option<u64>,
    /// The texts beside it, the second of which is left out where there is no room.
    pub(in crate::top) texts: [String; 2],
}

pub(in crate::top) fn gauge(gauge: &Gauge<'_>, columns: usize, palette: Palette) -> Line<'static> {
    let Gauge { name, value, most, mark, texts: [text, more] } = gauge;
    let with_more = format!("{text}{more}");
    let room = columns.saturating_sub(NAMES + 1);
    let text = if width(&with_more) + SHORTEST <= room { with_more } else { text.clone() };
    let length = room.saturating_sub(width(&text)).min(LONGEST);
    let name = palette.ink(format!("{name:<NAMES$}"), Ink::Quiet);
    if length < SHORTEST {
        return Line::from(vec![name, palette.ink(text, Ink::Plain)]);
    }
    let is_full = value >= most;
    let filled = eighths(*value, *most, length);
    let (whole, part) = (filled / 8, filled % 8);
    let mut bar: Vec<char> = vec!['█'; whole.min(length)];
    if part > 0 && bar.len() < length {
        bar.push(PARTS[part - 1]);
    }
    let full = bar.len();
    bar.resize(length, '·');
    if let Some(mark) = mark {
        // The mark stands where a bar of its length would end, if it is beyond this one.
        let at = eighths(*mark, *most, length).div_ceil(8).clamp(1, length) - 1;
        if at >= full {
            bar[at] = '╎';
        }
    }
    let (bar, empty) = bar.split_at(full);
    Line::from(vec![
        name,
        palette.ink(String::from_iter(bar), if is_full { Ink::Waits } else { Ink::Producer }),
        palette.ink(String::from_iter(empty), Ink::Quiet),
        palette.ink(format!(" {text}"), Ink::Plain),
    ])
}

const PARTS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// How much of a bar is filled, in eighths of a column: none only of nothing, all only of all.
fn eighths(value: u64, most: u64, length: usize) -> usize {
    let all = length as u64 * 8;
    if value >= most {
        return all as usize;
    }
    let part = u128::from(value) * u128::from(all) / u128::from(most.max(1));
    (part as u64).clamp(u64::from(value > 0), all - 1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_empty_only_of_nothing_and_full_only_of_all() {
        assert_eq!(
            [0, 1, 500, 999, 1_000].map(|value| eighths(value, 1_000, 10)),
            [0, 1, 40, 79, 80]
        );
        assert_eq!(eighths(u64::MAX - 1, u64::MAX, 10), 79);
        assert_eq!(eighths(7, 5, 10), 80);
        assert_eq!(eighths(0, 0, 10), 80);
    }
}

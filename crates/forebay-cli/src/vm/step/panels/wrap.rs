//! Long lines, folded at blanks.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{Lines, Sight};

/// How far the rows of a line after its first are moved to the right.
const INDENT: usize = 2;

impl Lines {
    /// With every line folded into rows of so many columns.
    pub(crate) fn wrapped(self, columns: usize) -> Self {
        let mut lines = Vec::with_capacity(self.lines.len());
        let mut begins = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            begins.push(lines.len());
            lines.extend(wrap(line, columns));
        }
        let row = |at: usize| begins.get(at).copied().unwrap_or(0);
        let sight = match self.sight {
            Sight::Around(at) => Sight::Around(row(at)),
            Sight::From(at) => Sight::From(row(at)),
            sight => sight,
        };
        Self { lines, sight }
    }
}

/// The rows of a line; a word that is longer than a row is cut.
pub(super) fn wrap(line: &Line<'_>, columns: usize) -> Vec<Line<'static>> {
    if line.width() <= columns || columns == 0 {
        return vec![owned(line)];
    }
    let indent = if columns > 4 * INDENT { INDENT } else { 0 };
    let letters: Vec<(char, Style)> = line
        .spans
        .iter()
        .flat_map(|span| span.content.chars().map(move |char| (char, span.style)))
        .collect();
    let width = |char: char| Span::raw(char.encode_utf8(&mut [0; 4]) as &str).width();
    let mut rows = Vec::new();
    let mut begin = 0;
    while begin < letters.len() {
        let inset = if rows.is_empty() { 0 } else { indent };
        let mut used = inset;
        let mut end = begin;
        while end < letters.len() && used + width(letters[end].0) <= columns {
            used += width(letters[end].0);
            end += 1;
        }
        // What is wider than the room is put there all the same.
        end = end.max(begin + 1);
        let mut next = end;
        if end < letters.len() {
            let blank = letters[begin..=end].iter().rposition(|(char, _)| *char == ' ');
            if let Some(blank) = blank.filter(|blank| *blank > 0) {
                end = begin + blank;
                next = end + 1;
            }
        }
        rows.push(row(&letters[begin..end], inset));
        begin = next;
    }
    rows
}

fn row(letters: &[(char, Style)], inset: usize) -> Line<'static> {
    let mut spans = vec![Span::raw(" ".repeat(inset))];
    for piece in letters.chunk_by(|(_, a), (_, b)| a == b) {
        let text: String = piece.iter().map(|(char, _)| char).collect();
        spans.push(Span::styled(text, piece[0].1));
    }
    Line::from(spans)
}

fn owned(line: &Line<'_>) -> Line<'static> {
    let spans = line.spans.iter().map(|it| Span::styled(it.content.clone().into_owned(), it.style));
    spans.collect::<Line<'static>>().style(line.style)
}

#[cfg(test)]
mod tests {
    use super::super::plain;
    use super::*;

    fn wrapped(text: &str, columns: usize) -> String {
        plain(&wrap(&Line::from(text.to_owned()), columns))
    }

    #[test]
    fn lines_are_folded_at_blanks() {
        assert_eq!(wrapped("to be or not", 12), "to be or not\n");
        assert_eq!(wrapped("to be or not to be", 12), "to be or not\n  to be\n");
        assert_eq!(wrapped("to be or nought", 12), "to be or\n  nought\n");
        assert_eq!(wrapped("abcdefghijklm", 10), "abcdefghij\n  klm\n");
        assert_eq!(wrapped("日本語", 4), "日本\n語\n");
        assert_eq!(wrapped("日本", 1), "日\n本\n");
        assert_eq!(wrapped("anything", 0), "anything\n");
    }

    #[test]
    fn the_sight_moves_along() {
        let lines = vec![Line::from("to be or not to be"), Line::from("that")];
        let lines = Lines { lines, sight: Sight::From(1) }.wrapped(12);
        assert_eq!(lines.sight, Sight::From(2));
    }
}

//! Text on a screen: as many columns as it takes, and cut to those there are.

use ratatui::text::Span;

/// The columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// A text of so many columns: cut with an ellipsis, or filled with blanks.
pub(crate) fn fitting(text: &str, columns: usize) -> String {
    let mut fitting = String::new();
    if width(text) <= columns {
        fitting.push_str(text);
    } else {
        let mut room = columns.saturating_sub(1);
        for char in text.chars() {
            let needs = width(char.encode_utf8(&mut [0; 4]));
            if needs > room {
                break;
            }
            room -= needs;
            fitting.push(char);
        }
        if columns > 0 {
            fitting.push('…');
        }
    }
    let filling = columns.saturating_sub(width(&fitting));
    fitting.extend(std::iter::repeat_n(' ', filling));
    fitting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_and_filled_by_columns() {
        assert_eq!(fitting("abc", 5), "abc  ");
        assert_eq!(fitting("abcdef", 5), "abcd…");
        assert_eq!(fitting("日本語", 5), "日本…");
        assert_eq!(fitting("日本語", 4), "日… ");
        assert_eq!([fitting("ab", 1), fitting("ab", 0), fitting("", 2)], ["…", "", "  "]);
    }
}

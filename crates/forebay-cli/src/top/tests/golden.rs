//! The whole picture.

use super::super::plain;
use super::*;

#[test]
fn on_terminals_of_several_sizes_and_as_text() {
    let look = busy();
    let history = history(&look, 30);
    let screen = |columns, rows| shown(&look, &history, columns, rows);
    let picture = Picture { look: &look, history: &history, palette: Palette { colored: false } };
    let texts = [
        ("40x10", screen(40, 10), include_str!("40x10.txt")),
        ("80x24", screen(80, 24), include_str!("80x24.txt")),
        ("120x30", screen(120, 30), include_str!("120x30.txt")),
        ("plain", plain::picture(&picture, 100), include_str!("plain.txt")),
    ];
    for (name, text, golden) in texts {
        assert!(text == golden, "{name}:\n{text}\nis not\n{golden}");
    }
}

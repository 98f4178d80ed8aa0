//! The tables of the page.

/// A line: what one types today, and what instead.
#[derive(Debug)]
pub(crate) struct Row {
    /// `None` where the first cell is told in words: then the new line only has to succeed.
    pub(crate) old: Option<String>,
    pub(crate) new: String,
}

/// All lines of the tables.
///
/// # Panics
///
/// If a line with code in it does not have code, and nothing else, in its second cell.
pub(crate) fn rows(page: &str) -> Vec<Row> {
    page.lines()
        .filter(|line| line.starts_with('|') && line.contains('`'))
        .map(|line| {
            let cells = cells(&line[1..]);
            let new = cells.get(1).and_then(|cell| code(cell));
            let new = new.unwrap_or_else(|| panic!("what is run instead? {line}"));
            assert_eq!(cells.len(), 4, "three cells, and what is after the last bar: {line}");
            Row { old: code(&cells[0]), new }
        })
        .collect()
}

/// What is in a cell that is code and nothing else.
fn code(cell: &str) -> Option<String> {
    let code = cell.trim().strip_prefix('`')?.strip_suffix('`')?;
    (!code.contains('`')).then(|| code.to_owned())
}

/// The cells of a line; `\|` is a bar in a cell.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let cell = cells.last_mut().expect("there is always one");
        match character {
            '\\' if characters.peek() == Some(&'|') => cell.extend(characters.next()),
            '|' => cells.push(String::new()),
            other => cell.push(other),
        }
    }
    cells
}

#[test]
fn bars_in_cells_are_kept() {
    let rows = rows(
        "| a | b | |\n|---|---|---|\n| `x \\| y` | `z` | note |\n| in `words`, `so` | `z` | |\n",
    );
    let olds: Vec<_> = rows.iter().map(|row| row.old.as_deref()).collect();
    assert_eq!(olds, [Some("x | y"), None]);
    assert!(rows.iter().all(|row| row.new == "z"));
}

#[test]
#[should_panic(expected = "what is run instead?")]
fn a_line_that_nobody_would_run_is_refused() {
    rows("| `x` | z, in words | |\n");
}

//! The tables of the page.

/// A line: what one types today, and what instead.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) old: String,
    pub(crate) new: String,
}

/// All lines whose first two cells are code.
pub(crate) fn rows(page: &str) -> Vec<Row> {
    page.lines()
        .filter_map(|line| {
            let cells = cells(line.strip_prefix('|')?);
            let code = |cell: Option<&String>| {
                let cell = cell?.trim();
                Some(cell.strip_prefix('`')?.strip_suffix('`')?.to_owned())
            };
            Some(Row { old: code(cells.first())?, new: code(cells.get(1))? })
        })
        .collect()
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
    let rows = rows("| a | b |\n|---|---|\n| `x \\| y` | `z` | note |\n| no code | `z` |\n");
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].old.as_str(), rows[0].new.as_str()), ("x | y", "z"));
}

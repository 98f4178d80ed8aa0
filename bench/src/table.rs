//! Rows and columns for people, JSON for machines.

use std::error::Error;
use std::fs;
use std::path::Path;

use serde::Serialize;

/// Rows of text in columns; the first column is flush left, the others flush right.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with this heading.
    pub fn new<S: Into<String>>(heading: impl IntoIterator<Item = S>) -> Self {
        let mut table = Self::default();
        table.row(heading);
        table
    }

    /// Adds a row.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// In the form of Markdown, which can also be read as it stands.
    pub fn markdown(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let widths = self.rows.iter().filter_map(|row| row.get(column));
            widths.map(|cell| cell.chars().count()).max().unwrap_or(0).max(3)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut lines = Vec::new();
        for row in &self.rows {
            let cells = widths.iter().enumerate().map(|(column, width)| {
                let cell = row.get(column).map_or("", String::as_str);
                let padding = " ".repeat(width - cell.chars().count());
                if column == 0 { format!("{cell}{padding}") } else { format!("{padding}{cell}") }
            });
            lines.push(format!("| {} |", cells.collect::<Vec<_>>().join(" | ")));
        }
        let rules = widths.iter().enumerate().map(|(column, width)| {
            let dashes = "-".repeat(width + 1);
            if column == 0 { format!("{dashes}-") } else { format!("{dashes}:") }
        });
        lines.insert(1, format!("|{}|", rules.collect::<Vec<_>>().join("|")));
        lines.join("\n") + "\n"
    }
}

/// Writes `value` to `path`, if one is given.
pub fn write_json(path: Option<&Path>, value: &impl Serialize) -> Result<(), String> {
    let Some(path) = path else { return Ok(()) };
    let complaint = |error: &dyn Error| format!("{}: {error}", path.display());
    let text = serde_json::to_string_pretty(value).map_err(|error| complaint(&error))?;
    fs::write(path, text + "\n").map_err(|error| complaint(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(["what", "µs"]);
        table.row(["a", "12.5"]);
        assert_eq!(table.markdown(), "| what |   µs |\n|------|-----:|\n| a    | 12.5 |\n");
    }
}

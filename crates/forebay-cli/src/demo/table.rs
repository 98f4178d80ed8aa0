//! A small table, for what is compared at the end of a scene.

use std::fmt::Write as _;
use std::iter;

use super::narrator;

/// Rows under headings. The first column names the row.
#[derive(Debug)]
pub(super) struct Table<const COLUMNS: usize> {
    head: [&'static str; COLUMNS],
    rows: Vec<[String; COLUMNS]>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    pub(super) fn headed(head: [&'static str; COLUMNS]) -> Self {
        Self { head, rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: [String; COLUMNS]) {
        self.rows.push(cells);
    }

    /// Prints it as wide as fits.
    pub(super) fn print(&self) {
        narrator::print_all(self.laid_out(narrator::width()));
    }

    /// In columns where there is room; else each row is a paragraph.
    fn laid_out(&self, width: usize) -> Vec<String> {
        let head = self.head.map(str::to_owned);
        let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
            let cells = iter::once(&head).chain(&self.rows).map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        });
        if widths.iter().sum::<usize>() + 2 * (COLUMNS - 1) <= width {
            return iter::once(&head).chain(&self.rows).map(|row| aligned(row, &widths)).collect();
        }
        let paragraph = |row: &[String; COLUMNS]| {
            let facts = iter::zip(&self.head, row).skip(1);
            let facts = facts.map(|(head, cell)| format!("  {head}: {cell}"));
            iter::once(row[0].clone()).chain(facts).collect::<Vec<_>>()
        };
        self.rows.iter().flat_map(paragraph).collect()
    }
}

/// The first column begins at the left, the others end at the right.
fn aligned<const COLUMNS: usize>(row: &[String; COLUMNS], widths: &[usize; COLUMNS]) -> String {
    let mut line = format!("{:<width$}", row[0], width = widths[0]);
    for (cell, width) in iter::zip(row, widths).skip(1) {
        let _ = write!(line, "  {cell:>width$}");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_where_there_is_room_and_paragraphs_where_there_is_none() {
        let mut table = Table::headed(["who", "took"]);
        table.row(["consumer-1".to_owned(), "7".to_owned()]);
        assert_eq!(table.laid_out(16), ["who         took", "consumer-1     7"]);
        assert_eq!(table.laid_out(15), ["consumer-1", "  took: 7"]);
    }
}

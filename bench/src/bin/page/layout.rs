//! Where the cells of a report stand: the last axis goes across, all others go down.

use bench::report::{Cell, Report};

/// The cells of a report in rows and columns.
pub(crate) struct Layout<'a> {
    pub(crate) rows: Vec<String>,
    pub(crate) columns: Vec<String>,
    cells: Vec<(String, String, &'a Cell)>,
}

impl<'a> Layout<'a> {
    pub(crate) fn of(report: &'a Report) -> Self {
        let place = |cell: &'a Cell| {
            let names = report.subject.axes.iter().zip(&cell.at);
            let mut names: Vec<String> = names.map(|(axis, name)| told(axis, name)).collect();
            let column = names.pop().expect("a cell stands somewhere");
            (names.join(" · "), column, cell)
        };
        let cells: Vec<_> = report.cells.iter().map(place).collect();
        let (mut rows, mut columns) = (Vec::new(), Vec::new());
        for (row, column, _) in &cells {
            if !rows.contains(row) {
                rows.push(row.clone());
            }
            if !columns.contains(column) {
                columns.push(column.clone());
            }
        }
        Self { rows, columns, cells }
    }

    pub(crate) fn cell(&self, row: &str, column: &str) -> Option<&'a Cell> {
        self.cells.iter().find(|(r, c, _)| r == row && c == column).map(|(_, _, cell)| *cell)
    }

    /// All that stand in this column.
    pub(crate) fn down(&self, column: &str) -> impl Iterator<Item = &'a Cell> {
        self.cells.iter().filter(move |(_, c, _)| c == column).map(|(_, _, cell)| *cell)
    }
}

/// A number says nothing without its axis; words speak for themselves.
fn told(axis: &str, name: &str) -> String {
    if name.parse::<f64>().is_ok() { format!("{axis} {name}") } else { name.to_owned() }
}

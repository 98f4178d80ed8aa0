//! What one command gets: a row of the input, or several, each with its columns; or a block.

use std::ffi::OsString;
use std::ops::Deref;
use std::slice;
use std::sync::Arc;

/// The arguments, all in one list; where they come from rows of several columns, it is known which
/// belong together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arguments {
    /// Bytes from end to end: nothing here must be UTF-8.
    list: Vec<OsString>,
    /// Where each row ends. Empty where each argument is a row of its own.
    row_ends: Vec<usize>,
    block: Option<Arc<Vec<u8>>>,
}

impl Arguments {
    pub(crate) const NONE: Self = Self { list: Vec::new(), row_ends: Vec::new(), block: None };

    /// Rows of several columns, the last of which ends with the list; without any ends, each argument is
    /// a row.
    pub(crate) fn rows_of(list: Vec<OsString>, row_ends: Vec<usize>) -> Self {
        Self { list, row_ends, block: None }
    }

    /// What the command reads on its standard input, and the name by which people know it.
    pub(crate) fn block(name: String, block: Vec<u8>) -> Self {
        Self { list: vec![name.into()], row_ends: Vec::new(), block: Some(Arc::new(block)) }
    }

    /// What the command is to read on its standard input.
    pub(crate) fn input(&self) -> Option<&[u8]> {
        self.block.as_deref().map(Vec::as_slice)
    }

    /// The rows, each with its columns.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[OsString]> {
        let mut start = 0;
        let several = self.row_ends.iter().map(move |end| {
            let row = &self.list[start..*end];
            start = *end;
            row
        });
        let single = if self.row_ends.is_empty() { &self.list[..] } else { &[] };
        several.chain(single.iter().map(slice::from_ref))
    }

    /// Whether rows have several columns.
    pub(crate) fn has_columns(&self) -> bool {
        !self.row_ends.is_empty()
    }
}

impl Deref for Arguments {
    type Target = [OsString];

    fn deref(&self) -> &[OsString] {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were() {
        let list = ["a", "b", "c"].map(OsString::from).to_vec();
        let rows = |arguments: &Arguments| arguments.rows().map(<[_]>::len).collect::<Vec<_>>();
        assert_eq!(rows(&Arguments::rows_of(list.clone(), Vec::new())), [1, 1, 1]);
        assert_eq!(rows(&Arguments::rows_of(list, vec![2, 3])), [2, 1]);
    }
}

//! How a row of the input lies in a file, and comes out of it again.
//!
//! A row of one column lies there as it is, so that whoever puts or takes by hand sees the item itself. Where
//! `--colsep` splits rows, it is the row before it was split. The columns of several sources have a tab in
//! between, and are [escaped](crate::run::outlet::escape) as in the joblog.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::run::arguments::Arguments;
use crate::run::intake::delimiter::Delimiter;
use crate::run::outlet::escape::{escaped, unescaped};

/// What an item of the file is to a command.
#[derive(Debug)]
pub(crate) enum Form {
    /// One argument.
    Whole,
    /// Columns, split at this.
    Split(Delimiter),
    /// Columns of several sources.
    Sources,
    /// What it reads on its standard input.
    Block,
}

impl Form {
    /// The item that a row makes.
    pub(crate) fn bytes(&self, row: &[OsString]) -> Vec<u8> {
        match self {
            Self::Whole | Self::Block => {
                row.first().map_or_else(Vec::new, |it| it.as_bytes().into())
            }
            Self::Split(separator) => {
                let columns: Vec<_> = row.iter().map(|column| column.as_bytes()).collect();
                columns.join(separator.bytes())
            }
            Self::Sources => {
                let columns: Vec<_> = row.iter().map(|column| escaped(column.as_bytes())).collect();
                columns.join("\t").into_bytes()
            }
        }
    }

    /// The columns of an item.
    fn row(&self, bytes: &[u8], columns: &mut Vec<OsString>) {
        match self {
            Self::Whole | Self::Block => columns.push(OsString::from_vec(bytes.to_vec())),
            Self::Split(separator) => separator.split(bytes, |column| {
                columns.push(OsString::from_vec(column.to_vec()));
            }),
            // What somebody else has put may not be escaped: then it is as it is.
            Self::Sources => columns.extend(bytes.split(|byte| *byte == b'\t').map(|column| {
                OsString::from_vec(unescaped(column).unwrap_or_else(|| column.to_vec()))
            })),
        }
    }

    /// What a command gets for these items, the first of which has this number.
    pub(crate) fn arguments<'a>(
        &self,
        number: u64,
        items: impl Iterator<Item = &'a [u8]>,
    ) -> Arguments {
        let (mut list, mut row_ends) = (Vec::new(), Vec::new());
        for item in items {
            if matches!(self, Self::Block) {
                return Arguments::block(
                    format!("item {number} ({} bytes)", item.len()),
                    item.into(),
                );
            }
            self.row(item, &mut list);
            if !matches!(self, Self::Whole) {
                row_ends.push(list.len());
            }
        }
        Arguments::rows_of(list, row_ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_out_as_they_went_in() {
        let split = Form::Split(Delimiter::byte(b','));
        for (form, row, bytes) in [
            (Form::Whole, &["a\tb\\"][..], &b"a\tb\\"[..]),
            (Form::Whole, &[""], b""),
            (split, &["a", "", "b"], b"a,,b"),
            (Form::Sources, &["a\tb", "c\\", ""], b"a\\tb\tc\\\\\t"),
        ] {
            let row: Vec<_> = row.iter().map(OsString::from).collect();
            assert_eq!(form.bytes(&row), bytes);
            let arguments = form.arguments(1, [bytes, bytes].into_iter());
            assert_eq!(arguments.rows().collect::<Vec<_>>(), [&row[..], &row[..]]);
        }
    }

    #[test]
    fn what_others_put_is_taken_as_it_is() {
        let arguments = Form::Sources.arguments(1, [&b"C:\\dir"[..]].into_iter());
        assert_eq!(*arguments, ["C:\\dir"]);
        let block = Form::Block.arguments(3, [&b"a\nb"[..]].into_iter());
        assert_eq!(
            (block.input(), block[0].to_str()),
            (Some(&b"a\nb"[..]), Some("item 3 (3 bytes)"))
        );
    }
}

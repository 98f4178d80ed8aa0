//! The rows of a run: the items of one source; or of several, each with each, or side by side.
//!
//! The first source is streamed. The others, which a product goes through again and again, are read
//! once, when the first row is asked for, and kept in memory; the product itself never is.

use std::ffi::OsString;
use std::fs::File;
use std::io::IsTerminal;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::run::intake::delimiter::Delimiter;
use crate::run::intake::origin::{Format, Origin, Origins, is_blank};
use crate::run::intake::upstream::Upstream;

/// What one source gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Values {
    Arguments(Vec<OsString>),
    File(PathBuf),
}

/// A source as it stands on the command line after `:::` or `::::`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    /// Whether it goes side by side with the one before it, as after `:::+`.
    pub(crate) linked: bool,
    pub(crate) values: Values,
}

impl Given {
    /// The file that it is read from, if it is not given as arguments.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.values {
            Values::Arguments(_) => None,
            Values::File(path) => Some(path),
        }
    }

    fn open(self) -> Result<Origin, String> {
        match self.values {
            Values::Arguments(list) => Ok(Origin::arguments(list)),
            Values::File(path) => Origin::open(&path),
        }
    }
}

/// How many columns rows have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    /// So many, one from each source.
    Known(usize),
    /// What `--colsep` makes of each row.
    Split,
}

impl Columns {
    pub(crate) fn is_one(self) -> bool {
        self == Self::Known(1)
    }
}

/// All rows of a run, in order.
#[derive(Debug)]
pub(crate) struct Source {
    format: Format,
    separator: Option<Delimiter>,
    first: Origins,
    /// Side by side with the first.
    beside: Vec<Origins>,
    /// Each varies faster than the one before it.
    inner: Vec<Inner>,
    /// What the first gave, and those beside it, while the product goes through the inner ones.
    outer_row: Vec<OsString>,
    /// The row of each inner source that comes next; none when the outer row is done.
    next_rows: Vec<usize>,
    ended: bool,
    awaits_terminal: bool,
}

/// Sources that a product goes through for each row before them.
#[derive(Debug)]
struct Inner {
    sources: Vec<Origins>,
    rows: Option<Vec<Vec<OsString>>>,
}

impl Source {
    /// Opens everything, so that a file that is missing is told before anything runs. The files of
    /// `-a` one after another are the first source, together with what the first `:::` gives.
    pub(crate) fn open(
        files: &[PathBuf],
        given: Vec<Given>,
        separator: Option<Delimiter>,
        format: Format,
    ) -> Result<Self, String> {
        let mut first = Vec::new();
        for path in files {
            first.push(Origin::open(path)?);
        }
        let mut given = given.into_iter().peekable();
        let mut awaits_terminal = false;
        if let Some(given) = given.next_if(|given| !given.linked) {
            first.push(given.open()?);
        } else if first.is_empty() {
            first.push(Origin::open(Path::new("-"))?);
            awaits_terminal = std::io::stdin().is_terminal();
        }
        let mut beside = Vec::new();
        let mut inner: Vec<Inner> = Vec::new();
        for given in given {
            let linked = given.linked;
            let source = Origins::new(vec![given.open()?]);
            match inner.last_mut() {
                Some(inner) if linked => inner.sources.push(source),
                None if linked => beside.push(source),
                _ => inner.push(Inner { sources: vec![source], rows: None }),
            }
        }
        Ok(Self {
            format,
            separator,
            first: Origins::new(first),
            beside,
            inner,
            outer_row: Vec::new(),
            next_rows: Vec::new(),
            ended: false,
            awaits_terminal,
        })
    }

    /// What a producer's command writes.
    pub(crate) fn of_command(
        name: String,
        output: File,
        separator: Option<Delimiter>,
        format: Format,
    ) -> Self {
        let origin = Origin::file(name, output);
        Self {
            format,
            separator,
            first: Origins::new(vec![origin]),
            beside: Vec::new(),
            inner: Vec::new(),
            outer_row: Vec::new(),
            next_rows: Vec::new(),
            ended: false,
            awaits_terminal: false,
        }
    }

    /// Whether all rows are there already, as arguments.
    pub(crate) fn is_list(&self) -> bool {
        self.first.is_list() && self.beside.iter().all(Origins::is_list)
    }

    /// Whether somebody has to type the items.
    pub(crate) fn awaits_terminal(&self) -> bool {
        self.awaits_terminal
    }

    pub(crate) fn delimiter(&self) -> &Delimiter {
        &self.format.delimiter
    }

    fn is_alone(&self) -> bool {
        self.beside.is_empty() && self.inner.is_empty()
    }

    pub(crate) fn columns(&self) -> Columns {
        if self.separator.is_some() {
            return Columns::Split;
        }
        let inner: usize = self.inner.iter().map(|inner| inner.sources.len()).sum();
        Columns::Known(1 + self.beside.len() + inner)
    }

    /// How many rows there will be, if that can be known without waiting for them.
    pub(crate) fn count(&self) -> Option<u64> {
        if self.is_alone() {
            return self.first.count(&self.format);
        }
        if self.format.skip_blank {
            // Which of a product are blank is not worth finding out.
            return None;
        }
        let shortest = |sources: &[Origins]| -> Option<u64> {
            let mut least = u64::MAX;
            for source in sources {
                least = least.min(source.count(&self.format)?);
            }
            Some(least)
        };
        let mut count = self.first.count(&self.format)?.min(shortest(&self.beside)?);
        for inner in &self.inner {
            count = count.checked_mul(shortest(&inner.sources)?)?;
        }
        Some(count)
    }

    /// What is to be seen of the place that the next row comes from.
    pub(crate) fn upstream(&self) -> Upstream {
        self.first.upstream()
    }

    /// Adds the columns of the next row. An error names the file; where there is one source it ends
    /// that file only, and all rows where there are several.
    pub(crate) fn next(&mut self, columns: &mut Vec<OsString>) -> Option<Result<(), String>> {
        if !self.is_alone() {
            return self.next_of_several(columns);
        }
        loop {
            match self.first.next(&self.format)? {
                Err(message) => return Some(Err(message)),
                Ok(item) if self.format.skip_blank && is_blank(&item) => {}
                Ok(item) => {
                    split(self.separator.as_ref(), item, columns);
                    return Some(Ok(()));
                }
            }
        }
    }

    fn next_of_several(&mut self, columns: &mut Vec<OsString>) -> Option<Result<(), String>> {
        loop {
            if self.ended {
                return None;
            }
            let begun = if self.outer_row.is_empty() { self.begin_row() } else { Ok(true) };
            match begun {
                Ok(true) => {}
                Ok(false) => {
                    self.ended = true;
                    return None;
                }
                Err(message) => {
                    self.ended = true;
                    return Some(Err(message));
                }
            }
            let chosen = self.inner.iter().zip(&self.next_rows);
            let chosen = chosen.filter_map(|(inner, next)| inner.rows.as_ref()?.get(*next));
            let mut row = self.outer_row.iter().chain(chosen.flatten());
            let is_skipped = self.format.skip_blank && row.clone().all(|item| is_blank(item));
            if !is_skipped {
                row.by_ref().for_each(|item| split(self.separator.as_ref(), item.clone(), columns));
            }
            self.advance();
            if !is_skipped {
                return Some(Ok(()));
            }
        }
    }

    /// Reads the next row of the first source and those beside it. Says whether there is one.
    fn begin_row(&mut self) -> Result<bool, String> {
        for inner in &mut self.inner {
            if inner.read(&self.format)? == 0 {
                return Ok(false);
            }
        }
        for source in std::iter::once(&mut self.first).chain(&mut self.beside) {
            match source.next(&self.format) {
                None => return Ok(false),
                Some(item) => self.outer_row.push(item?),
            }
        }
        self.next_rows = vec![0; self.inner.len()];
        Ok(true)
    }

    /// The last inner source goes on by one; one that is through begins anew, and the one before it
    /// goes on.
    fn advance(&mut self) {
        for (inner, next) in self.inner.iter().zip(&mut self.next_rows).rev() {
            *next += 1;
            if inner.rows.as_ref().is_some_and(|rows| *next < rows.len()) {
                return;
            }
            *next = 0;
        }
        self.outer_row.clear();
    }
}

impl Inner {
    /// Reads all, unless that was done. Says how many rows there are: as many as the shortest of
    /// those side by side has.
    fn read(&mut self, format: &Format) -> Result<usize, String> {
        if let Some(rows) = &self.rows {
            return Ok(rows.len());
        }
        let mut rows = Vec::new();
        'rows: loop {
            let mut row = Vec::with_capacity(self.sources.len());
            for source in &mut self.sources {
                match source.next(format) {
                    None => break 'rows,
                    Some(item) => row.push(item?),
                }
            }
            rows.push(row);
        }
        Ok(self.rows.insert(rows).len())
    }
}

fn split(separator: Option<&Delimiter>, item: OsString, columns: &mut Vec<OsString>) {
    match separator {
        None => columns.push(item),
        Some(separator) => separator.split(item.as_bytes(), |column| {
            columns.push(OsString::from_vec(column.to_vec()));
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(linked: bool, list: &[&str]) -> Given {
        let list = list.iter().map(OsString::from).collect();
        Given { linked, values: Values::Arguments(list) }
    }

    fn source(given: Vec<Given>, separator: Option<&str>, skip_blank: bool) -> Source {
        let separator = separator.map(|text| Delimiter::parse("--colsep", text.as_ref()).unwrap());
        let format = Format { delimiter: Delimiter::byte(b'\n'), end: None, skip_blank };
        Source::open(&[], given, separator, format).unwrap()
    }

    fn rows(source: &mut Source) -> Vec<String> {
        let mut rows = Vec::new();
        let mut columns = Vec::new();
        while let Some(row) = source.next(&mut columns) {
            row.unwrap();
            let row: Vec<_> = columns.drain(..).map(|cell| cell.into_string().unwrap()).collect();
            rows.push(row.join("+"));
        }
        rows
    }

    /// What GNU parallel 20221122 gives to `echo {}` for the same.
    #[test]
    fn sources_are_combined() {
        for (sources, expected) in [
            (vec![given(false, &["a", "b"]), given(false, &["c", "d"])], "a+c a+d b+c b+d"),
            (vec![given(false, &["a", "b", "c"]), given(true, &["1", "2"])], "a+1 b+2"),
            (
                vec![
                    given(false, &["a", "b"]),
                    given(true, &["1", "2"]),
                    given(false, &["x", "y"]),
                ],
                "a+1+x a+1+y b+2+x b+2+y",
            ),
            (
                vec![given(false, &["a", "b"]), given(false, &["x", "y"]), given(true, &["1"])],
                "a+x+1 b+x+1",
            ),
            (
                ["ab", "cd", "ef"].map(|both| given(false, &[&both[..1], &both[1..]])).to_vec(),
                "a+c+e a+c+f a+d+e a+d+f b+c+e b+c+f b+d+e b+d+f",
            ),
        ] {
            let mut source = source(sources, None, false);
            let count = source.count();
            let rows = rows(&mut source);
            assert_eq!(rows.join(" "), expected);
            assert_eq!(count, Some(rows.len() as u64));
        }
    }

    #[test]
    fn nothing_times_anything_is_nothing() {
        let mut source = source(vec![given(false, &["a"]), given(false, &[])], None, false);
        assert_eq!((source.count(), rows(&mut source)), (Some(0), Vec::new()));
    }

    #[test]
    fn each_item_is_split_into_columns() {
        let mut one = source(vec![given(false, &["a,b", "", "c"])], Some(","), false);
        assert_eq!(one.columns(), Columns::Split);
        assert_eq!(rows(&mut one), ["a+b", "", "c"]);
        let mut two =
            source(vec![given(false, &["a,b"]), given(false, &["c,d", "e"])], Some(","), false);
        assert_eq!(rows(&mut two), ["a+b+c+d", "a+b+e"]);
    }

    #[test]
    fn a_row_is_blank_if_all_of_it_is() {
        let blank = || given(false, &["", "a"]);
        let mut source = source(vec![blank(), blank()], None, true);
        assert_eq!(rows(&mut source), ["+a", "a+", "a+a"]);
    }
}

//! Makes what each command gets out of a source: one row, a group of them, as many as fit; or a block.
//! Leaves out what has finished before.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::sync::Arc;

use crate::run::arguments::Arguments;
use crate::run::command::measure::Measure;
use crate::run::intake::blocks::Blocks;
use crate::run::intake::input::Input;
use crate::run::intake::resume::Finished;
use crate::run::intake::source::Source;
use crate::run::intake::upstream::Upstream;

/// What comes next.
#[derive(Debug)]
pub(crate) enum Next {
    /// What one command gets. Never empty.
    Args(Arguments),
    /// A row that has finished before.
    LeftOut,
    /// Part of the source could not be read: why.
    Unread(String),
}

/// A source, and how what it gives is grouped.
#[derive(Debug)]
pub(crate) enum Packing {
    Rows(Box<Rows>),
    Blocks { blocks: Blocks, count: u64 },
}

/// Rows in groups.
#[derive(Debug)]
pub(crate) struct Rows {
    source: Source,
    portion: Portion,
    finished: Arc<Finished>,
    has_columns: bool,
    /// The group that is not full yet.
    group: Vec<OsString>,
    /// Where each row of it ends, if rows have several columns.
    row_ends: Vec<usize>,
    /// Groups that come next.
    ready: VecDeque<Arguments>,
}

/// How much one command gets.
#[derive(Debug, Clone)]
pub(crate) struct Portion {
    /// Never 0.
    pub(crate) rows: usize,
    /// As many as fit, where all that fit are wanted.
    pub(crate) fitting: Option<Fitting>,
}

/// As many rows as fit.
#[derive(Debug, Clone)]
pub(crate) struct Fitting {
    pub(crate) measure: Measure,
    /// The last group is cut for so many consumers. Never 0.
    pub(crate) consumers: usize,
}

impl Packing {
    pub(crate) fn new(input: Input, portion: Portion, finished: Arc<Finished>) -> Self {
        match input {
            Input::Rows(source) => Self::Rows(Box::new(Rows {
                has_columns: !source.columns().is_one(),
                source,
                portion,
                finished,
                group: Vec::new(),
                row_ends: Vec::new(),
                ready: VecDeque::new(),
            })),
            Input::Blocks(blocks) => Self::Blocks { blocks, count: 0 },
        }
    }

    /// `None` when the source has ended and all of it was handed out.
    pub(crate) fn next(&mut self) -> Option<Next> {
        match self {
            Self::Rows(rows) => rows.next(),
            Self::Blocks { blocks, count } => Some(match blocks.next()? {
                Ok(block) => {
                    *count += 1;
                    let name = format!("block {count} ({} bytes)", block.len());
                    Next::Args(Arguments::block(name, block))
                }
                Err(message) => Next::Unread(message),
            }),
        }
    }

    /// What is to be seen of the place that the next item comes from.
    pub(crate) fn upstream(&self) -> Upstream {
        match self {
            Self::Rows(rows) => rows.source.upstream(),
            Self::Blocks { blocks, .. } => blocks.upstream(),
        }
    }
}

impl Rows {
    fn next(&mut self) -> Option<Next> {
        if let Some(ready) = self.ready.pop_front() {
            return Some(Next::Args(ready));
        }
        loop {
            let start = self.group.len();
            match self.source.next(&mut self.group) {
                Some(Ok(())) if self.finished.strike(&self.group[start..]) => {
                    self.group.truncate(start);
                    return Some(Next::LeftOut);
                }
                Some(Ok(())) => {}
                Some(Err(message)) => return Some(Next::Unread(message)),
                None if start == 0 => return None,
                None => return self.last(),
            }
            let full = self.overflows(start).then(|| {
                let row = self.group.split_off(start);
                let full = self.take();
                self.group = row;
                full
            });
            if self.has_columns {
                self.row_ends.push(self.group.len());
            }
            if full.is_some() || self.rows() == self.portion.rows {
                return Some(Next::Args(full.unwrap_or_else(|| self.take())));
            }
        }
    }

    /// How many rows the group has.
    fn rows(&self) -> usize {
        if self.has_columns { self.row_ends.len() } else { self.group.len() }
    }

    /// Whether the row that begins there is one too many for the command. If so it is the first of
    /// the next one.
    fn overflows(&mut self, start: usize) -> bool {
        let Some(Fitting { measure, .. }) = &mut self.portion.fitting else { return false };
        if start == 0 {
            measure.restart();
        }
        if measure.add(&self.group[start..]) {
            return false;
        }
        measure.restart();
        measure.add(&self.group[start..])
    }

    fn take(&mut self) -> Arguments {
        Arguments::rows_of(std::mem::take(&mut self.group), std::mem::take(&mut self.row_ends))
    }

    /// The group at the end of the input; where as many as fit were wanted, in equal parts, so that
    /// each consumer has one.
    fn last(&mut self) -> Option<Next> {
        let consumers = self.portion.fitting.as_ref().map_or(1, |fitting| fitting.consumers);
        let part = self.rows().div_ceil(consumers);
        let mut cells = std::mem::take(&mut self.group).into_iter();
        let row_ends = std::mem::take(&mut self.row_ends);
        let mut ends = row_ends.chunks(part);
        let mut start = 0;
        while !cells.as_slice().is_empty() {
            let ends = ends.next().unwrap_or_default();
            let end = ends.last().map_or(start + part, |end| *end);
            let group = cells.by_ref().take(end - start).collect();
            let ends = ends.iter().map(|at| at - start).collect();
            self.ready.push_back(Arguments::rows_of(group, ends));
            start = end;
        }
        self.ready.pop_front().map(Next::Args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::command::surroundings::Surroundings;
    use crate::run::command::template::{Reading, Template};
    use crate::run::intake::delimiter::Delimiter;
    use crate::run::intake::origin::Format;
    use crate::run::intake::source::{Columns, Given, Values};

    /// The groups that rows come in, each row's columns joined; with `fitting`, as many as 30 bytes
    /// of `echo` hold, for so many consumers.
    fn groups(
        sources: &[&str],
        rows: usize,
        fitting: Option<usize>,
        finished: &[&str],
    ) -> Vec<String> {
        let given = sources.iter().map(|list| {
            let list = list.split(' ').map(OsString::from).collect();
            Given { linked: false, values: Values::Arguments(list) }
        });
        let format = Format { delimiter: Delimiter::byte(b'\n'), end: None, skip_blank: false };
        let source = Source::open(&[], given.collect(), None, format).unwrap();
        let reading =
            Reading { most_rows: None, columns: Columns::Known(sources.len()), ..Reading::PLAIN };
        let template = Template::new(&["echo".into()], reading).unwrap();
        let fitting = fitting.map(|consumers| Fitting {
            measure: Measure::new(&template, &Surroundings::default(), Some(30)).unwrap(),
            consumers,
        });
        let mut done = Finished::default();
        for row in finished {
            done.add(row.split('+').map(OsString::from).collect());
        }
        let portion = Portion { rows, fitting };
        let mut packing = Packing::new(Input::Rows(source), portion, Arc::new(done));
        let mut groups = Vec::new();
        while let Some(next) = packing.next() {
            let Next::Args(args) = next else { continue };
            let rows = args.rows().map(|row| {
                row.iter().map(|cell| cell.to_str().unwrap()).collect::<Vec<_>>().join("+")
            });
            groups.push(rows.collect::<Vec<_>>().join(" "));
        }
        groups
    }

    #[test]
    fn rows_come_in_groups() {
        assert_eq!(groups(&["a b c"], 1, None, &[]), ["a", "b", "c"]);
        assert_eq!(groups(&["a b c"], 2, None, &[]), ["a b", "c"]);
        assert_eq!(groups(&["a b", "c d"], 1, None, &[]), ["a+c", "a+d", "b+c", "b+d"]);
        assert_eq!(groups(&["a b", "c d"], 3, None, &[]), ["a+c a+d b+c", "b+d"]);
    }

    #[test]
    fn what_fits_goes_together() {
        // 5 bytes of `echo`, and 25 for items.
        let ten = "0 1 2 3 4 5 6 7 8 9 aaaaaaaaaaaa";
        assert_eq!(
            groups(&[ten], usize::MAX, Some(1), &[]),
            ["0 1 2 3 4 5 6 7 8 9", "aaaaaaaaaaaa"]
        );
        assert_eq!(groups(&["a b"], 1, Some(1), &[]), ["a", "b"]);
        let long = "x".repeat(40);
        assert_eq!(groups(&[&format!("a {long} b")], 9, Some(1), &[]), ["a", &long, "b"]);
    }

    #[test]
    fn the_end_is_shared_out() {
        assert_eq!(groups(&["a b c d e"], usize::MAX, Some(2), &[]), ["a b c", "d e"]);
        assert_eq!(groups(&["a b"], usize::MAX, Some(8), &[]), ["a", "b"]);
        assert_eq!(groups(&["a b", "c"], usize::MAX, Some(2), &[]), ["a+c", "b+c"]);
        assert_eq!(groups(&["a b c", "d"], usize::MAX, Some(2), &[]), ["a+d b+d", "c+d"]);
    }

    #[test]
    fn whole_rows_have_finished() {
        assert_eq!(groups(&["a b c"], 2, None, &["b"]), ["a c"]);
        assert_eq!(groups(&["a b", "c d"], 2, None, &["a+d", "b", "c"]), ["a+c b+c", "b+d"]);
    }
}

//! Makes what each command gets out of a source: one row, a group of them, as many as fit; or a block.
//! Leaves out what has finished before.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::sync::Arc;

use super::arguments::Arguments;
use super::blocks::Blocks;
use super::input::Input;
use super::measure::Measure;
use super::resume::Finished;
use super::source::Source;
use super::upstream::Upstream;

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
    /// Where each row of it ends.
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
            if self.portion.rows == 1 {
                return Some(Next::Args(self.take()));
            }
            let full = self.overflows(start).then(|| {
                let row = self.group.split_off(start);
                let full = self.take();
                self.group = row;
                full
            });
            self.row_ends.push(self.group.len());
            if full.is_some() || self.row_ends.len() == self.portion.rows {
                return Some(Next::Args(full.unwrap_or_else(|| self.take())));
            }
        }
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
        let group = std::mem::take(&mut self.group);
        let row_ends = std::mem::take(&mut self.row_ends);
        self.arguments(group, row_ends)
    }

    fn arguments(&self, group: Vec<OsString>, mut row_ends: Vec<usize>) -> Arguments {
        if !self.has_columns {
            return Arguments::single(group);
        }
        if row_ends.is_empty() {
            row_ends.push(group.len());
        }
        Arguments::rows_of(group, row_ends)
    }

    /// The group at the end of the input; where as many as fit were wanted, in equal parts, so that
    /// each consumer has one.
    fn last(&mut self) -> Option<Next> {
        let rows = self.row_ends.len();
        let consumers = self.portion.fitting.as_ref().map_or(1, |fitting| fitting.consumers);
        let part = rows.div_ceil(consumers).max(1);
        let mut cells = std::mem::take(&mut self.group).into_iter();
        let mut start = 0;
        for ends in std::mem::take(&mut self.row_ends).chunks(part) {
            let end = ends.last().copied().unwrap_or(start);
            let group = cells.by_ref().take(end - start).collect();
            let ends = ends.iter().map(|at| at - start).collect();
            let arguments = self.arguments(group, ends);
            self.ready.push_back(arguments);
            start = end;
        }
        self.ready.pop_front().map(Next::Args)
    }
}

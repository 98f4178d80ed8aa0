//! Makes what each command gets out of the items of a source: one item, or a group of them, leaving out
//! what has finished before.

use std::ffi::OsString;
use std::sync::Arc;

use super::resume::Finished;
use super::source::Source;
use super::upstream::Upstream;

/// What comes next.
#[derive(Debug)]
pub(crate) enum Next {
    /// What one command gets. Never empty.
    Args(Vec<OsString>),
    /// An item that has finished before.
    LeftOut,
    /// Part of the source could not be read: why.
    Unread(String),
}

/// A source, and how its items are grouped.
#[derive(Debug)]
pub(crate) struct Packing {
    source: Source,
    /// Never 0.
    max_args: usize,
    finished: Arc<Finished>,
    /// The group that is not full yet.
    group: Vec<OsString>,
}

impl Packing {
    pub(crate) fn new(source: Source, max_args: usize, finished: Arc<Finished>) -> Self {
        Self { source, max_args, finished, group: Vec::new() }
    }

    /// `None` when the source has ended and all of it was handed out.
    pub(crate) fn next(&mut self) -> Option<Next> {
        loop {
            match self.source.next() {
                Some(Ok(item)) if self.finished.strike(&item) => return Some(Next::LeftOut),
                Some(Ok(item)) => self.group.push(item),
                Some(Err(message)) => return Some(Next::Unread(message)),
                None if self.group.is_empty() => return None,
                None => return Some(Next::Args(std::mem::take(&mut self.group))),
            }
            if self.group.len() == self.max_args {
                return Some(Next::Args(std::mem::take(&mut self.group)));
            }
        }
    }

    /// What is to be seen of the place that the next item comes from.
    pub(crate) fn upstream(&self) -> Upstream {
        self.source.upstream()
    }
}

//! Checking: what is cut from a search changes nothing that comes of it.

mod agreement;
mod programs;
mod writer;

use std::sync::Arc;

use toyvm::Program;
use toyvm::check::{Finding, Plan, Report};
use toyvm::source::{self, Selection, Source};

pub(crate) fn program(text: &str) -> Arc<Program> {
    let source = Source::new("test.toy".to_owned(), text.as_bytes().to_vec()).expect("it is text");
    let loaded = source::load(source, &Selection::default());
    Arc::new(loaded.unwrap_or_else(|rejected| panic!("{:?}\n{text}", rejected.diagnostics)).program)
}

pub(crate) fn plain() -> Plan<'static> {
    Plan { reduce: false, symmetry: false, drop_dead: false, ..Plan::default() }
}

/// What came of a search, in a word.
pub(crate) fn word(report: &Report) -> &'static str {
    match report.failures.first().map(|failure| &failure.finding) {
        _ if report.stopped.is_some() => "incomplete",
        None => "proved",
        Some(Finding::Deadlock | Finding::Circle(_)) => "deadlock",
        Some(Finding::Race { .. }) => "race",
        Some(Finding::Assertion { .. }) => "assertion",
        Some(Finding::Invariant { .. }) => "invariant",
        Some(Finding::Error { .. }) => "error",
        Some(Finding::Spin { .. }) => "spin",
        Some(Finding::Endless { .. }) => "endless",
    }
}

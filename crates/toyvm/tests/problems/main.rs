//! The problem set: the classics of the field, each solved rightly, and wrongly as it was done before;
//! and this project's own protocols, likewise.

mod blocking_queue;
mod page;
mod protocols;
mod set;
mod verdicts;

use std::sync::Arc;

use toyvm::Program;
use toyvm::check::Report;
use toyvm::source::{self, Selection, Source};
use toyvm::verdict::Verdict;

/// Reads a program, with some of its constants set.
fn load(name: &str, text: &str, constants: &[(&str, i64)]) -> Arc<Program> {
    let source = Source::new(name.to_owned(), text.as_bytes().to_vec()).expect("it is text");
    let constants = constants.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    match source::load(source, &Selection { constants, ..Selection::default() }) {
        Ok(loaded) => Arc::new(loaded.program),
        Err(rejected) => {
            let lines = rejected.diagnostics.iter().map(|it| it.line(&rejected.source));
            panic!("{}", lines.collect::<Vec<_>>().join("\n"));
        }
    }
}

/// What came of a search.
fn verdict(report: &Report) -> Verdict {
    match report.failures.first() {
        _ if report.stopped.is_some() => Verdict::Incomplete,
        None => Verdict::Fine,
        Some(failure) => failure.finding.verdict(),
    }
}

//! What is probably wrong with a program, found without running it.
//!
//! Every list that a thread could run is interpreted over what is known of values (`known`) along
//! all its paths (`flow`), which yields the stack at each place (`stack`, `list`); what the
//! names stand for is gathered over the whole program (`origins`). The other files each look for
//! one sort of mistake in that. What is not known for sure is not told.

mod depth;
mod flow;
mod holding;
mod jumps;
mod known;
mod labels;
mod list;
mod locks;
mod names;
mod operands;
mod origins;
mod reach;
mod sleeps;
mod stack;
mod threads;

use crate::program::Program;
use crate::source::Diagnostic;
use list::List;
use origins::Origins;

/// Looks for mistakes: warnings in the order of their places, each once.
///
/// The work grows with the length of the program and not with what it does.
pub fn lint(program: &Program) -> Vec<Diagnostic> {
    let lists = List::all_of(program);
    let origins = Origins::of(program, &lists);
    let mut findings = Vec::new();
    for list in &lists {
        jumps::check(list, &mut findings);
        reach::check(list, &mut findings);
        labels::check(list, &mut findings);
        depth::check(list, &mut findings);
        operands::check(list, &origins, &mut findings);
    }
    names::check(&lists, &origins, &mut findings);
    locks::check(&lists, &origins, &mut findings);
    threads::check(program, &lists, &mut findings);
    in_order(findings)
}

/// By place; what is found in several lists that are written by the same text, once.
fn in_order(mut findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let key = |finding: &Diagnostic| {
        let span = finding.span.clone().unwrap_or_default();
        (span.start, span.end, finding.message.clone())
    };
    findings.sort_by_cached_key(key);
    findings.dedup_by(|one, other| one.span == other.span && one.message == other.message);
    findings
}

/// `1 value`, `2 values`.
fn values(count: u32) -> String {
    format!("{count} value{}", if count == 1 { "" } else { "s" })
}

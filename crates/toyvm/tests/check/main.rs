//! Checking: what is cut from a search changes nothing that comes of it.

mod agreement;
mod findings;
mod programs;
mod writer;

use std::sync::Arc;

use toyvm::Program;
use toyvm::check::{Failure, Finding, Plan, Report};
use toyvm::machine::{Limits, Machine, Service, Time};
use toyvm::run::End;
use toyvm::source::{self, Selection, Source};
use toyvm::trace::{self, About};

pub(crate) fn program(text: &str) -> Arc<Program> {
    named("test.toy", text)
}

/// Likewise; its name tells what it is written in.
pub(crate) fn named(name: &str, text: &str) -> Arc<Program> {
    let source = Source::new(name.to_owned(), text.as_bytes().to_vec()).expect("it is text");
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
        Some(Finding::Overflow { .. }) => "overflow",
        Some(Finding::Spin { .. }) => "spin",
        Some(Finding::Endless { .. }) => "endless",
    }
}

/// A schedule that was found leads, on a plain machine, to what is wrong.
pub(crate) fn play(program: &Arc<Program>, service: Service, failure: &Failure, told: &str) {
    let machine = Machine::with(Arc::clone(program), service, Limits::default());
    let mut machine = machine.in_time(Time::Any);
    // The accesses that race may break what is claimed, each in its turn.
    let is_race = matches!(failure.finding, Finding::Race { .. });
    let steps = failure.schedule.len() - if is_race { 2 } else { 0 };
    let (about, sink) = (About::default(), std::io::sink());
    let played = trace::record(&mut machine, &about, &failure.schedule[..steps], sink);
    let (_, outcome) = played.unwrap_or_else(|error| panic!("{error}: {failure:?}\n{told}"));
    let is_so = match &failure.finding {
        Finding::Deadlock => outcome.end == End::Deadlock,
        Finding::Circle(_) => !outcome.cycles.is_empty(),
        Finding::Race { accesses, .. } => {
            let can_step = |(thread, at): &(_, _)| {
                machine.state().ready().contains(*thread) && machine.thread(*thread).at() == *at
            };
            accesses.iter().all(can_step)
        }
        Finding::Assertion { thread } => outcome.end == End::Asserted { thread: *thread },
        Finding::Invariant { .. } => matches!(outcome.end, End::Broken { .. }),
        Finding::Error { thread } | Finding::Overflow { thread } => outcome.failed == [*thread],
        Finding::Spin { .. } | Finding::Endless { .. } => outcome.end == End::OutOfSteps,
    };
    assert!(is_so, "{failure:?} came to {outcome:?}\n{told}");
}

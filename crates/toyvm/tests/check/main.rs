//! Checking: what is cut from a search changes nothing that comes of it.

mod agreement;
mod aimed;
mod aimed_deaths;
mod aimed_ids;
#[cfg(feature = "flaws")]
mod brute;
mod count;
mod findings;
mod live_at_random;
mod liveness;
mod loops;
mod outcomes;
mod programs;
mod rounds;
mod tiny;
#[cfg(feature = "flaws")]
mod twins;
mod writer;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use toyvm::Program;
use toyvm::check::{Failure, Finding, Plan, Report};
use toyvm::machine::{Limits, Machine, Service, Time};
use toyvm::program::NameId;
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

/// So many at least, and as many more as there is time for, if there is.
pub(crate) fn seeds(least: u64) -> impl Iterator<Item = u64> {
    let seconds = std::env::var("FOREBAY_TORTURE_SECONDS").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    let (began, time) = (Instant::now(), Duration::from_secs(seconds));
    (0..).take_while(move |seed| *seed < least || began.elapsed() < time)
}

/// What came of a search, in a word.
pub(crate) fn word(report: &Report) -> &'static str {
    match report.failures.first().map(|failure| &failure.finding) {
        _ if report.stopped.is_some() => "incomplete",
        None => "proved",
        Some(Finding::Finished) => "finished",
        Some(Finding::Deadlock | Finding::Circle(_)) => "deadlock",
        Some(Finding::Race { .. }) => "race",
        Some(Finding::Assertion { .. }) => "assertion",
        Some(Finding::Invariant { .. }) => "invariant",
        Some(Finding::Error { .. }) => "error",
        Some(Finding::Overflow { .. }) => "overflow",
        Some(Finding::Spin { .. }) => "spin",
        Some(Finding::Starved { .. } | Finding::Unending { .. }) => "liveness",
        Some(Finding::Endless { .. }) => "endless",
    }
}

/// A schedule that was found leads, on a plain machine, to what is wrong.
pub(crate) fn play(program: &Arc<Program>, service: Service, failure: &Failure, told: &str) {
    played(program, service, failure).unwrap_or_else(|why| panic!("{why}\n{told}"));
}

/// Likewise; or why it does not.
pub(crate) fn played(
    program: &Arc<Program>,
    service: Service,
    failure: &Failure,
) -> Result<(), String> {
    let machine = Machine::with(Arc::clone(program), service, Limits::default());
    let mut machine = machine.in_time(Time::Any);
    // The accesses that race may break what is claimed, each in its turn.
    let is_race = matches!(failure.finding, Finding::Race { .. });
    let steps = failure.schedule.len() - if is_race { 2 } else { 0 };
    let (about, sink) = (About::default(), std::io::sink());
    let played = trace::record(&mut machine, &about, &failure.schedule[..steps], sink);
    let (_, outcome) = played.map_err(|error| format!("{error}: {failure:?}"))?;
    let is_so = match &failure.finding {
        Finding::Finished => outcome.end == End::Finished,
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
        Finding::Spin { .. }
        | Finding::Starved { .. }
        | Finding::Unending { .. }
        | Finding::Endless { .. } => outcome.end == End::OutOfSteps,
    };
    if is_so { Ok(()) } else { Err(format!("{failure:?} came to {outcome:?}")) }
}

/// Whether something is wrong beside races.
pub(crate) fn is_wrong(report: &Report) -> bool {
    report.failures.iter().any(|failure| !matches!(failure.finding, Finding::Race { .. }))
}

/// The globals that race.
pub(crate) fn raced(report: &Report) -> BTreeSet<NameId> {
    let races = report.failures.iter().filter_map(|failure| match failure.finding {
        Finding::Race { name, .. } => Some(name),
        _ => None,
    });
    races.collect()
}

/// Whether a search from which something is cut came to the same as a whole one, with the same plan but
/// for that; or in what they differ.
pub(crate) fn agree(
    program: &Arc<Program>,
    plan: &Plan<'_>,
    whole: &Report,
    cut: &Report,
) -> Result<(), String> {
    let same = |is_so: bool, what: &str| if is_so { Ok(()) } else { Err(what.to_owned()) };
    // What is wrong may be found late in one order, and soon in another.
    if cut.stopped.is_some() {
        return same(!whole.failures.is_empty(), "ends early");
    }
    same(cut.failures.is_empty() == whole.failures.is_empty(), "verdict")?;
    for failure in &cut.failures {
        played(program, plan.service, failure)?;
    }
    if plan.allow_races {
        same(is_wrong(cut) == is_wrong(whole), "what is wrong")?;
    }
    if is_wrong(whole) || (!plan.allow_races && !whole.failures.is_empty()) {
        return Ok(());
    }
    same(raced(cut) == raced(whole), "races")?;
    same(cut.ends == whole.ends, "ends")?;
    same(cut.never == whole.never, "instructions that are never executed")?;
    same(cut.states <= whole.states, "more states")
}

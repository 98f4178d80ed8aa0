//! How a state is reached: the single steps that lead there, of threads by their true names.

use std::sync::Arc;

use super::Plan;
use super::analysis::Analysis;
use super::explorer::{Explorer, Finding};
use super::pack::Origins;
use super::search::{Found, Search};
use super::store::StateId;
use crate::machine::{State, ThreadId};
use crate::program::Program;
use crate::trace::Decision;

/// What was found, in a machine in which nobody has changed places, and the way there.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What is wrong.
    pub finding: Finding,
    /// Who steps, and what is chosen.
    pub schedule: Vec<Decision>,
    /// How many macro-steps that is.
    pub macro_steps: usize,
}

/// Goes along the states that led to what was found. None if there is no such way: then the search was
/// wrong.
pub(super) fn follow(
    program: &Arc<Program>,
    analysis: &Arc<Analysis>,
    plan: &Plan<'_>,
    search: &Search<'_>,
    found: &Found,
) -> Option<Failure> {
    let mut path = vec![found.state];
    while let Some(before) = search.store.before(path[path.len() - 1]) {
        path.push(before);
    }
    path.reverse();
    let mut explorer = Explorer::new(program, analysis, plan);
    explorer.steps = Some(Vec::new());
    let begun = explorer.begin();
    let finding = match begun.finding {
        Some(finding) => finding,
        None => go_along(&mut explorer, search, &path, found)?,
    };
    let mut steps = explorer.steps.take().unwrap_or_default();
    if let Finding::Race { accesses: [(one, _), (other, _)], .. } = finding {
        steps.extend([(one, None), (other, None)]);
    }
    let decision = |(thread, chosen)| Decision { chosen, ..Decision::of(thread) };
    let schedule = steps.into_iter().map(decision).collect();
    Some(Failure {
        finding,
        schedule,
        macro_steps: path.len() - 1 + usize::from(found.step.is_some()),
    })
}

/// Ways that are tried at most.
const PATIENCE: u32 = 100_000;

/// Where the way so far may have gone wrong, and who else could have stepped there.
struct Fork {
    state: State,
    origins: Origins,
    steps: usize,
    others: Vec<(ThreadId, u64)>,
}

/// Goes from state to state, and to what was found in the last.
///
/// Of threads that cannot be told apart, any may be the one that steps; but in the end it may matter which
/// it was: one who joins them waits for the first of them first. Then another way is tried.
fn go_along(
    explorer: &mut Explorer,
    search: &Search<'_>,
    path: &[StateId],
    found: &Found,
) -> Option<Finding> {
    let mut forks: Vec<Fork> = Vec::new();
    for _ in 0..PATIENCE {
        while forks.len() + 1 < path.len() {
            let mut wanted = Vec::new();
            search.store.read(path[forks.len() + 1], &mut wanted);
            let mut got = Vec::new();
            let others = ways(explorer, |explorer, finding| {
                explorer.pack(&mut got);
                finding.is_none() && got == wanted
            });
            let steps = explorer.steps.as_ref().map_or(0, Vec::len);
            let (state, origins) = (explorer.machine.state().clone(), explorer.origins.clone());
            forks.push(Fork { state, origins, steps, others });
            if !take(explorer, &mut forks) {
                return None;
            }
        }
        let last = if found.step.is_none() {
            explorer.deadlock().or_else(|| explorer.race())
        } else {
            let kind = std::mem::discriminant(&found.finding);
            let same = |finding: Finding| std::mem::discriminant(&finding) == kind;
            let last = ways(explorer, |_, finding| finding.is_some_and(same));
            last.first().and_then(|(thread, number)| explorer.step(*thread, *number).finding)
        };
        if last.is_some() || !take(explorer, &mut forks) {
            return last;
        }
    }
    None
}

/// Takes the next way at the last fork that has one.
fn take(explorer: &mut Explorer, forks: &mut Vec<Fork>) -> bool {
    while let Some(fork) = forks.last_mut() {
        if let Some((thread, number)) = fork.others.pop() {
            explorer.machine.set_state(fork.state.clone());
            explorer.origins = fork.origins.clone();
            if let Some(steps) = &mut explorer.steps {
                steps.truncate(fork.steps);
            }
            explorer.step(thread, number);
            return true;
        }
        forks.pop();
    }
    false
}

/// The macro-steps that lead to what is wanted, the first one last; the machine stays where it is.
fn ways(
    explorer: &mut Explorer,
    mut is_wanted: impl FnMut(&mut Explorer, Option<Finding>) -> bool,
) -> Vec<(ThreadId, u64)> {
    let (state, origins) = (explorer.machine.state().clone(), explorer.origins.clone());
    let steps = explorer.steps.as_ref().map_or(0, Vec::len);
    let threads: Vec<ThreadId> = explorer.enabled().collect();
    let mut found = Vec::new();
    for thread in threads {
        let mut number = 0;
        loop {
            let passed = explorer.step(thread, number);
            if is_wanted(explorer, passed.finding) {
                found.push((thread, number));
            }
            explorer.machine.set_state(state.clone());
            explorer.origins = origins.clone();
            if let Some(all) = &mut explorer.steps {
                all.truncate(steps);
            }
            number += 1;
            if number >= passed.chosen.below {
                break;
            }
        }
    }
    found.reverse();
    found
}

//! How a state is reached: the single steps that lead there, of threads by their true names.

use std::sync::Arc;

use super::Plan;
use super::analysis::Analysis;
use super::explorer::Explorer;
use super::finding::Finding;
use super::search::{Found, Search};
use super::store::StateId;
use crate::machine::ThreadId;
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

/// Goes from state to state, and to what was found in the last. Of threads that cannot be told apart, any
/// may be the one that steps.
fn go_along(
    explorer: &mut Explorer,
    search: &Search<'_>,
    path: &[StateId],
    found: &Found,
) -> Option<Finding> {
    let (mut wanted, mut got) = (Vec::new(), Vec::new());
    for next in &path[1..] {
        search.store.read(*next, &mut wanted);
        step_to(explorer, |explorer, finding| {
            explorer.pack(&mut got);
            (finding.is_none() && got == wanted).then_some(())
        })?;
    }
    if found.step.is_none() {
        return explorer.deadlock().or_else(|| explorer.race());
    }
    let kind = std::mem::discriminant(&found.finding);
    step_to(explorer, |_, finding| finding.filter(|it| std::mem::discriminant(it) == kind))
}

/// Makes the first macro-step that leads to what is wanted.
fn step_to<T>(
    explorer: &mut Explorer,
    mut wanted: impl FnMut(&mut Explorer, Option<Finding>) -> Option<T>,
) -> Option<T> {
    let (state, origins) = (explorer.machine.state().clone(), explorer.origins.clone());
    let steps = explorer.steps.as_ref().map_or(0, Vec::len);
    let threads: Vec<ThreadId> = explorer.enabled().collect();
    for thread in threads {
        let mut number = 0;
        loop {
            let passed = explorer.step(thread, number);
            if let Some(got) = wanted(explorer, passed.finding) {
                return Some(got);
            }
            explorer.machine.set_state(state.clone());
            explorer.origins = origins.clone();
            if let Some(all) = &mut explorer.steps {
                all.truncate(steps);
            }
            number += 1;
            if number >= passed.choices {
                break;
            }
        }
    }
    None
}

//! What a program may come to: all that some schedule prints, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use super::analysis::Analysis;
use super::failure::Failure;
use super::search::{Found, Search};
use super::{Order, Plan, Stopped, check, witness};
use crate::machine::Machine;
use crate::program::Program;
use crate::value::{Kind, Value};
use crate::verdict::Verdict;

/// What some schedule comes to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// [`Verdict::Fine`] if every thread ended, [`Verdict::Deadlock`] if somebody waits for ever; else
    /// what is wrong, and the program was not followed any further.
    pub verdict: Verdict,
    /// What was printed. Of what is wrong otherwise, as one schedule has it.
    pub lines: Vec<String>,
    /// What globals, counters and semaphores were at the end, if that was asked for: `n = 2`.
    pub values: Vec<String>,
    /// A way there.
    pub way: Failure,
}

/// All that a program may come to.
#[derive(Debug)]
pub struct Outcomes {
    /// Each once, those that take fewest macro-steps first.
    pub all: Vec<Outcome>,
    /// Each way has as few macro-steps as any to the same outcome.
    pub are_shortest: bool,
    /// What ended the search before all schedules were seen.
    pub stopped: Option<Stopped>,
    /// States seen.
    pub states: u64,
    /// Macro-steps made.
    pub transitions: u64,
    /// How long it took.
    pub elapsed: Duration,
}

/// Looks for all that a program may come to; with values, if what is left in globals, counters and
/// semaphores tells outcomes apart, too.
pub fn outcomes(program: &Arc<Program>, plan: &Plan<'_>, values: bool) -> Outcomes {
    // Threads are told apart by what they print.
    let plan = Plan {
        outcomes: true,
        symmetry: false,
        races: false,
        values,
        drop_dead: plan.drop_dead && !values,
        order: Order::Breadth,
        workers: 1,
        ..*plan
    };
    let report = check(program, &plan);
    let mut all = report.outcomes;
    all.sort_by_key(|outcome| outcome.way.steps);
    Outcomes {
        all,
        are_shortest: !plan.reduce,
        stopped: report.stopped,
        states: report.states,
        transitions: report.transitions,
        elapsed: report.elapsed,
    }
}

/// All that was found, each with a way there.
pub(super) fn all(
    program: &Arc<Program>,
    analysis: &Arc<Analysis>,
    plan: &Plan<'_>,
    search: &Search<'_>,
) -> Vec<Outcome> {
    let found = std::mem::take(&mut *search.outcomes.lock().expect("nobody searches any more"));
    let outcome = |((verdict, output, values), found): (_, Found)| {
        let way = witness::follow(program, analysis, plan, search, &found)
            .unwrap_or_else(|| panic!("every step of a search can be made again: {found:?}"));
        let outputs = analysis.outputs.as_ref().expect("they are kept");
        Outcome { verdict, lines: outputs.lines(output), values, way }
    };
    found.into_iter().map(outcome).collect()
}

/// What is left at the end of a run, as `n = 2`.
pub(super) fn values(machine: &Machine) -> Vec<String> {
    let (state, program) = (machine.state(), machine.program());
    let mut all = Vec::new();
    for (value, name) in state.globals().iter().zip(program.names()) {
        // Handles are the same under every schedule, or tell of nothing but the order of CREATEs.
        if let Some(value @ (Value::Int(_) | Value::Text(_))) = value {
            all.push(format!("{} = {}", machine.text(*name), machine.quote(*value)));
        }
    }
    for (at, counter) in state.counters().iter().enumerate() {
        let name = machine.introduce(Kind::Counter, at as u32);
        all.push(format!("{name} = {}", counter.value));
    }
    for (at, semaphore) in state.semaphores().iter().enumerate() {
        let name = machine.introduce(Kind::Semaphore, at as u32);
        all.push(format!("{name} = {}", semaphore.count));
    }
    all
}

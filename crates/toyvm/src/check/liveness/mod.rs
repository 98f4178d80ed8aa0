//! Whether everyone gets on: a way that a program may go round for ever, on which some thread waits for ever
//! or never comes to its end, though nobody is kept from stepping.
//!
//! All states and all macro-steps between them are kept as a `graph`. A way that goes on for ever stays, from
//! some state on, among states that lead to each other: the strongly connected `components`. What a thread may
//! expect of whoever decides who goes on is `fairness`; a component in which somebody gets less is of no
//! account. Of what is left, a `lasso` is made: a way there, and once round.

mod components;
mod fairness;
mod graph;
mod lasso;
mod states;
mod way;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::analysis::Analysis;
use super::{Failure, Finding, Order, Plan, Stopped};
use crate::machine::ThreadId;
use crate::program::{CodeId, Ends, Program};
use components::Components;
use graph::{Graph, threads_of};

/// What every thread may expect of whoever decides who goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fairness {
    /// Who can go on all the time steps.
    #[default]
    Weak,
    /// Who can go on again and again steps, though it cannot in between.
    Strong,
}

impl fmt::Display for Fairness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Weak => "weak",
            Self::Strong => "strong",
        })
    }
}

impl FromStr for Fairness {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut both = [Self::Weak, Self::Strong].into_iter();
        both.find(|it| it.to_string() == text)
            .ok_or_else(|| format!("there is no fairness `{text}`; there are weak, strong"))
    }
}

/// The lists that have no end, as far as their jumps tell: a thread that runs one is meant to go on for ever.
pub fn without_an_end(program: &Program) -> Vec<CodeId> {
    let ends = Ends::of(program);
    program.code_ids().filter(|code| !ends.may_end(*code, 0)).collect()
}

/// What it took to look at all ways round.
#[derive(Debug, Clone, Copy)]
pub struct Rounds {
    /// States, in every order of steps.
    pub states: u64,
    /// Macro-steps between them.
    pub transitions: u64,
    /// Bytes of both.
    pub bytes: usize,
    /// How long it took.
    pub elapsed: Duration,
}

/// What came of it.
pub(super) struct Looked {
    pub(super) rounds: Rounds,
    /// Somebody does not get on.
    pub(super) failure: Option<Failure>,
    pub(super) stopped: Option<Stopped>,
}

/// How ways round are looked for: in which order steps are made is what this is about, and who makes them.
pub(super) fn in_full<'a>(plan: &Plan<'a>) -> Plan<'a> {
    Plan {
        reduce: false,
        symmetry: false,
        order: Order::Breadth,
        max_switches: None,
        workers: 1,
        ..*plan
    }
}

/// Looks for a thread that does not get on, in a program in which no state is wrong.
pub(super) fn look(program: &Arc<Program>, plan: &Plan<'_>, fairness: Fairness) -> Looked {
    let began = Instant::now();
    let plan = &in_full(plan);
    let analysis = Arc::new(Analysis::of(program, plan));
    let mut graph = Graph::new(program);
    let explored = graph.explore(program, &analysis, plan, began);
    let found = explored.and_then(|()| find(&graph, plan, began, fairness));
    let stopped = found.as_ref().err().copied();
    let failure = found.ok().flatten().map(|(finding, part)| {
        let lasso = lasso::around(&graph, &part, fairness, &finding);
        way::follow(program, &analysis, plan, fairness, &graph, &lasso, finding.clone())
            .unwrap_or_else(|| panic!("who goes round can do so again and again: {finding:?}"))
    });
    let rounds = Rounds {
        states: graph.len() as u64,
        transitions: graph.transitions(),
        bytes: graph.bytes(),
        elapsed: began.elapsed(),
    };
    Looked { rounds, failure, stopped }
}

/// A way there and once round, as macro-steps: whose, and the state that each leads to.
pub(super) struct Way {
    pub(super) steps: Vec<(ThreadId, Vec<u8>)>,
    /// So many of them lead to where it goes round.
    pub(super) repeats_from: usize,
}

/// All states and the macro-steps between them.
fn whole(program: &Arc<Program>, plan: &Plan<'_>, began: Instant) -> Result<Graph, Stopped> {
    let analysis = Arc::new(Analysis::of(program, plan));
    let mut graph = Graph::new(program);
    graph.explore(program, &analysis, plan, began).map(|()| graph)
}

/// A way to where somebody does not get on, and once round; none if everybody does.
pub(super) fn way_round(
    program: &Arc<Program>,
    plan: &Plan<'_>,
    fairness: Fairness,
) -> Result<Option<Way>, Stopped> {
    let (plan, began) = (&in_full(plan), Instant::now());
    let graph = whole(program, plan, began)?;
    let found = find(&graph, plan, began, fairness)?;
    Ok(found.map(|(finding, part)| {
        let lasso = lasso::around(&graph, &part, fairness, &finding);
        let repeats_from = lasso.stem.len();
        let steps = lasso.stem.into_iter().chain(lasso.round);
        let with_bytes =
            |(whose, to): (u8, u32)| (ThreadId(whose.into()), graph.bytes_of(to).to_owned());
        Way { steps: steps.map(with_bytes).collect(), repeats_from }
    }))
}

/// Whether some way goes on for ever on which all step that may expect to: the others, and whoever is on it, come to no
/// end.
pub fn goes_on(
    program: &Arc<Program>,
    plan: &Plan<'_>,
    fairness: Fairness,
) -> Result<bool, Stopped> {
    let graph = whole(program, &in_full(plan), Instant::now())?;
    let all = (0..graph.len() as u32).collect();
    Ok(!fairness::fair(&mut Components::new(&graph), fairness, all).is_empty())
}

/// Who does not get on, and where it goes round meanwhile.
type Found = (Finding, Vec<u32>);

/// Somebody who does not get on: as near the beginning as any, but who waits for ever comes first.
fn find(
    graph: &Graph,
    plan: &Plan<'_>,
    began: Instant,
    fairness: Fairness,
) -> Result<Option<Found>, Stopped> {
    let mut components = Components::new(graph);
    let mut found = None;
    for thread in threads_of(graph.ever(|threads| threads.waits)) {
        stopped(plan, began)?;
        for part in fairness::starving(&mut components, fairness, thread) {
            found = nearer(found, (Finding::Starved { thread: ThreadId(thread) }, part));
        }
    }
    if found.is_some() {
        return Ok(found);
    }
    let all = (0..graph.len() as u32).collect();
    for part in fairness::fair(&mut components, fairness, all) {
        let could = part.iter().map(|state| graph.threads(*state).could_end);
        let first = threads_of(could.fold(0, |all, it| all | it)).next();
        if let Some(thread) = first.map(ThreadId) {
            found = nearer(found, (Finding::Unending { thread }, part));
        }
    }
    Ok(found)
}

/// The one of which a state is nearest the beginning; of two, the smaller one.
fn nearer(found: Option<Found>, other: Found) -> Option<Found> {
    // States are numbered as they were found, nearest first.
    let distance = |(_, part): &Found| (part.iter().min().copied(), part.len());
    found.into_iter().chain([other]).min_by_key(distance)
}

/// Whether somebody ends it, or no time is left.
fn stopped(plan: &Plan<'_>, began: Instant) -> Result<(), Stopped> {
    if plan.cancelled.is_some_and(|cancelled| cancelled.load(Ordering::Relaxed)) {
        return Err(Stopped::Cancelled);
    }
    if plan.timeout.is_some_and(|timeout| began.elapsed() >= timeout) {
        return Err(Stopped::Timeout);
    }
    Ok(())
}

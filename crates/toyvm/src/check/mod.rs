//! Checking: every schedule of a program.
//!
//! The states that a program may be in are looked at, each once. What is shown of all of them is proved,
//! for any scheduler and any clock; what is wrong in one of them comes with the schedule that leads there.
//!
//! A search of all states would often be too long, so it is cut where nothing is lost by that: values that
//! matter to nothing are dropped (`flow`), threads that cannot be told apart are taken for one another (`symmetry`),
//! what nobody notices is done at once (`explorer`), and of steps that commute, one order is enough
//! (`stubborn`). Each can be turned off ([`Plan`]), and none may change what comes of it.
//!
//! If no state is wrong, it can be asked whether everyone gets on (`liveness`).

mod access;
mod analysis;
mod bits;
mod count;
mod deaths;
mod explorer;
mod failure;
mod finding;
mod flaw;
mod flow;
mod future;
mod graph;
mod growth;
mod liveness;
mod lives;
mod meeting;
mod moves;
mod names;
mod outcomes;
mod outputs;
mod pack;
mod places;
mod search;
mod stage;
mod store;
mod stubborn;
mod symmetry;
mod touched;
mod unpack;
mod witness;
mod wrong;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use count::{Count, count};
pub use deaths::{Deaths, NoVictim};
pub use failure::{Failure, beginning};
pub use finding::Finding;
#[cfg(feature = "flaws")]
pub use flaw::{Flaw, check_with, end_after};
pub use graph::{Graph, graph};
pub use growth::Growth;
pub use liveness::{Fairness, Rounds, goes_on, without_an_end};
pub use outcomes::{Outcome, Outcomes, outcomes};

use crate::machine::Service;
use crate::program::{CodeId, Program};
use analysis::Analysis;
use flaw::flawed;
use search::Search;

/// How a program is to be checked.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// Who is served first.
    pub service: Service,
    /// Of steps that commute, only one order is looked at.
    pub reduce: bool,
    /// Threads that cannot be told apart are taken for one another.
    pub symmetry: bool,
    /// Values that matter to nothing are dropped.
    pub drop_dead: bool,
    /// Races are looked for.
    pub races: bool,
    /// And if one is found, the search goes on.
    pub allow_races: bool,
    /// What is looked at first.
    pub order: Order,
    /// So often another thread than the last one may go on; looked at only in the order of
    /// [switches](Order::Switches).
    pub max_switches: Option<u64>,
    /// The states in which the program ends are kept.
    pub ends: bool,
    /// Nothing wrong ends the search, and all that the program may come to is kept; for [`outcomes`].
    pub outcomes: bool,
    /// What is left in globals, counters and semaphores tells them apart, too.
    pub values: bool,
    /// If nothing is wrong in any state, it is looked whether everyone gets on who may expect that much.
    pub liveness: Option<Fairness>,
    /// How many search at once.
    pub workers: usize,
    /// Who may be killed, and how many at most.
    pub deaths: Deaths<'a>,
    /// States at most.
    pub max_states: Option<u64>,
    /// Bytes at most, for all states.
    pub memory: Option<usize>,
    /// Time at most.
    pub timeout: Option<Duration>,
    /// Ends the search once it is set.
    pub cancelled: Option<&'a AtomicBool>,
    /// Is told how the search goes, a few times a second.
    pub progress: &'a (dyn Fn(&Progress) + Sync),
}

impl Default for Plan<'_> {
    fn default() -> Self {
        Self {
            service: Service::InOrder,
            reduce: true,
            symmetry: true,
            drop_dead: true,
            races: true,
            allow_races: false,
            order: Order::Depth,
            max_switches: None,
            ends: false,
            outcomes: false,
            values: false,
            liveness: None,
            workers: 1,
            deaths: Deaths::default(),
            max_states: None,
            memory: None,
            timeout: None,
            cancelled: None,
            progress: &|_| {},
        }
    }
}

impl fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("service", &self.service)
            .field("reduce", &self.reduce)
            .field("symmetry", &self.symmetry)
            .field("drop_dead", &self.drop_dead)
            .finish_non_exhaustive()
    }
}

/// Which states are looked at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Those that were found last, so that few are kept waiting; now and then, the first ones.
    #[default]
    Depth,
    /// Those that fewest macro-steps lead to. With one worker that is exact.
    Breadth,
    /// Those before which it was another thread's turn least often. There is one worker then, and which
    /// thread stepped last is part of the state (after Musuvathi & Qadeer, 2007, who count only threads
    /// that could have gone on).
    Switches,
}

/// How far a search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// States seen.
    pub states: u64,
    /// Macro-steps made.
    pub transitions: u64,
    /// States that are seen and not looked at, of one of those who search.
    pub waiting: u64,
    /// Macro-steps from the beginning to where the search is now.
    pub depth: u64,
    /// Bytes that the states take.
    pub bytes: usize,
    /// Since the beginning.
    pub elapsed: Duration,
}

/// Why a search ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Somebody ended it.
    Cancelled,
    /// No time was left.
    Timeout,
    /// No memory was left.
    Memory,
    /// As many states as there may be.
    States,
    /// Nothing is left but with more switches than there may be.
    Switches,
    /// There are more threads than whoever looks whether they get on can tell apart.
    ManyThreads,
    /// A thread goes on for so long on its own that no state comes of it.
    Endless {
        /// The list that it runs.
        code: CodeId,
        /// Where it is.
        pc: u32,
    },
}

/// What came of a search.
#[derive(Debug)]
pub struct Report {
    /// What is wrong, first what ended the search; then races, if they were allowed.
    pub failures: Vec<Failure>,
    /// What ended the search before all states were seen, if nothing wrong did.
    pub stopped: Option<Stopped>,
    /// If so, what grew on the way to where it was then.
    pub growths: Vec<Growth>,
    /// States seen.
    pub states: u64,
    /// Macro-steps made.
    pub transitions: u64,
    /// The states in which the program ends, if they were to be kept: as bytes that are the same
    /// however the program is searched.
    pub ends: BTreeSet<Vec<u8>>,
    /// All that the program may come to, if that was to be kept.
    outcomes: Vec<Outcome>,
    /// Bytes that the states took.
    pub bytes: usize,
    /// Of these, the states themselves, without what finds them.
    pub state_bytes: usize,
    /// How long it took.
    pub elapsed: Duration,
    /// Instructions that were never executed.
    pub never: Vec<(CodeId, u32)>,
    /// What it took to look whether everyone gets on. If the search has stopped, it did so there.
    pub rounds: Option<Rounds>,
}

/// Checks a program.
pub fn check(program: &Arc<Program>, plan: &Plan<'_>) -> Report {
    let mut report = look_at_states(program, plan);
    let is_allowed = |it: &Failure| plan.allow_races && matches!(it.finding, Finding::Race { .. });
    let is_safe = report.stopped.is_none() && report.failures.iter().all(is_allowed);
    if let Some(fairness) = plan.liveness.filter(|_| is_safe && !plan.outcomes) {
        let timeout = plan.timeout.map(|timeout| timeout.saturating_sub(report.elapsed));
        let looked = liveness::look(program, &Plan { timeout, ..*plan }, fairness);
        report.failures.splice(0..0, looked.failure);
        report.stopped = looked.stopped;
        report.rounds = Some(looked.rounds);
    }
    report
}

/// Looks at every state.
fn look_at_states(program: &Arc<Program>, plan: &Plan<'_>) -> Report {
    let plan = &Plan { reduce: plan.reduce && plan.order != Order::Switches, ..*plan };
    let analysis = Arc::new(Analysis::of(program, plan));
    let search = Search::new(program, Arc::clone(&analysis), plan);
    search.run();
    let is_doubtful = search.is_doubtful.load(Ordering::Relaxed);
    if is_doubtful && !search.has_ended_early() && !flawed(flaw::Flaw::Doubt) {
        let gone = search.elapsed();
        drop(search);
        let timeout = plan.timeout.map(|timeout| timeout.saturating_sub(gone));
        let mut report = look_at_states(program, &Plan { symmetry: false, timeout, ..*plan });
        report.elapsed += gone;
        return report;
    }
    let found = std::mem::take(&mut *search.found.lock().expect("nobody searches any more"));
    let mut failures: Vec<Failure> = found
        .iter()
        .map(|found| {
            witness::follow(program, &analysis, plan, &search, found)
                .unwrap_or_else(|| panic!("every step of a search can be made again: {found:?}"))
        })
        .collect();
    // What looked like a race only may break a claim.
    failures.sort_by_key(|failure| matches!(failure.finding, Finding::Race { .. }));
    let stopped = *search.stopped.lock().expect("nobody searches any more");
    let growths = stopped.and_then(|(_, at)| at).map(|at| {
        let mut explorer = explorer::Explorer::new(program, &analysis, plan);
        growth::along(&search, &mut explorer, at)
    });
    let executed = search.executed.lock().expect("nobody searches any more");
    let never = program.code_ids().flat_map(|code| {
        let of = executed[code.index()].iter().enumerate();
        of.filter(|(_, executed)| !**executed).map(move |(pc, _)| (code, pc as u32))
    });
    Report {
        failures,
        stopped: stopped.map(|(why, _)| why),
        growths: growths.unwrap_or_default(),
        outcomes: outcomes::all(program, &analysis, plan, &search),
        states: search.store.len() as u64,
        transitions: search.transitions(),
        ends: std::mem::take(&mut *search.ends.lock().expect("nobody searches any more")),
        bytes: search.store.bytes(),
        state_bytes: search.store.state_bytes(),
        elapsed: search.elapsed(),
        never: never.collect(),
        rounds: None,
    }
}

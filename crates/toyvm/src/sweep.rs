//! Many runs of one program, one for each seed: how they ended, and which seed shows what.

use std::collections::HashMap;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::deadlock::tell_place;
use crate::machine::{Limits, Machine, Service, Status, ThreadId};
use crate::observer::Observer;
use crate::program::Program;
use crate::run::{self, End, Outcome, Pace, Stage};
use crate::scheduler::Policy;
use crate::verdict::Verdict;
use crate::watch::Races;

/// What is run, and how often.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Who decides who goes on.
    pub policy: Policy,
    /// A run for each.
    pub seeds: Range<u64>,
    /// How long each may be.
    pub max_steps: u64,
    /// Who is served first.
    pub service: Service,
    /// Whether races are looked for.
    pub races: bool,
}

/// Runs that ended alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// How.
    pub verdict: Verdict,
    /// What was the same: the last line printed, or what went wrong.
    pub what: String,
    /// How many.
    pub runs: u64,
    /// The first seed that does it.
    pub first_seed: u64,
}

/// What came of a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// How many runs there were.
    pub runs: u64,
    /// How many steps in all.
    pub steps: u64,
    /// How they ended: what went wrong first, then by how many.
    pub sorts: Vec<Sort>,
}

/// More sorts than anyone looks at are not kept apart.
const MOST_SORTS: usize = 1_000;

/// Runs them all, on as many threads as there are processors. `progress` is told how many runs are
/// done, now and then.
pub fn sweep(program: &Arc<Program>, plan: &Plan, progress: &(dyn Fn(u64) + Sync)) -> Sweep {
    let total = plan.seeds.end.saturating_sub(plan.seeds.start);
    let workers = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let done = AtomicU64::new(0);
    let shares: Vec<Tally> = thread::scope(|scope| {
        let share = |number| {
            let from = plan.seeds.start + total * number / workers;
            let to = plan.seeds.start + total * (number + 1) / workers;
            let done = &done;
            scope.spawn(move || {
                let mut tally = Tally::default();
                for seed in from..to {
                    tally.add(seed, one(program, plan, seed));
                    let so_far = done.fetch_add(1, Ordering::Relaxed) + 1;
                    if so_far.is_multiple_of(64) || so_far == total {
                        progress(so_far);
                    }
                }
                tally
            })
        };
        let shares: Vec<_> = (0..workers).map(share).collect();
        shares.into_iter().map(|share| share.join().expect("a run does not panic")).collect()
    });
    let mut all = Tally::default();
    for share in shares {
        all.merge(share);
    }
    let mut sorts: Vec<Sort> = all.sorts.into_values().collect();
    sorts.sort_by_key(|sort| {
        (std::cmp::Reverse(sort.verdict), std::cmp::Reverse(sort.runs), sort.first_seed)
    });
    Sweep { runs: total, steps: all.steps, sorts }
}

/// One run: how it ended, what was the same, and its steps.
fn one(program: &Arc<Program>, plan: &Plan, seed: u64) -> (Verdict, String, u64) {
    let mut machine = Machine::with(Arc::clone(program), plan.service, Limits::default());
    let races = plan.races.then(Races::new);
    let mut stage = Stage { choices: run::choices(seed), observer: (LastLine::default(), races) };
    let pace = Pace { max_steps: plan.max_steps, realtime: false };
    let outcome = run::run(&mut machine, plan.policy.scheduler(seed), &mut stage, pace);
    let (last, races) = stage.observer;
    let raced = races.is_some_and(|races| !races.findings().is_empty());
    let verdict = Verdict::of(&machine, &outcome, raced);
    (verdict, what(&machine, &outcome, verdict, last.0), outcome.steps)
}

fn what(machine: &Machine, outcome: &Outcome, verdict: Verdict, last_line: String) -> String {
    match verdict {
        Verdict::Fine | Verdict::Race => last_line,
        Verdict::Deadlock | Verdict::Spin | Verdict::Liveness | Verdict::Incomplete => {
            String::new()
        }
        Verdict::Assertion => match outcome.end {
            End::Asserted { thread } => tell_place(machine, thread, machine.thread(thread).at()),
            _ => String::new(),
        },
        Verdict::Invariant => match outcome.end {
            End::Broken { claim, .. } => machine.program().claim(claim).text.clone(),
            _ => String::new(),
        },
        Verdict::Error | Verdict::Overflow => {
            let first = outcome.failed.first().map(|thread| (thread, machine.thread(*thread)));
            match first.map(|(thread, it)| (thread, it.status())) {
                Some((thread, Status::Failed(failure))) => format!(
                    "{}: {}",
                    tell_place(machine, *thread, failure.at),
                    machine.tell_fault(failure.fault)
                ),
                _ => String::new(),
            }
        }
    }
}

/// Keeps the last line that was printed.
#[derive(Debug, Default)]
struct LastLine(String);

impl Observer for LastLine {
    fn prints(&self) -> bool {
        true
    }

    fn print(&mut self, _: &Machine, _: ThreadId, line: &str) {
        self.0.clear();
        self.0.push_str(line);
    }
}

#[derive(Debug, Default)]
struct Tally {
    steps: u64,
    sorts: HashMap<(Verdict, String), Sort>,
}

impl Tally {
    fn add(&mut self, seed: u64, (verdict, what, steps): (Verdict, String, u64)) {
        self.steps += steps;
        self.count(Sort { verdict, what, runs: 1, first_seed: seed });
    }

    fn merge(&mut self, other: Self) {
        self.steps += other.steps;
        for sort in other.sorts.into_values() {
            self.count(sort);
        }
    }

    fn count(&mut self, mut sort: Sort) {
        let mut key = (sort.verdict, sort.what.clone());
        if self.sorts.len() >= MOST_SORTS && !self.sorts.contains_key(&key) {
            "(others)".clone_into(&mut sort.what);
            key.1.clone_from(&sort.what);
        }
        let known = self.sorts.entry(key).or_insert(Sort { runs: 0, ..sort.clone() });
        known.runs += sort.runs;
        known.first_seed = known.first_seed.min(sort.first_seed);
    }
}

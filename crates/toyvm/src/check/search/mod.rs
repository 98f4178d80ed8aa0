//! The search: every state that the program may be in, each looked at once.

mod worker;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::analysis::Analysis;
use super::explorer::Passed;
use super::finding::Finding;
use super::flaw::soundly;
use super::outputs::Output;
use super::store::{StateId, Store};
use super::{Order, Plan, Stopped};
use crate::program::Program;
use crate::verdict::Verdict;
use worker::Worker;

/// Something that was found, and where.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) finding: Finding,
    pub(super) state: StateId,
    /// A macro-step from there brings it about.
    pub(super) by_step: bool,
}

/// How a program ends: in a word, what it printed, what is left.
pub(super) type Ending = (Verdict, Output, Vec<String>);

/// A search, and what came of it.
#[derive(Debug)]
pub(super) struct Search<'a> {
    program: &'a Arc<Program>,
    analysis: Arc<Analysis>,
    plan: &'a Plan<'a>,
    began: Instant,
    pub(super) store: Store,
    pool: Mutex<Pool>,
    changed: Condvar,
    hungry: AtomicUsize,
    over: AtomicBool,
    /// Threads that cannot be told apart may have to be, for all to be found.
    pub(super) is_doubtful: AtomicBool,
    transitions: AtomicU64,
    /// What was found first, and what ended the search before its end.
    pub(super) found: Mutex<Vec<Found>>,
    /// And a state that was to be looked at then.
    pub(super) stopped: Mutex<Option<(Stopped, Option<StateId>)>>,
    /// What is known if nothing is turned off: by that, states in which the program ends are packed.
    whole: Option<Arc<Analysis>>,
    pub(super) ends: Mutex<BTreeSet<Vec<u8>>>,
    /// All that the program may come to, and how that was found first.
    pub(super) outcomes: Mutex<BTreeMap<Ending, Found>>,
    /// By list and address: whether the instruction was ever executed.
    pub(super) executed: Mutex<Vec<Vec<bool>>>,
}

/// States that anyone may go on from.
#[derive(Debug, Default)]
struct Pool {
    states: VecDeque<StateId>,
    idle: usize,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        program: &'a Arc<Program>,
        analysis: Arc<Analysis>,
        plan: &'a Plan<'a>,
    ) -> Self {
        let whole = Plan { service: plan.service, ..Plan::default() };
        let executed = program.codes().iter().map(|code| vec![false; code.instructions.len()]);
        Self {
            program,
            analysis,
            plan,
            began: Instant::now(),
            store: Store::new(),
            pool: Mutex::default(),
            changed: Condvar::new(),
            hungry: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            is_doubtful: AtomicBool::new(false),
            transitions: AtomicU64::new(0),
            found: Mutex::default(),
            stopped: Mutex::default(),
            whole: plan.ends.then(|| Arc::new(soundly(|| Analysis::of(program, &whole)))),
            ends: Mutex::default(),
            outcomes: Mutex::default(),
            executed: Mutex::new(executed.collect()),
        }
    }

    /// Looks at all states, or until something is found or a limit is reached.
    pub(super) fn run(&self) {
        let mut first = Worker::new(self);
        let passed = first.explorer.begin();
        self.note(&passed);
        let mut bytes = Vec::new();
        first.explorer.pack(&mut bytes);
        if let Some(finding) = passed.finding {
            let state = self.store.insert(&bytes, StateId::NONE).expect("it is the first");
            let found = Found { finding, state, by_step: false };
            if self.plan.outcomes {
                first.comes_to(found);
            } else {
                self.finds(found);
            }
        } else {
            first.begin(&bytes);
        }
        if self.plan.order == Order::Switches {
            first.run_by_switches();
            return first.finish();
        }
        let workers = self.plan.workers.max(1);
        std::thread::scope(|scope| {
            for _ in 1..workers {
                scope.spawn(|| {
                    let mut worker = Worker::new(self);
                    worker.run(workers, false);
                    worker.finish();
                });
            }
            first.run(workers, true);
        });
        first.finish();
    }

    pub(super) fn transitions(&self) -> u64 {
        self.transitions.load(Ordering::Relaxed)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Whether it was not looked at all states.
    pub(super) fn has_ended_early(&self) -> bool {
        let is_wrong = |found: &Found| !matches!(found.finding, Finding::Race { .. });
        let found = self.found.lock().expect("nobody panics here");
        found.iter().any(is_wrong) || self.stopped.lock().expect("nobody panics here").is_some()
    }

    /// The states that lead to one, the first one first.
    pub(super) fn path(&self, state: StateId) -> Vec<StateId> {
        let mut path = vec![state];
        while let Some(before) = self.store.before(path[path.len() - 1]) {
            path.push(before);
        }
        path.reverse();
        path
    }

    fn note(&self, passed: &Passed) {
        if passed.is_doubtful {
            self.is_doubtful.store(true, Ordering::Relaxed);
        }
    }

    fn finds(&self, found: Found) {
        if let Finding::Endless { code, pc } = found.finding {
            return self.stop(Stopped::Endless { code, pc }, Some(found.state));
        }
        let goes_on = matches!(found.finding, Finding::Race { .. }) && self.plan.allow_races;
        let mut all = self.found.lock().expect("nobody panics here");
        if goes_on {
            let is_known = |known: &Found| same_race(&known.finding, &found.finding);
            if !all.iter().any(is_known) {
                all.push(found);
            }
            return;
        }
        // Before the races that are allowed.
        all.insert(0, found);
        drop(all);
        self.end();
    }

    fn stop(&self, why: Stopped, at: Option<StateId>) {
        let mut stopped = self.stopped.lock().expect("nobody panics here");
        if stopped.is_none() {
            *stopped = Some((why, at));
        }
        drop(stopped);
        self.end();
    }

    fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
        let _pool = self.pool.lock().expect("nobody panics here");
        self.changed.notify_all();
    }
}

/// Whether two races are about the same name.
fn same_race(one: &Finding, other: &Finding) -> bool {
    match (one, other) {
        (Finding::Race { name, .. }, Finding::Race { name: other, .. }) => name == other,
        _ => false,
    }
}

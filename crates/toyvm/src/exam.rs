//! Whether what comes of a program is what its file says: many runs, under every scheduler.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::check::{Plan, check};
use crate::expectation::Expectation;
use crate::machine::{Limits, Machine, Service, ThreadId};
use crate::observer::Observer;
use crate::program::Program;
use crate::run::{self, MAX_STEPS, Pace, Stage};
use crate::scheduler::Policy;
use crate::verdict::Verdict;
use crate::watch::Races;

/// One run of an exam, as somebody would ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sitting {
    /// Who decides who goes on.
    pub policy: Policy,
    /// The seed.
    pub seed: u64,
}

/// What came of an exam.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// How many runs there were.
    pub runs: u64,
    /// How they ended: how many, and the first that did.
    pub verdicts: BTreeMap<Verdict, (u64, Sitting)>,
    /// What was not as the file says.
    pub complaints: Vec<Complaint>,
}

/// Something that was not as the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// What, in one sentence without a full stop.
    pub what: String,
    /// A run that shows it, if one does.
    pub shown_by: Option<Sitting>,
}

/// Compares what comes of every schedule with what a file says: its verdict, and how many states a search
/// finds, with one worker. None if the search ended before its end, or the file says neither.
///
/// A file that says which mistake it has may have races besides; one that is to be proved may not.
pub fn prove(
    program: &Arc<Program>,
    expectation: &Expectation,
    plan: &Plan<'_>,
) -> Option<Vec<String>> {
    let Expectation { verdict, states, .. } = expectation;
    let liveness = expectation.fairness();
    if (verdict.is_none() && states.is_none()) || *verdict == Some(Verdict::Incomplete) {
        return None;
    }
    let is_about_races = matches!(verdict, None | Some(Verdict::Fine | Verdict::Race));
    let deaths = expectation.deaths();
    let plan = Plan { workers: 1, allow_races: !is_about_races, deaths, liveness, ..*plan };
    let report = check(program, &plan);
    if report.stopped.is_some() {
        return None;
    }
    let found = report.failures.first().map_or(Verdict::Fine, |it| it.finding.verdict());
    let mut complaints = Vec::new();
    if let Some(expected) = verdict.filter(|expected| *expected != found) {
        complaints.push(match (expected, found) {
            (_, Verdict::Fine) => {
                format!("PROVED: none of all schedules shows {expected}")
            }
            _ => format!("of all schedules, one shows {found}, not {expected}"),
        });
    }
    if let Some(expected) = states.filter(|expected| *expected != report.states) {
        complaints.push(format!("a search finds {} states, not {expected}", report.states));
    }
    Some(complaints)
}

/// How many runs an exam with so many seeds has.
pub fn runs(seeds: u64) -> u64 {
    3 + 2 * seeds
}

/// Runs a program round-robin, by priority, and `seeds` times at random and with PCT, and compares.
pub fn examine(program: &Arc<Program>, expectation: &Expectation, seeds: u64) -> Marks {
    let mut exam = Exam {
        expectation,
        marks: Marks { runs: 0, verdicts: BTreeMap::new(), complaints: Vec::new() },
        shown: BTreeSet::new(),
        told: HashSet::new(),
    };
    let plain = Sitting { policy: Policy::RoundRobin { quantum: 1 }, seed: 0 };
    let length = exam.sit(program, plain);
    exam.sit(program, Sitting { policy: Policy::RoundRobin { quantum: 10 }, seed: 0 });
    exam.sit(program, Sitting { policy: Policy::Priority, seed: 0 });
    for seed in 0..seeds {
        exam.sit(program, Sitting { policy: Policy::Random, seed });
        exam.sit(program, Sitting { policy: Policy::Pct { depth: 3, length }, seed });
    }
    exam.conclude()
}

struct Exam<'a> {
    expectation: &'a Expectation,
    marks: Marks,
    /// All that any run showed.
    shown: BTreeSet<Verdict>,
    /// Headers that were complained of.
    told: HashSet<&'a str>,
}

impl Exam<'_> {
    /// One run; its length.
    fn sit(&mut self, program: &Arc<Program>, sitting: Sitting) -> u64 {
        let mut machine = Machine::with(Arc::clone(program), Service::InOrder, Limits::default());
        let lines = Lines { expectation: self.expectation, seen: HashSet::new() };
        let mut stage =
            Stage { choices: run::choices(sitting.seed), observer: (lines, Races::new()) };
        let max_steps = program.wishes().max_steps.unwrap_or(MAX_STEPS);
        let pace = Pace { max_steps, realtime: false };
        let scheduler = sitting.policy.scheduler(sitting.seed);
        let outcome = run::run(&mut machine, scheduler, &mut stage, pace);
        let (lines, races) = stage.observer;
        let shown = Verdict::all_of(&machine, &outcome, !races.findings().is_empty());
        let verdict = shown[0];
        self.shown.extend(shown);
        self.marks.runs += 1;
        self.marks.verdicts.entry(verdict).or_insert((0, sitting)).0 += 1;
        let missing =
            self.expectation.lines.iter().filter(|line| !lines.seen.contains(line.as_str()));
        let missing = missing.map(|line| (line, format!("{line:?} was not printed")));
        let absent =
            self.expectation.absent.iter().filter(|line| lines.seen.contains(line.as_str()));
        let absent = absent.map(|line| (line, format!("{line:?} was printed")));
        for (line, what) in missing.chain(absent) {
            if self.told.insert(line) {
                self.marks.complaints.push(Complaint { what, shown_by: Some(sitting) });
            }
        }
        outcome.steps
    }

    fn conclude(mut self) -> Marks {
        let verdicts = &self.marks.verdicts;
        // Threads that are meant to go on for ever have no step left at the end.
        let may_go_on = self.expectation.liveness.is_some();
        let is_fine = |verdict: Verdict| {
            verdict == Verdict::Fine || (verdict == Verdict::Incomplete && may_go_on)
        };
        let complaint = match self.expectation.verdict {
            Some(Verdict::Fine) => verdicts.iter().find(|(verdict, _)| !is_fine(**verdict)).map(
                |(verdict, (runs, first))| Complaint {
                    what: format!("{runs} of {} runs: {}", self.marks.runs, verdict.of_a_run()),
                    shown_by: Some(*first),
                },
            ),
            // No run goes on for ever, and nobody is killed in these.
            Some(Verdict::Liveness) => None,
            Some(_) if self.expectation.kill > 0 => None,
            Some(expected) if !self.shown.contains(&expected) => Some(Complaint {
                what: format!("none of {} runs showed {expected}", self.marks.runs),
                shown_by: None,
            }),
            None | Some(_) => None,
        };
        self.marks.complaints.extend(complaint);
        self.marks
    }
}

/// Which of the lines that headers speak of were printed.
struct Lines<'a> {
    expectation: &'a Expectation,
    seen: HashSet<&'a str>,
}

impl Observer for Lines<'_> {
    fn prints(&self) -> bool {
        true
    }

    fn print(&mut self, _: &Machine, _: ThreadId, line: &str) {
        let expectation = self.expectation;
        let headers = expectation.lines.iter().chain(&expectation.absent);
        self.seen.extend(
            headers.map(String::as_str).filter(|header| Expectation::matches(header, line)),
        );
    }
}

//! A second oracle: every schedule of a tiny program is gone through, one instruction after the other, on a
//! plain machine. No state is remembered, so nothing can be taken for something else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use toyvm::Program;
use toyvm::check::{Deaths, Finding, Plan, Report, check, end_after};
use toyvm::deadlock::cycle_through;
use toyvm::instruction::Instruction as I;
use toyvm::machine::{
    Choice, Event, Limits, Machine, Service, State, Status, Stepped, ThreadId, Time, World,
};
use toyvm::program::{CodeId, Entry, NameId};
use toyvm::trace::Decision;

use super::{aimed, is_wrong, plain, program, raced, seeds, tiny};

/// Steps of all schedules of a program beyond which it is left out.
const MOST: u64 = 6_000;

/// Steps of one schedule.
const LONGEST: usize = 60;

/// Programs that are written at least.
const LEAST: u64 = 120;
/// The first of those in which numbers are drawn; a little after it is one that goes beyond an array.
const FIRST_OF_IDS: u64 = 200;

/// What the schedules of a program come to.
#[derive(Debug)]
pub(crate) struct Outcomes {
    /// Words for what is wrong in some of them.
    wrong: BTreeSet<&'static str>,
    raced: BTreeSet<NameId>,
    /// By all that can be seen of it: each state in which the program ends, and how it is reached.
    ends: BTreeMap<String, Vec<Decision>>,
    executed: BTreeSet<(CodeId, u32)>,
}

/// Chooses what it is told to.
#[derive(Debug, Default)]
struct Chooser {
    number: u64,
    below: u64,
    dies: bool,
    /// The CREATEs that were executed.
    made: Vec<(CodeId, u32)>,
}

impl World for Chooser {
    fn choose(&mut self, _: &Machine, _: ThreadId, _: Choice, below: u64) -> u64 {
        self.below = below;
        self.number
    }

    fn dies(&mut self, _: &Machine, _: ThreadId) -> bool {
        self.dies
    }

    fn print(&mut self, _: &Machine, _: ThreadId, _: &str) {}

    fn event(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        if let Event::Created(_) | Event::Started(_) = event {
            self.made.push((machine.thread(thread).code(), at));
        }
    }
}

struct Walk {
    machine: Machine,
    outcomes: Outcomes,
    schedule: Vec<Decision>,
    /// The CREATEs that were executed, in order.
    made: Vec<(CodeId, u32)>,
    steps: u64,
    /// So many may yet be killed.
    deaths: u32,
}

/// What comes of a program in which so many may be killed, if it is tiny.
pub(crate) fn outcomes(program: &Arc<Program>, service: Service, deaths: u32) -> Option<Outcomes> {
    let machine = Machine::with(Arc::clone(program), service, Limits::default());
    let outcomes = Outcomes {
        wrong: BTreeSet::new(),
        raced: BTreeSet::new(),
        ends: BTreeMap::new(),
        executed: BTreeSet::new(),
    };
    let machine = machine.in_time(Time::Any);
    let (schedule, made) = (Vec::new(), Vec::new());
    let mut walk = Walk { machine, outcomes, schedule, made, steps: 0, deaths };
    walk.on().then_some(walk.outcomes)
}

impl Walk {
    /// Goes on from here in every way; false if there are too many.
    fn on(&mut self) -> bool {
        self.note_races();
        let state = self.machine.state().clone();
        let (ready, made): (Vec<ThreadId>, _) = (state.ready().iter().collect(), self.made.len());
        if ready.is_empty() {
            if state.remaining() > 0 {
                self.outcomes.wrong.insert("deadlock");
            } else {
                let end = self.seen();
                self.outcomes.ends.entry(end).or_insert_with(|| self.schedule.clone());
                return self.kill(made, &state);
            }
            return true;
        }
        if !self.kill(made, &state) {
            return false;
        }
        for thread in ready {
            let mut chooser = Chooser::default();
            loop {
                self.steps += 1;
                if self.steps > MOST || self.schedule.len() > LONGEST {
                    return false;
                }
                chooser.below = 0;
                let goes_on = self.step(thread, &mut chooser);
                let chosen = (chooser.below > 0).then_some(chooser.number);
                self.schedule.push(Decision { chosen, ..Decision::of(thread) });
                self.made.append(&mut chooser.made);
                let is_small = !goes_on || self.on();
                self.schedule.pop();
                self.made.truncate(made);
                self.machine.set_state(state.clone());
                if !is_small {
                    return false;
                }
                chooser.number += 1;
                if chooser.number >= chooser.below {
                    break;
                }
            }
        }
        true
    }

    /// Goes on with the death of each who may die; false if there are too many ways.
    fn kill(&mut self, made: usize, state: &State) -> bool {
        let entries = self.machine.program().entries().to_vec();
        let program = Arc::clone(self.machine.program());
        let name = |entry: &Entry| entry.name.map(|name| program.text(name));
        let is_main = |thread: &ThreadId| {
            entries.get(thread.index()).is_some_and(|entry| name(entry) == Some("main"))
        };
        let all = state.thread_ids().filter(|thread| !is_main(thread));
        for thread in all.filter(|_| self.deaths > 0).collect::<Vec<_>>() {
            if self.machine.thread(thread).status().is_over() {
                continue;
            }
            self.steps += 1;
            let mut chooser = Chooser { dies: true, ..Chooser::default() };
            if let Stepped::Broken(_) = self.machine.step(thread, &mut chooser) {
                self.outcomes.wrong.insert("invariant");
            } else {
                self.deaths -= 1;
                self.schedule.push(Decision { dies: true, ..Decision::of(thread) });
                let is_small = self.on();
                self.schedule.pop();
                self.deaths += 1;
                if !is_small {
                    return false;
                }
            }
            self.made.truncate(made);
            self.machine.set_state(state.clone());
        }
        true
    }

    /// False if that ends the run.
    fn step(&mut self, thread: ThreadId, chooser: &mut Chooser) -> bool {
        let it = self.machine.thread(thread);
        self.outcomes.executed.insert((it.code(), it.at()));
        let word = match self.machine.step(thread, chooser) {
            Stepped::Failed => "error",
            Stepped::Asserted => "assertion",
            Stepped::Broken(_) => "invariant",
            Stepped::Went | Stepped::Yielded | Stepped::Stopped | Stepped::Died => {
                let mut waiting = self.machine.state().began_to_wait().iter();
                if waiting.any(|it| cycle_through(&self.machine, *it).is_some()) {
                    self.outcomes.wrong.insert("deadlock");
                }
                return true;
            }
        };
        self.outcomes.wrong.insert(word);
        false
    }

    fn note_races(&mut self) {
        let machine = &self.machine;
        let about = |thread: ThreadId| {
            let it = machine.thread(thread);
            if *it.status() != Status::Runnable {
                return None;
            }
            let is_own = |slot: u32| it.variables().get(slot as usize).is_some_and(Option::is_some);
            match machine.program().code(it.code()).instructions[it.pc() as usize] {
                I::GlobalStore(name) => Some((name.id, true)),
                I::Load(name) if !is_own(name.slot) => Some((name.id, false)),
                _ => None,
            }
        };
        let all: Vec<(NameId, bool)> = machine.state().ready().iter().filter_map(about).collect();
        for (at, (name, sets)) in all.iter().enumerate() {
            if all[..at].iter().any(|(other, other_sets)| other == name && (*sets || *other_sets)) {
                self.outcomes.raced.insert(*name);
            }
        }
    }

    /// All that can be seen of a state.
    fn seen(&self) -> String {
        let state = self.machine.state();
        let thread = |thread: ThreadId| {
            let it = self.machine.thread(thread);
            let own = (!it.status().is_over()).then(|| (it.stack(), it.variables(), it.status()));
            format!("{:?} {:?} {own:?}", it.code(), it.at())
        };
        let threads: Vec<String> = state.thread_ids().map(thread).collect();
        let locks: Vec<_> = state.locks().iter().map(|it| (it.owner, &it.line)).collect();
        let semaphores: Vec<_> =
            state.semaphores().iter().map(|it| (it.count, it.bound, &it.line)).collect();
        let queues = state.queues().iter();
        let queues: Vec<_> =
            queues.map(|it| (&it.messages, it.capacity, &it.receivers, &it.senders)).collect();
        let counters: Vec<_> = state.counters().iter().map(|it| it.value).collect();
        let arrays: Vec<_> = state.arrays().iter().map(|it| &it.values).collect();
        let conditions: Vec<_> = state.conditions().iter().map(|it| (it.lock, &it.line)).collect();
        let (globals, claims, made) = (state.globals(), state.claims(), &self.made);
        format!(
            "{globals:?} {claims:?} {made:?} {locks:?} {semaphores:?} {queues:?} {counters:?} {arrays:?} {conditions:?} {threads:?}"
        )
    }
}

/// In what a search differs from all schedules, if it does.
fn differs(
    program: &Program,
    report: &Report,
    outcomes: &Outcomes,
    ends: &BTreeSet<Vec<u8>>,
) -> Option<&'static str> {
    let word = |finding: &Finding| match finding {
        Finding::Deadlock | Finding::Circle(_) => "deadlock",
        Finding::Assertion { .. } => "assertion",
        Finding::Invariant { .. } => "invariant",
        Finding::Error { .. } | Finding::Overflow { .. } => "error",
        Finding::Race { .. } => "race",
        Finding::Spin { .. } | Finding::Endless { .. } => "endless",
        Finding::Starved { .. } | Finding::Unending { .. } => unreachable!("nobody looks for it"),
        Finding::Finished => "finished",
    };
    if is_wrong(report) == outcomes.wrong.is_empty() {
        return Some("verdict");
    }
    if is_wrong(report) {
        let is_known = |word| word == "race" || outcomes.wrong.contains(word);
        let all = report.failures.iter().all(|failure| is_known(word(&failure.finding)));
        return (!all).then_some("what is wrong");
    }
    if raced(report) != outcomes.raced {
        return Some("races");
    }
    if report.ends != *ends {
        return Some("ends");
    }
    let all = program.code_ids().flat_map(|code| {
        (0..program.code(code).instructions.len() as u32).map(move |pc| (code, pc))
    });
    let never: Vec<_> = all.filter(|it| !outcomes.executed.contains(it)).collect();
    (report.never != never).then_some("instructions that are never executed")
}

/// Compares what comes of a program, whatever is cut, with what comes of all its schedules; false if there are too
/// many of those.
pub(crate) fn compare(text: &str, service: Service, deaths: u32, told: &str) -> bool {
    let program = program(text);
    let Some(outcomes) = outcomes(&program, service, deaths) else { return false };
    let deaths = Deaths { most: deaths, of: &[] };
    let ends = outcomes.ends.values().map(|schedule| end_after(&program, service, schedule));
    let ends: BTreeSet<Vec<u8>> = ends.collect();
    for bits in 0..8 {
        let (reduce, symmetry, drop_dead) = (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0);
        let plan =
            Plan { service, reduce, symmetry, drop_dead, ends: true, allow_races: true, ..plain() };
        let plan = Plan { deaths, ..plan };
        let report = check(&program, &plan);
        if let Some(what) = differs(&program, &report, &outcomes, &ends) {
            panic!(
                "{told}: {what}, {plan:?}: {:?} {:?} {:?}, of {outcomes:?}, {ends:?}\n{text}",
                report.failures, report.ends, report.never
            );
        }
        let report = check(&program, &Plan { allow_races: false, ..plan });
        let is_fine = outcomes.wrong.is_empty() && outcomes.raced.is_empty();
        assert_eq!(report.failures.is_empty(), is_fine, "{told}: {plan:?}, {outcomes:?}\n{text}");
    }
    true
}

#[test]
fn a_search_comes_to_what_all_schedules_come_to() {
    go_through(tiny::program);
}

#[test]
fn a_search_comes_to_what_all_schedules_come_to_where_numbers_are_drawn() {
    go_through(|seed| tiny::of_ids(FIRST_OF_IDS + seed));
}

fn go_through(write: fn(u64) -> String) {
    let (mut compared, mut left_out) = (0, 0);
    for seed in seeds(LEAST) {
        let service = if seed % 3 == 0 { Service::Weak } else { Service::InOrder };
        let deaths = (seed % 4) as u32 / 2;
        let is_tiny = compare(&write(seed), service, deaths, &format!("seed {seed}"));
        *if is_tiny { &mut compared } else { &mut left_out } += 1;
    }
    println!("{compared} compared, {left_out} left out");
    assert!(2 * compared > left_out);
}

#[test]
fn programs_that_aim_at_something_come_to_what_all_schedules_come_to() {
    let compare = |it: &&aimed::Aimed| compare(&it.text(), it.service, it.deaths, it.what);
    let compared = aimed::all().filter(compare).count();
    assert!(compared * 3 > aimed::all().count(), "{compared} compared");
}

//! What a search for ways round is held against: all states of a tiny program, one instruction after the other, on a
//! plain machine, compared by all that can be seen of them; and among them, those that can be gone round from for ever
//! fairly, as a fixed point (after Emerson & Lei, 1986). It shares nothing with the search but the machine.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use toyvm::Program;
use toyvm::check::{Failure, Fairness, Finding, Report, beginning};
use toyvm::machine::{
    Choice, Event, Machine, On, Service, State, Status, Stepped, ThreadId, World,
};
use toyvm::trace::Decision;

/// States of a program beyond which it is left out.
const MOST: usize = 2_500;

/// Chooses what it is told to.
#[derive(Default)]
struct Chooser {
    number: u64,
    below: u64,
    /// Whoever steps dies.
    dies: bool,
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

    fn event(&mut self, _: &Machine, _: ThreadId, _: u32, _: Event) {}
}

/// Threads of a state, as bits.
#[derive(Debug, Clone, Copy, Default)]
struct At {
    ready: u32,
    waits: u32,
    could_end: u32,
}

/// A step: from where, whose, and to where.
type Step = (usize, usize, usize);

/// All states, and all steps between them.
#[derive(Debug)]
pub(crate) struct Rounds {
    at: Vec<At>,
    steps: Vec<Step>,
    threads: usize,
}

/// All that can be seen of a state.
fn seen(machine: &Machine) -> String {
    let state = machine.state();
    let thread = |thread: ThreadId| {
        let it = machine.thread(thread);
        let status = match it.status() {
            Status::Waiting(wait) => {
                let mut wait = *wait;
                wait.since = 0;
                Status::Waiting(wait)
            }
            status => status.clone(),
        };
        let own = (!it.status().is_over()).then(|| (it.stack(), it.variables(), it.pc()));
        format!("{:?} {own:?} {status:?}", it.code())
    };
    let threads: Vec<String> = state.thread_ids().map(thread).collect();
    let locks: Vec<_> = state.locks().iter().map(|it| (it.owner, &it.line)).collect();
    let semaphores: Vec<_> = state.semaphores().iter().map(|it| (it.count, &it.line)).collect();
    let queues = state.queues().iter();
    let queues: Vec<_> = queues.map(|it| (&it.messages, &it.receivers, &it.senders)).collect();
    let counters: Vec<_> = state.counters().iter().map(|it| it.value).collect();
    let arrays: Vec<_> = state.arrays().iter().map(|it| &it.values).collect();
    let conditions: Vec<_> = state.conditions().iter().map(|it| &it.line).collect();
    let globals = state.globals();
    format!(
        "{globals:?} {locks:?} {semaphores:?} {queues:?} {counters:?} {arrays:?} {conditions:?} {threads:?}"
    )
}

/// Whether the end of a list can be reached from there.
fn may_end(program: &Program, machine: &Machine, thread: ThreadId) -> bool {
    let code = program.code(machine.thread(thread).code());
    let (mut seen, mut due) = (BTreeSet::new(), vec![machine.thread(thread).pc()]);
    while let Some(pc) = due.pop() {
        if pc as usize == code.instructions.len() {
            return true;
        }
        if seen.insert(pc) {
            due.extend(code.next(pc));
        }
    }
    false
}

fn at(program: &Program, machine: &Machine) -> At {
    let mut at = At::default();
    for thread in machine.state().thread_ids() {
        let (it, bit) = (machine.thread(thread), 1 << thread.index());
        if machine.state().ready().contains(thread) {
            at.ready |= bit;
        }
        if it.is_daemon() || it.status().is_over() {
            continue;
        }
        // Whoever joins is as good as whom it joins, but for a daemon, of which nothing is asked.
        let joins = matches!(it.status(), Status::Waiting(wait)
            if matches!(wait.on, On::Thread(other) if !machine.thread(other).is_daemon()));
        if matches!(it.status(), Status::Waiting(_)) && !joins {
            at.waits |= bit;
        }
        if !joins && may_end(program, machine, thread) {
            at.could_end |= bit;
        }
    }
    at
}

/// Those who may be killed: anyone but main.
fn dying(program: &Program, state: &State, deaths: usize) -> Vec<ThreadId> {
    let is_main = |thread: &ThreadId| {
        let entry = program.entries().get(thread.index());
        entry.and_then(|it| it.name).is_some_and(|name| program.text(name) == "main")
    };
    let status = |thread: &ThreadId| state.threads()[thread.index()].status();
    let dead = state.thread_ids().filter(|it| *status(it) == Status::Killed).count();
    let all = state.thread_ids().filter(|it| dead < deaths && !is_main(it));
    all.filter(|it| !status(it).is_over()).collect()
}

impl Rounds {
    /// Those of a program in which so many may be killed; none if there are too many, or something fails on the
    /// way.
    pub(crate) fn of(program: &Arc<Program>, service: Service, deaths: usize) -> Option<Self> {
        let mut machine = beginning(program, service);
        let mut rounds = Self { at: Vec::new(), steps: Vec::new(), threads: 0 };
        let mut states: Vec<State> = Vec::new();
        let mut numbers = HashMap::new();
        numbers.insert(seen(&machine), 0);
        rounds.at.push(at(program, &machine));
        states.push(machine.state().clone());
        let mut from = 0;
        while from < states.len() {
            let ready = states[from].ready().iter().map(|thread| (thread, false));
            let dying = dying(program, &states[from], deaths).into_iter();
            for (thread, dies) in
                ready.chain(dying.map(|thread| (thread, true))).collect::<Vec<_>>()
            {
                let mut chooser = Chooser { dies, ..Chooser::default() };
                loop {
                    machine.set_state(states[from].clone());
                    chooser.below = 0;
                    match machine.step(thread, &mut chooser) {
                        Stepped::Failed | Stepped::Asserted | Stepped::Broken(_) => return None,
                        _ => {}
                    }
                    let next = states.len();
                    let to = *numbers.entry(seen(&machine)).or_insert(next);
                    if to == next {
                        rounds.at.push(at(program, &machine));
                        states.push(machine.state().clone());
                    }
                    rounds.steps.push((from, thread.index(), to));
                    chooser.number += 1;
                    if states.len() > MOST {
                        return None;
                    }
                    if chooser.number >= chooser.below {
                        break;
                    }
                }
            }
            from += 1;
        }
        rounds.threads = states.iter().map(|it| it.threads().len()).max().unwrap_or(0);
        Some(rounds)
    }

    /// Those who may wait for ever, and those who may never end though they could.
    pub(crate) fn who_does_not_get_on(&self, fairness: Fairness) -> [BTreeSet<usize>; 2] {
        let all = 0..self.threads;
        let starved = all.clone().filter(|victim| {
            let waits = |(from, whose, to): Step| {
                let both = self.at[from].waits & self.at[to].waits;
                whose != *victim && both & 1 << victim != 0
            };
            self.can_go_round(fairness, &waits, &|_| true)
        });
        let unending = all.filter(|victim| {
            let could_end = |(_, _, to): Step| self.at[to].could_end & 1 << victim != 0;
            self.can_go_round(fairness, &|_| true, &could_end)
        });
        [starved.collect(), unending.collect()]
    }

    /// Whether some fair way goes on for ever by steps that are allowed, and again and again by a wanted one.
    fn can_go_round(
        &self,
        fairness: Fairness,
        allowed: &dyn Fn(Step) -> bool,
        wanted: &dyn Fn(Step) -> bool,
    ) -> bool {
        let allowed = || self.steps.iter().copied().filter(|step| allowed(*step));
        let ready = |thread: usize, state: usize| self.at[state].ready & 1 << thread != 0;
        if fairness == Fairness::Weak {
            let mut again: Vec<Box<dyn Fn(Step) -> bool>> = vec![Box::new(wanted)];
            for thread in 0..self.threads {
                again.push(Box::new(move |(_, whose, to)| whose == thread || !ready(thread, to)));
            }
            return self.goes_on(allowed().collect(), &again);
        }
        // In the end, some can go on no more; and all others step, again and again.
        (0..1_u32 << self.threads).any(|never| {
            let left = allowed()
                .filter(|(from, _, to)| (self.at[*from].ready | self.at[*to].ready) & never == 0);
            let mut again: Vec<Box<dyn Fn(Step) -> bool>> = vec![Box::new(wanted)];
            for thread in (0..self.threads).filter(|thread| never & 1 << thread == 0) {
                again.push(Box::new(move |(_, whose, _)| whose == thread));
            }
            self.goes_on(left.collect(), &again)
        })
    }

    /// Whether a way by these steps goes on for ever and makes one of each kind again and again.
    fn goes_on(&self, mut left: Vec<Step>, again: &[Box<dyn Fn(Step) -> bool + '_>]) -> bool {
        loop {
            let before = left.len();
            for kind in again {
                // From which states one of that kind can be made, now or later.
                let mut can = vec![false; self.at.len()];
                for (from, _, _) in left.iter().filter(|step| kind(**step)) {
                    can[*from] = true;
                }
                loop {
                    let mut news = false;
                    for (from, _, to) in &left {
                        news |= can[*to] && !std::mem::replace(&mut can[*from], true);
                    }
                    if !news {
                        break;
                    }
                }
                left.retain(|(_, _, to)| can[*to]);
            }
            if left.len() == before {
                return !left.is_empty();
            }
        }
    }
}

/// Whether a search says what is so of a program in which no state is wrong; or in what it differs.
pub(crate) fn judge(
    program: &Arc<Program>,
    service: Service,
    fairness: Fairness,
    [starved, unending]: &[BTreeSet<usize>; 2],
    report: &Report,
) -> Result<(), String> {
    let told = format!("{starved:?} starved, {unending:?} unending, {:?}", report.failures);
    let failures = report.failures.iter();
    let mut failures = failures.filter(|it| !matches!(it.finding, Finding::Race { .. }));
    let is_so = match failures.next() {
        _ if report.stopped.is_some() => return Err(format!("{:?}", report.stopped)),
        None => starved.is_empty() && unending.is_empty(),
        Some(failure) => {
            goes_round(program, service, fairness, failure)?;
            match failure.finding {
                Finding::Starved { thread } => starved.contains(&thread.index()),
                Finding::Unending { thread } => {
                    starved.is_empty() && unending.contains(&thread.index())
                }
                _ => false,
            }
        }
    };
    if is_so { Ok(()) } else { Err(told) }
}

/// Goes along a way on a plain machine, and five times round: whether nobody is left out, and one does not get
/// on.
pub(crate) fn goes_round(
    program: &Arc<Program>,
    service: Service,
    fairness: Fairness,
    failure: &Failure,
) -> Result<(), String> {
    let mut machine = beginning(program, service);
    let from = failure.repeats_from.ok_or("it does not say where it begins to go round")?;
    let (stem, round) = failure.schedule.split_at(from);
    let mut make = |step: &Decision| {
        let ready: Vec<ThreadId> = machine.state().ready().iter().collect();
        let thread = machine.state().thread_at(step.thread as usize);
        let thread =
            thread.filter(|it| step.dies || ready.contains(it)).ok_or("who steps cannot")?;
        let number = step.chosen.unwrap_or(0);
        let mut chooser = Chooser { number, dies: step.dies, ..Chooser::default() };
        machine.step(thread, &mut chooser);
        Ok::<_, &str>((at(program, &machine), thread.index()))
    };
    let mut now = At::default();
    for step in stem {
        (now, _) = make(step)?;
    }
    for _ in 0..5 {
        let (mut stepped, mut always, mut ever) = (0, now.ready, now.ready);
        let (mut waited, mut could_end) = (now.waits, now.could_end);
        for step in round {
            let (next, whose) = make(step)?;
            now = next;
            stepped |= 1 << whose;
            always &= now.ready;
            ever |= now.ready;
            waited &= now.waits;
            could_end |= now.could_end;
        }
        let owed = if fairness == Fairness::Weak { always } else { ever };
        if round.is_empty() || owed & !stepped != 0 {
            return Err(format!("somebody is left out: {failure:?}"));
        }
        let does_not_get_on = match failure.finding {
            Finding::Starved { thread } => waited & !stepped & 1 << thread.index(),
            Finding::Unending { thread } => could_end & 1 << thread.index(),
            _ => 0,
        };
        if does_not_get_on == 0 {
            return Err(format!("it gets on: {failure:?}"));
        }
    }
    Ok(())
}

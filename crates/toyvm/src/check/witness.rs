//! How a state is reached: the single steps that lead there, of threads by their true names.

use std::collections::HashSet;
use std::sync::Arc;

use super::Plan;
use super::analysis::Analysis;
use super::explorer::{Explorer, Single};
use super::failure::{Failure, beginning};
use super::finding::Finding;
use super::flaw::soundly;
use super::moves::Moves;
use super::search::{Found, Search};
use super::store::StateId;
use crate::deadlock;
use crate::machine::{Choice, Event, Machine, Stepped, ThreadId, World};
use crate::program::Program;
use crate::trace::Decision;

/// Goes along the states that led to what was found. None if there is no such way: then the search was
/// wrong.
pub(super) fn follow(
    program: &Arc<Program>,
    analysis: &Arc<Analysis>,
    plan: &Plan<'_>,
    search: &Search<'_>,
    found: &Found,
) -> Option<Failure> {
    let path = search.path(found.state);
    let mut explorer = Explorer::new(program, analysis, plan);
    explorer.steps = Some(Vec::new());
    let begun = explorer.begin();
    let finding = match begun.finding {
        Some(finding) => finding,
        None => go_along(program, plan, &mut explorer, search, &path, found)?,
    };
    let steps = explorer.steps.take().unwrap_or_default();
    let schedule = in_few_turns(beginning(program, plan.service), &steps, &finding);
    let mut schedule = schedule.unwrap_or_else(|| steps.iter().map(decision).collect());
    let finding = match finding {
        Finding::Race { accesses: [(one, _), (other, _)], .. } => {
            let there = beginning(program, plan.service);
            race_on(there, &mut schedule, one, other).unwrap_or(finding)
        }
        finding => finding,
    };
    Some(Failure {
        finding,
        schedule,
        repeats_from: None,
        switches: switches(&leaders(&steps)),
        steps: path.len() - 1 + usize::from(found.by_step),
    })
}

/// Whose macro-steps they are.
pub(super) fn leaders(steps: &[Single]) -> Vec<ThreadId> {
    steps.iter().filter(|single| single.leads).map(|single| single.thread).collect()
}

/// How often it is another's turn.
pub(super) fn switches(leaders: &[ThreadId]) -> usize {
    leaders.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

/// Adds the two accesses that race. Of two that break a claim each, the first one is what is wrong.
fn race_on(
    mut machine: Machine,
    schedule: &mut Vec<Decision>,
    one: ThreadId,
    other: ThreadId,
) -> Option<Finding> {
    for decision in schedule.iter() {
        machine.step(ThreadId(decision.thread), &mut Chosen::of(decision));
    }
    let mut broken = None;
    for [first, second] in [[one, other], [other, one]] {
        let Stepped::Broken(claim) = machine.clone().step(first, &mut Chosen::default()) else {
            schedule.extend([Decision::of(first), Decision::of(second)]);
            return None;
        };
        broken.get_or_insert((first, claim));
    }
    broken.map(|(thread, claim)| {
        schedule.push(Decision::of(thread));
        Finding::Invariant { thread, claim }
    })
}

pub(super) fn decision(single: &Single) -> Decision {
    Decision { chosen: single.chosen, dies: single.dies, ..Decision::of(single.thread) }
}

/// The same steps with fewer changes of turn: what a thread does when it does not matter when is put off
/// until it leads a macro-step, or it is the only one who can go on. None if that does not come to the same.
pub(super) fn in_few_turns(
    first: Machine,
    steps: &[Single],
    finding: &Finding,
) -> Option<Vec<Decision>> {
    let machine = first.clone();
    let mut play = Play { machine, made: Vec::new(), due: Vec::new(), last: None };
    for single in steps {
        if !single.leads {
            play.due.push(*single);
            continue;
        }
        play.catch_up(|due| due == single.thread)?;
        if !play.can_make(*single) {
            play.catch_up(|_| true)?;
        }
        play.make(*single)?;
    }
    let at_the_end = steps.last()?.thread;
    match finding {
        Finding::Finished
        | Finding::Deadlock
        | Finding::Circle(_)
        | Finding::Starved { .. }
        | Finding::Unending { .. } => play.catch_up(|_| true)?,
        Finding::Race { accesses: [(one, _), (other, _)], .. } => {
            play.catch_up(|due| due == *one || due == *other)?;
        }
        _ => {
            // It may have been started by another who is behind.
            let is_due = play.due.iter().any(|due| due.thread == at_the_end);
            if is_due && !play.machine.state().ready().contains(at_the_end) {
                play.catch_up(|due| due != at_the_end)?;
            }
            play.catch_up(|due| due == at_the_end)?;
        }
    }
    if let Finding::Spin { thread } = finding {
        play.made = one_lap(first, play.made, *thread);
    }
    play.shows(finding).then_some(play.made)
}

/// Of a way at whose end one thread goes round and round, no more than the first time round.
fn one_lap(mut machine: Machine, mut made: Vec<Decision>, thread: ThreadId) -> Vec<Decision> {
    let others = made.iter().rposition(|decision| decision.thread != thread.0);
    let alone = others.map_or(0, |at| at + 1);
    let mut seen = HashSet::new();
    for (at, decision) in made.iter().enumerate() {
        machine.step(ThreadId(decision.thread), &mut Chosen::of(decision));
        if at < alone {
            continue;
        }
        let it = machine.thread(thread);
        if !seen.insert((it.pc(), it.stack().to_vec(), it.variables().to_vec())) {
            made.truncate(at + 1);
            break;
        }
    }
    made
}

/// Steps that have been made, and those that are due.
struct Play {
    machine: Machine,
    made: Vec<Decision>,
    due: Vec<Single>,
    last: Option<Stepped>,
}

impl Play {
    fn can_make(&self, single: Single) -> bool {
        let state = self.machine.state();
        let it = state.threads().get(single.thread.index());
        let may_die = single.dies && it.is_some_and(|it| !it.status().is_over());
        may_die || state.ready().contains(single.thread)
    }

    fn make(&mut self, single: Single) -> Option<()> {
        if !self.can_make(single) {
            return None;
        }
        let decision = decision(&single);
        self.last = Some(self.machine.step(single.thread, &mut Chosen::of(&decision)));
        self.made.push(decision);
        Some(())
    }

    /// Makes the steps that are due, of some threads.
    fn catch_up(&mut self, whose: impl Fn(ThreadId) -> bool) -> Option<()> {
        let (now, later) =
            std::mem::take(&mut self.due).into_iter().partition(|it| whose(it.thread));
        self.due = later;
        let mut now: Vec<Single> = now;
        now.drain(..).try_for_each(|single| self.make(single))
    }

    fn shows(&self, finding: &Finding) -> bool {
        let (machine, state) = (&self.machine, self.machine.state());
        match finding {
            Finding::Finished => state.ready().is_empty() && state.remaining() == 0,
            Finding::Deadlock => state.ready().is_empty() && state.remaining() > 0,
            Finding::Circle(threads) => deadlock::cycle_through(machine, threads[0]).is_some(),
            Finding::Race { accesses, .. } => accesses.iter().all(|(thread, at)| {
                state.ready().contains(*thread) && machine.thread(*thread).at() == *at
            }),
            Finding::Assertion { .. } => self.last == Some(Stepped::Asserted),
            Finding::Invariant { claim, .. } => self.last == Some(Stepped::Broken(*claim)),
            Finding::Error { .. } | Finding::Overflow { .. } => self.last == Some(Stepped::Failed),
            Finding::Spin { .. }
            | Finding::Endless { .. }
            | Finding::Starved { .. }
            | Finding::Unending { .. } => true,
        }
    }
}

/// Chooses what was chosen, and kills who died.
#[derive(Default)]
pub(super) struct Chosen {
    number: Option<u64>,
    dies: bool,
}

impl Chosen {
    pub(super) fn of(decision: &Decision) -> Self {
        Self { number: decision.chosen, dies: decision.dies }
    }
}

impl World for Chosen {
    fn choose(&mut self, _: &Machine, _: ThreadId, _: Choice, _: u64) -> u64 {
        self.number.unwrap_or_default()
    }

    fn dies(&mut self, _: &Machine, _: ThreadId) -> bool {
        self.dies
    }

    fn print(&mut self, _: &Machine, _: ThreadId, _: &str) {}

    fn prints(&self) -> bool {
        false
    }

    fn event(&mut self, _: &Machine, _: ThreadId, _: u32, _: Event) {}
}

/// Goes from state to state, and to what was found in the last. Of threads that cannot be told apart, any
/// may be the one that steps; so values that matter to nothing may be others than in the search.
fn go_along(
    program: &Arc<Program>,
    plan: &Plan<'_>,
    explorer: &mut Explorer,
    search: &Search<'_>,
    path: &[StateId],
    found: &Found,
) -> Option<Finding> {
    let (mut wanted, mut got) = (Vec::new(), Vec::new());
    let mut dropping = (plan.symmetry && !plan.drop_dead).then(|| {
        let analysis = soundly(|| Analysis::of(program, &Plan { drop_dead: true, ..*plan }));
        (analysis, Explorer::new(program, &explorer.analysis, plan))
    });
    for next in &path[1..] {
        search.store.read(*next, &mut wanted);
        if let Some((analysis, there)) = &mut dropping {
            there.unpack(&wanted);
            wanted = there.pack_by(analysis);
        }
        step_to(explorer, |explorer, finding| {
            match &dropping {
                Some((analysis, _)) => got = explorer.pack_by(analysis),
                None => explorer.pack(&mut got),
            }
            (finding.is_none() && got == wanted).then_some(())
        })?;
    }
    if found.finding == Finding::Finished {
        return explorer.is_at_the_end().then_some(Finding::Finished);
    }
    if !found.by_step {
        return explorer.deadlock().or_else(|| explorer.race());
    }
    let kind = std::mem::discriminant(&found.finding);
    // Where threads changed places, another thing that is wrong may be met first in that step.
    step_to(explorer, |_, finding| finding.filter(|it| std::mem::discriminant(it) == kind))
        .or_else(|| step_to(explorer, |_, finding| finding))
}

/// Makes the first macro-step that leads to what is wanted.
fn step_to<T>(
    explorer: &mut Explorer,
    wanted: impl FnMut(&mut Explorer, Option<Finding>) -> Option<T>,
) -> Option<T> {
    let threads: Vec<ThreadId> = explorer.enabled().collect();
    step_by(explorer, &threads, wanted)
}

/// Likewise, of one of those threads.
pub(super) fn step_by<T>(
    explorer: &mut Explorer,
    threads: &[ThreadId],
    mut wanted: impl FnMut(&mut Explorer, Option<Finding>) -> Option<T>,
) -> Option<T> {
    let (state, origins) = (explorer.machine.state().clone(), explorer.origins.clone());
    let steps = explorer.steps.as_ref().map_or(0, Vec::len);
    for thread in threads {
        let mut moves = Moves::of(explorer, *thread);
        while let Some(how) = moves.next(explorer) {
            let passed = explorer.step(*thread, how);
            if let Some(got) = wanted(explorer, passed.finding) {
                return Some(got);
            }
            explorer.machine.set_state(state.clone());
            explorer.origins = origins.clone();
            if let Some(all) = &mut explorer.steps {
                all.truncate(steps);
            }
        }
    }
    None
}

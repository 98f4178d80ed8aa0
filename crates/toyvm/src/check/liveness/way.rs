//! The single steps of a lasso, by threads on a plain machine, gone round twice before anybody is told.

use std::sync::Arc;

use super::super::analysis::Analysis;
use super::super::explorer::Explorer;
use super::super::failure::beginning;
use super::super::witness::{Chosen, decision, in_few_turns, leaders, step_by, switches};
use super::super::{Failure, Finding, Plan};
use super::Fairness;
use super::graph::{Graph, Threads};
use super::lasso::Lasso;
use crate::machine::ThreadId;
use crate::program::Program;
use crate::trace::Decision;

/// The way along a lasso. None if it does not go there, or not round and round: then the search was wrong.
pub(super) fn follow(
    program: &Arc<Program>,
    analysis: &Arc<Analysis>,
    plan: &Plan<'_>,
    fairness: Fairness,
    graph: &Graph,
    lasso: &Lasso,
    finding: Finding,
) -> Option<Failure> {
    let mut explorer = Explorer::new(program, analysis, plan);
    explorer.steps = Some(Vec::new());
    explorer.begin();
    go_along(&mut explorer, graph, &lasso.stem)?;
    let stem = explorer.steps.replace(Vec::new())?;
    go_along(&mut explorer, graph, &lasso.round)?;
    let round = explorer.steps.take()?;
    let mut leaders = leaders(&stem);
    leaders.extend(self::leaders(&round));
    // Each for itself, so that the way round ends as it begins.
    let mut machine = beginning(program, plan.service);
    let mut schedule: Vec<Decision> = Vec::new();
    let mut repeats_from = 0;
    for steps in [&stem, &round] {
        repeats_from = schedule.len();
        let few = in_few_turns(machine.clone(), steps, &finding);
        let few = few.unwrap_or_else(|| steps.iter().map(decision).collect());
        for it in &few {
            machine.step(ThreadId(it.thread), &mut Chosen::of(it));
        }
        schedule.extend(few);
    }
    let failure = Failure {
        finding,
        schedule,
        repeats_from: Some(repeats_from),
        steps: lasso.stem.len() + lasso.round.len(),
        switches: switches(&leaders),
    };
    let mut round = Round::new(Explorer::new(program, analysis, plan), graph);
    round.is_so(&failure, fairness).then_some(failure)
}

/// Makes those macro-steps.
fn go_along(explorer: &mut Explorer, graph: &Graph, steps: &[(u8, u32)]) -> Option<()> {
    let mut got = Vec::new();
    for (whose, to) in steps {
        step_by(explorer, &[ThreadId(u32::from(*whose))], |explorer, finding| {
            explorer.pack(&mut got);
            (finding.is_none() && got == graph.bytes_of(*to)).then_some(())
        })?;
    }
    Some(())
}

/// A machine that goes round, one instruction after the other, and what is seen on the way.
struct Round<'a> {
    explorer: Explorer,
    graph: &'a Graph,
    /// Who stepped.
    stepped: u64,
    /// Who could go on everywhere, or somewhere.
    always: u64,
    ever: u64,
    /// Who waited everywhere, and who was seen where it could come to its end.
    waited: u64,
    could_end: u64,
}

impl<'a> Round<'a> {
    fn new(explorer: Explorer, graph: &'a Graph) -> Self {
        let (stepped, always, ever, waited, could_end) = (0, !0, 0, !0, 0);
        Self { explorer, graph, stepped, always, ever, waited, could_end }
    }

    /// Whether the way goes round and round, nobody is left out, and the thread does not get on.
    fn is_so(&mut self, failure: &Failure, fairness: Fairness) -> bool {
        let (stem, round) = failure.schedule.split_at(failure.repeats_from.unwrap_or_default());
        let mut ends = Vec::new();
        for steps in [stem, round, round] {
            self.stepped = 0;
            (self.always, self.ever, self.waited, self.could_end) = (!0, 0, !0, 0);
            if self.make(steps).is_none() {
                return false;
            }
            let mut bytes = Vec::new();
            self.explorer.pack(&mut bytes);
            ends.push(bytes);
        }
        let can_go_on = match fairness {
            Fairness::Weak => self.always,
            Fairness::Strong => self.ever,
        };
        let does_not_get_on = match failure.finding {
            Finding::Starved { thread } => self.waited & !self.stepped & 1 << thread.0 != 0,
            Finding::Unending { thread } => self.could_end & 1 << thread.0 != 0,
            _ => false,
        };
        let goes_round = !round.is_empty() && ends[0] == ends[1] && ends[1] == ends[2];
        goes_round && can_go_on & !self.stepped == 0 && does_not_get_on
    }

    fn make(&mut self, steps: &[Decision]) -> Option<()> {
        for step in steps {
            self.note()?;
            let thread = ThreadId(step.thread);
            if !step.dies && !self.explorer.machine.state().ready().contains(thread) {
                return None;
            }
            self.explorer.step_alone(step);
            self.stepped |= 1 << thread.0;
        }
        self.note()
    }

    fn note(&mut self) -> Option<()> {
        let Threads { ready, waits, could_end } = self.graph.threads_in(&self.explorer)?;
        self.always &= ready;
        self.ever |= ready;
        self.waited &= waits;
        self.could_end |= could_end;
        Some(())
    }
}

//! A way to where something goes round, and once round, fairly.

use std::collections::VecDeque;

use super::super::Finding;
use super::super::flaw::{Flaw, flawed};
use super::Fairness;
use super::components::Components;
use super::graph::Graph;

/// Macro-steps: whose, and to which state.
type Steps = Vec<(u8, u32)>;

/// Both ways.
#[derive(Debug)]
pub(super) struct Lasso {
    pub(super) stem: Steps,
    /// From the end of the stem back to it.
    pub(super) round: Steps,
}

/// A lasso around a part of the graph that can be gone round fairly while somebody does not get on.
pub(super) fn around(graph: &Graph, part: &[u32], fairness: Fairness, finding: &Finding) -> Lasso {
    let mut components = Components::new(graph);
    components.set_part(part);
    let start = *part.iter().min().expect("there is a state in it");
    let mut demands = Demands::of(graph, part, fairness, finding);
    let mut round = Steps::new();
    demands.meet(graph, None, start);
    if flawed(Flaw::Demand) {
        demands.to_step &= demands.to_step - u64::from(demands.to_step > 0);
    }
    while !demands.are_met() {
        let meets = |whose, to| demands.would_be_met(graph, whose, to);
        let more = nearest(&components, round.last().map_or(start, |it| it.1), meets);
        for (whose, to) in &more {
            demands.meet(graph, Some(*whose), *to);
        }
        round.extend(more);
    }
    let end = round.last().map(|it| it.1);
    if end != Some(start) {
        round.extend(nearest(&components, end.unwrap_or(start), |_, to| to == start));
    }
    Lasso { stem: graph.stem(start), round }
}

/// What has to happen on the way round.
#[derive(Debug)]
struct Demands {
    /// Those that have to step, or, if fairness is weak, cannot go on somewhere.
    to_step: u64,
    is_weak: bool,
    /// Somewhere, this one is about to do what might bring it to its end.
    to_see: u64,
}

impl Demands {
    fn of(graph: &Graph, part: &[u32], fairness: Fairness, finding: &Finding) -> Self {
        let ready = part.iter().fold(0, |all, state| all | graph.threads(*state).ready);
        let to_see = match finding {
            Finding::Unending { thread } => 1 << thread.0,
            _ => 0,
        };
        Self { to_step: ready, is_weak: fairness == Fairness::Weak, to_see }
    }

    fn are_met(&self) -> bool {
        self.to_step == 0 && self.to_see == 0
    }

    /// The demands that a step, or a state, meets.
    fn met(&self, graph: &Graph, whose: Option<u8>, state: u32) -> (u64, u64) {
        let threads = graph.threads(state);
        let steps = whose.map_or(0, |whose| 1 << whose);
        let cannot = if self.is_weak { !threads.ready } else { 0 };
        (self.to_step & (steps | cannot), self.to_see & threads.could_end)
    }

    fn would_be_met(&self, graph: &Graph, whose: u8, state: u32) -> bool {
        self.met(graph, Some(whose), state) != (0, 0)
    }

    fn meet(&mut self, graph: &Graph, whose: Option<u8>, state: u32) {
        let (steps, sees) = self.met(graph, whose, state);
        self.to_step &= !steps;
        self.to_see &= !sees;
    }
}

/// The shortest way within the part, of one step at least, whose last step is a wanted one.
fn nearest(components: &Components<'_>, from: u32, is_wanted: impl Fn(u8, u32) -> bool) -> Steps {
    // By state: whose step led there first, and from where.
    let mut first = vec![None; components.graph.len()];
    let mut due = VecDeque::from([from]);
    while let Some(state) = due.pop_front() {
        for (whose, to) in components.inner(state) {
            if is_wanted(whose, to) {
                let mut way = vec![(whose, to)];
                let mut at = state;
                while at != from {
                    let (whose, before) = first[at as usize].expect("it was come by");
                    way.push((whose, at));
                    at = before;
                }
                way.reverse();
                return way;
            }
            if to != from && first[to as usize].is_none() {
                first[to as usize] = Some((whose, state));
                due.push_back(to);
            }
        }
    }
    unreachable!("in a part that can be gone round fairly, each demand can be met")
}

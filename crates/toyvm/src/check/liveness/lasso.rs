//! A way to where something goes round, and once round, fairly.

use std::collections::VecDeque;

use super::super::Finding;
use super::super::flaw::{Flaw, flawed};
use super::Fairness;
use super::components::Components;
use super::graph::Graph;

/// Macro-steps: whose, and to which state.
type Steps = Vec<(u8, u32)>;

/// States at which a round may begin, of those that are nearest, and states that are gone through for that.
const STARTS: usize = 64;
const ENOUGH: usize = 1 << 20;

/// Both ways.
#[derive(Debug)]
pub(super) struct Lasso {
    pub(super) stem: Steps,
    /// From the end of the stem back to it.
    pub(super) round: Steps,
}

/// A short lasso around a part of the graph that can be gone round fairly while somebody does not get on.
pub(super) fn around(graph: &Graph, part: &[u32], fairness: Fairness, finding: &Finding) -> Lasso {
    let mut components = Components::new(graph);
    components.set_part(part);
    let mut search = Nearest { components, first: vec![None; graph.len()], seen: Vec::new() };
    let demands = Demands::of(graph, part, fairness, finding);
    let mut starts = part.to_vec();
    starts.sort_unstable();
    starts.truncate(STARTS.min(1 + ENOUGH / part.len()));
    let lassos = starts.into_iter().map(|start| Lasso {
        stem: graph.stem(start),
        round: round(graph, &mut search, demands, start),
    });
    lassos.min_by_key(|it| it.stem.len() + it.round.len()).expect("there is a state in it")
}

/// A way round that begins there: to what is demanded, whatever is next, and back.
fn round(graph: &Graph, search: &mut Nearest<'_>, mut demands: Demands, start: u32) -> Steps {
    let mut round = Steps::new();
    demands.meet(graph, None, start);
    if flawed(Flaw::Demand) {
        demands.to_step &= demands.to_step.saturating_sub(1);
    }
    let end = |round: &Steps| round.last().map_or(start, |(_, to)| *to);
    while !demands.are_met() {
        let meets = |whose, to| demands.met(graph, Some(whose), to) != (0, 0);
        let more = search.way(end(&round), meets);
        for (whose, to) in &more {
            demands.meet(graph, Some(*whose), *to);
        }
        round.extend(more);
    }
    if round.is_empty() || end(&round) != start {
        round.extend(search.way(end(&round), |_, to| to == start));
    }
    round
}

/// What has to happen on the way round.
#[derive(Debug, Clone, Copy)]
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

    fn meet(&mut self, graph: &Graph, whose: Option<u8>, state: u32) {
        let (steps, sees) = self.met(graph, whose, state);
        self.to_step &= !steps;
        self.to_see &= !sees;
    }
}

/// What finds shortest ways within a part of the graph.
struct Nearest<'a> {
    components: Components<'a>,
    /// By state that was come by: whose step led there first, and from where.
    first: Vec<Option<(u8, u32)>>,
    seen: Vec<u32>,
}

impl Nearest<'_> {
    /// The shortest way, of one step at least, whose last step is a wanted one.
    fn way(&mut self, from: u32, is_wanted: impl Fn(u8, u32) -> bool) -> Steps {
        for state in self.seen.drain(..) {
            self.first[state as usize] = None;
        }
        let mut due = VecDeque::from([from]);
        while let Some(state) = due.pop_front() {
            for (whose, to) in self.components.inner(state) {
                if is_wanted(whose, to) {
                    let mut way = vec![(whose, to)];
                    let mut at = state;
                    while at != from {
                        let (whose, before) = self.first[at as usize].expect("it was come by");
                        way.push((whose, at));
                        at = before;
                    }
                    way.reverse();
                    return way;
                }
                if to != from && self.first[to as usize].is_none() {
                    self.first[to as usize] = Some((whose, state));
                    self.seen.push(to);
                    due.push_back(to);
                }
            }
        }
        unreachable!("in a part that can be gone round fairly, each demand can be met")
    }
}

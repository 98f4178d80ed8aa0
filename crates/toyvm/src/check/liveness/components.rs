//! Parts of a graph in which every state leads to every other (Tarjan, 1972), without recursion.

use super::graph::Graph;

/// Of a state that was not found yet, and of one whose component is known.
const UNSEEN: u32 = 0;
const DONE: u32 = u32::MAX;

/// What finds them, in a graph and in parts of it.
#[derive(Debug)]
pub(super) struct Components<'a> {
    pub(super) graph: &'a Graph,
    /// By state, the part that it was last said to be in.
    part: Vec<u32>,
    parts: u32,
    /// By state, as the when-th it was found, and the first one found that it leads back to.
    index: Vec<u32>,
    low: Vec<u32>,
}

impl<'a> Components<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        let none = || vec![0; graph.len()];
        Self { graph, part: none(), parts: 0, index: none(), low: none() }
    }

    /// Says that a part of the graph consists of these states.
    pub(super) fn set_part(&mut self, states: &[u32]) {
        self.parts += 1;
        for state in states {
            self.part[*state as usize] = self.parts;
        }
    }

    /// The macro-steps that stay in the part that was set last.
    pub(super) fn inner(&self, state: u32) -> impl Iterator<Item = (u8, u32)> {
        let steps = self.graph.steps(state).map(|number| self.graph.step(number));
        steps.filter(|(_, to)| self.is_inner(*to))
    }

    fn is_inner(&self, state: u32) -> bool {
        self.part[state as usize] == self.parts
    }

    /// The components of a part in which something goes round.
    pub(super) fn of(&mut self, states: &[u32]) -> Vec<Vec<u32>> {
        self.set_part(states);
        for state in states {
            self.index[*state as usize] = UNSEEN;
        }
        let (mut all, mut seen, mut open, mut way) = (Vec::new(), 0, Vec::new(), Vec::new());
        for first in states {
            let mut new = (self.index[*first as usize] == UNSEEN).then_some(*first);
            loop {
                if let Some(state) = new.take() {
                    seen += 1;
                    self.index[state as usize] = seen;
                    self.low[state as usize] = seen;
                    open.push(state);
                    way.push((state, self.graph.steps(state)));
                }
                let Some((state, steps)) = way.last_mut() else { break };
                let state = *state;
                if let Some(number) = steps.next() {
                    let (_, to) = self.graph.step(number);
                    if self.is_inner(to) {
                        match self.index[to as usize] {
                            UNSEEN => new = Some(to),
                            // One that is done is never less.
                            index => self.leads_back(state, index),
                        }
                    }
                    continue;
                }
                way.pop();
                let low = self.low[state as usize];
                if low == self.index[state as usize] {
                    all.extend(self.close(state, &mut open));
                }
                if let Some((before, _)) = way.last() {
                    self.leads_back(*before, low);
                }
            }
        }
        all
    }

    fn leads_back(&mut self, state: u32, index: u32) {
        let low = &mut self.low[state as usize];
        *low = (*low).min(index);
    }

    /// Takes a component, if anything goes round in it.
    fn close(&mut self, first: u32, open: &mut Vec<u32>) -> Option<Vec<u32>> {
        let start = open.iter().rposition(|state| *state == first).expect("it is open");
        let states = open.split_off(start);
        for state in &states {
            self.index[*state as usize] = DONE;
        }
        let goes_round = states.len() > 1 || self.inner(first).any(|(_, to)| to == first);
        goes_round.then_some(states)
    }
}

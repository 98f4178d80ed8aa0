//! Ways round in which nobody is left out who may expect to step.

use super::super::flaw::{Flaw, flawed};
use super::Fairness;
use super::components::Components;

/// Parts of a part of the graph that can be gone round fairly, every state and every step of them.
///
/// Under weak fairness a component is one or is none: who can go on in all of its states and has no step in it is
/// left out however it is gone round. Under strong fairness, the same holds of one who can go on in some of its
/// states, so those are left, and what remains is looked at anew (after Emerson & Lei, 1987, for conditions like
/// those of Streett, 1982).
pub(super) fn fair(
    components: &mut Components<'_>,
    fairness: Fairness,
    states: Vec<u32>,
) -> Vec<Vec<u32>> {
    let (mut due, mut all) = (vec![states], Vec::new());
    while let Some(states) = due.pop() {
        for part in components.of(&states) {
            let left_out = left_out(components, fairness, &part);
            if left_out == 0 || flawed(Flaw::Unfair) {
                all.push(part);
            } else if fairness == Fairness::Strong {
                let ready = |state: &u32| components.graph.threads(*state).ready;
                due.push(part.into_iter().filter(|it| ready(it) & left_out == 0).collect());
            }
        }
    }
    all
}

/// Parts of the graph that can be gone round fairly while a thread waits. It makes no step in them: before one who went
/// on waits anew, it is about to, and does not wait. Who gives up and then waits for a lock does not come back, either.
pub(super) fn starving(
    components: &mut Components<'_>,
    fairness: Fairness,
    thread: u32,
) -> Vec<Vec<u32>> {
    let graph = components.graph;
    let waits = |state: &u32| graph.threads(*state).waits & 1 << thread != 0;
    let states = (0..graph.len() as u32).filter(waits).collect();
    fair(components, fairness, states)
}

/// Who is left out however a component is gone round.
fn left_out(components: &mut Components<'_>, fairness: Fairness, part: &[u32]) -> u64 {
    components.set_part(part);
    let ready = part.iter().map(|state| components.graph.threads(*state).ready);
    let can_go_on = match fairness {
        Fairness::Weak => ready.fold(!0, |all, it| all & it),
        Fairness::Strong => ready.fold(0, |all, it| all | it),
    };
    let steps = part.iter().flat_map(|state| components.inner(*state));
    can_go_on & !steps.fold(0, |all, (whose, _)| all | 1 << whose)
}

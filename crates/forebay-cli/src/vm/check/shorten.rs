//! A shorter way to what is wrong.

use std::sync::Arc;
use std::time::Duration;

use toyvm::Program;
use toyvm::check::{Failure, Order, Plan, check};

use super::is_allowed;

/// What a way is the least of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::vm) enum Least {
    /// No way has fewer steps.
    Steps,
    /// No way has fewer context switches.
    Switches,
    /// There may be shorter ones.
    Unknown,
}

/// Looks again, nearest first and at every order of steps; if there is not enough time for that, at one order
/// of steps that commute. `limit` is the time for each.
pub(in crate::vm) fn shorten(
    program: &Arc<Program>,
    plan: &Plan<'_>,
    fewest_switches: bool,
    limit: Duration,
    failure: Failure,
) -> (Failure, Least) {
    let (order, least) = if fewest_switches {
        (Order::Switches, Least::Switches)
    } else {
        (Order::Breadth, Least::Steps)
    };
    // One worker, so that what is nearer is looked at before what is farther.
    let timeout = Some(limit);
    let plan = Plan { order, reduce: false, workers: 1, timeout, liveness: None, ..*plan };
    let first = |plan: &Plan<'_>| {
        let mut found = check(program, plan).failures.into_iter();
        found.find(|failure| !is_allowed(failure, plan.allow_races))
    };
    if let Some(shortest) = first(&plan) {
        return (shortest, least);
    }
    let plan = Plan { order: Order::Breadth, reduce: true, ..plan };
    let measure =
        |failure: &Failure| if fewest_switches { failure.switches } else { failure.steps };
    match first(&plan) {
        Some(other) if measure(&other) < measure(&failure) => (other, Least::Unknown),
        _ => (failure, Least::Unknown),
    }
}

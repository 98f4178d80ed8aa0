//! How many schedules a program has that differ in more than the order of what commutes (Mazurkiewicz, 1977).
//!
//! They are gone through one by one, and none twice: a thread whose step was tried *sleeps* until a step is
//! made that does not commute with it (Godefroid, 1996). What commutes is what the search takes to commute.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::analysis::Analysis;
use super::explorer::Explorer;
use super::flow::Site;
use super::moves::Move;
use super::{Deaths, Plan, Stopped};
use crate::machine::ThreadId;
use crate::program::Program;

/// Macro-steps of one schedule; one that is longer may have no end.
const LONGEST: usize = 100_000;

/// How many schedules there are.
#[derive(Debug, Clone, Copy)]
pub struct Count {
    /// So many were gone through, to their end.
    pub schedules: u64,
    /// There are more.
    pub stopped: Option<Stopped>,
    /// Macro-steps of the longest.
    pub longest: usize,
    /// How long it took.
    pub elapsed: Duration,
}

/// Where a schedule branches.
struct Branch {
    bytes: Vec<u8>,
    /// Those that can go on and do not sleep, each with where.
    due: Vec<(ThreadId, Site)>,
    /// Those that need not be tried here.
    asleep: Vec<(ThreadId, Site)>,
    /// Which of `due` is tried, and which number.
    at: usize,
    number: u64,
}

/// Counts the schedules of a program, up to a limit. Of the plan, service, time and cancelling count.
pub fn count(program: &Arc<Program>, plan: &Plan<'_>, limit: u64) -> Count {
    let began = Instant::now();
    let plan = Plan {
        reduce: false,
        symmetry: false,
        drop_dead: false,
        races: false,
        deaths: Deaths::default(),
        ..*plan
    };
    let analysis = Arc::new(Analysis::of(program, &plan));
    let mut explorer = Explorer::new(program, &analysis, &plan);
    let mut count = Count { schedules: 0, stopped: None, longest: 0, elapsed: Duration::ZERO };
    let mut branches = Vec::new();
    if explorer.begin().finding.is_some() {
        count.schedules = 1;
    } else {
        arrive(&mut explorer, Vec::new(), &mut branches, &mut count);
    }
    while let Some(depth) = branches.len().checked_sub(1) {
        count.longest = count.longest.max(depth + 1);
        count.stopped = stopped(&plan, &count, limit, began, depth);
        if count.stopped.is_some() {
            break;
        }
        let branch: &mut Branch = &mut branches[depth];
        let Some((thread, site)) = branch.due.get(branch.at).copied() else {
            branches.pop();
            continue;
        };
        explorer.unpack(&branch.bytes);
        explorer.stage.numbers = vec![branch.number];
        let passed = explorer.step(thread, Move::Steps);
        let choices = explorer.stage.asked.first().map_or(0, |(_, below)| *below);
        // What has been tried here sleeps, until something does not commute with it.
        let tried = branch.due[..branch.at].iter().chain(&branch.asleep);
        let stays = |(_, other): &&(ThreadId, Site)| analysis.accesses.commute(site, *other);
        let asleep = tried.filter(stays).copied().collect();
        branch.number += 1;
        if branch.number >= choices {
            (branch.at, branch.number) = (branch.at + 1, 0);
        }
        match passed.finding {
            Some(_) => count.schedules += 1,
            None => arrive(&mut explorer, asleep, &mut branches, &mut count),
        }
    }
    count.elapsed = began.elapsed();
    count
}

/// The schedule goes on from here, or ends.
fn arrive(
    explorer: &mut Explorer,
    asleep: Vec<(ThreadId, Site)>,
    branches: &mut Vec<Branch>,
    count: &mut Count,
) {
    let enabled: Vec<ThreadId> = explorer.enabled().collect();
    if enabled.is_empty() {
        count.schedules += 1;
        return;
    }
    let sleeps = |thread: &ThreadId| asleep.iter().any(|(other, _)| other == thread);
    let due: Vec<(ThreadId, Site)> = enabled
        .into_iter()
        .filter(|thread| !sleeps(thread))
        .map(|thread| (thread, explorer.site(thread)))
        .collect();
    if !due.is_empty() {
        let mut bytes = Vec::new();
        explorer.pack(&mut bytes);
        branches.push(Branch { bytes, due, asleep, at: 0, number: 0 });
    }
}

fn stopped(
    plan: &Plan<'_>,
    count: &Count,
    limit: u64,
    began: Instant,
    depth: usize,
) -> Option<Stopped> {
    let is_cancelled =
        || plan.cancelled.is_some_and(|it| it.load(std::sync::atomic::Ordering::Relaxed));
    if count.schedules >= limit || depth >= LONGEST {
        Some(Stopped::States)
    } else if is_cancelled() {
        Some(Stopped::Cancelled)
    } else if plan.timeout.is_some_and(|timeout| began.elapsed() >= timeout) {
        Some(Stopped::Timeout)
    } else {
        None
    }
}

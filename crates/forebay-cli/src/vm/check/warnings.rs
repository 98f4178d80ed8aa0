//! What changes no verdict, and is worth a look all the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use toyvm::Program;
use toyvm::machine::{Limits, Machine, Service};
use toyvm::run::{self, Pace, Stage};
use toyvm::scheduler::Policy;
use toyvm::watch::Inversions;

use crate::vm::report;

/// So many runs are looked at: warnings are about the program, and nearly any run shows them.
const RUNS: u64 = 32;

/// Locks that are taken in different orders, threads that nobody joins, locks that the dead hold: as some
/// runs show them, each once.
pub(super) fn seen(program: &Arc<Program>, service: Service) -> Vec<String> {
    let (mut all, mut circles) = (BTreeSet::new(), BTreeSet::new());
    for seed in 0..RUNS {
        let policy = if seed == 0 { Policy::RoundRobin { quantum: 1 } } else { Policy::Random };
        let mut machine = Machine::with(Arc::clone(program), service, Limits::default());
        let mut stage = Stage { choices: run::choices(seed), observer: Inversions::new() };
        let scheduler = policy.scheduler(seed);
        let outcome = run::run(&mut machine, scheduler, &mut stage, Pace::default());
        for inversion in stage.observer.findings() {
            let mut locks: Vec<u32> = inversion.nestings.iter().map(|it| it.held).collect();
            locks.sort_unstable();
            if circles.insert(locks) {
                all.insert(format!("warning: {}", inversion.tell(&machine)));
            }
        }
        all.extend(report::warnings(&machine, &outcome));
    }
    all.into_iter().collect()
}

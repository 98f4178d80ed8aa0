//! Runs of random programs: which ones, and for how long.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use toyvm::machine::{Limits, Service};
use toyvm::observer::Observer;
use toyvm::run::{self, Outcome, Pace, Stage};
use toyvm::scheduler::{Policy, Scheduler};
use toyvm::source::{Selection, Source, load};
use toyvm::{Machine, Program};

use super::writer;

/// For how many seconds each property is tried, if it is said.
const VARIABLE: &str = "FOREBAY_TORTURE_SECONDS";
/// How long a run may be.
pub(crate) const STEPS: u64 = 400;
/// Seeds are told apart for as long as anyone has patience.
const ALL: u64 = 1 << 40;

/// One run of one program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// Of the program, and of the scheduler.
    pub(crate) seed: u64,
    pub(crate) policy: Policy,
    pub(crate) service: Service,
}

/// Reads a program that must be right.
pub(crate) fn read(text: &str) -> Arc<Program> {
    let source = Source::new("random.py", text.as_bytes().to_vec()).expect("it is text");
    let loaded = load(source, &Selection::default()).unwrap_or_else(|rejected| {
        let lines = rejected.diagnostics.iter().map(|it| it.line(&rejected.source));
        panic!("{}\nin:\n{text}", lines.collect::<Vec<_>>().join("\n"))
    });
    Arc::new(loaded.program)
}

/// Tries so many programs, or as many as there is time for, each under some schedulers and both
/// services.
pub(crate) fn each(programs: u64, mut check: impl FnMut(&Arc<Program>, Case)) {
    let seconds = std::env::var(VARIABLE).ok().and_then(|seconds| seconds.parse().ok());
    let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let seeds: Range<u64> = 0..until.map_or(programs, |_| ALL);
    for seed in seeds.take_while(|_| until.is_none_or(|until| Instant::now() < until)) {
        let program = read(&writer::program(seed));
        let policies = [
            Policy::Random,
            Policy::RoundRobin { quantum: 1 + seed % 3 },
            if seed % 2 == 0 { Policy::Priority } else { Policy::Pct { depth: 3, length: 100 } },
        ];
        for policy in policies {
            for service in [Service::InOrder, Service::Weak] {
                check(&program, Case { seed, policy, service });
            }
        }
    }
}

impl Case {
    /// The machine at the beginning.
    pub(crate) fn machine(self, program: &Arc<Program>) -> Machine {
        Machine::with(Arc::clone(program), self.service, Limits::default())
    }

    /// Runs a machine and has it watched.
    pub(crate) fn run<O: Observer>(self, machine: &mut Machine, observer: O) -> (O, Outcome) {
        self.run_by(machine, self.policy.scheduler(self.seed), observer)
    }

    /// Likewise, by another scheduler.
    pub(crate) fn run_by<O: Observer>(
        self,
        machine: &mut Machine,
        scheduler: impl Scheduler,
        observer: O,
    ) -> (O, Outcome) {
        let mut stage = Stage { choices: run::choices(self.seed), observer };
        let pace = Pace { max_steps: STEPS, realtime: false };
        let outcome = run::run(machine, scheduler, &mut stage, pace);
        (stage.observer, outcome)
    }

    /// Panics with everything that is needed to see it again.
    pub(crate) fn fails(self, program: &Program, why: &str) -> ! {
        panic!("{why}\n{self:?}\n{}", program.source().text())
    }
}

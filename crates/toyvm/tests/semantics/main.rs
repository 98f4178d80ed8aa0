//! What programs mean: each rule of the machine, on programs as people write them.

mod arithmetic;
mod conditions;
mod control;
mod deaths;
mod errors;
mod locks;
mod messages;
mod printing;
mod schedulers;
mod semaphores;
mod shared;
mod threads;
mod time;
mod weak;

use std::sync::Arc;

use toyvm::machine::{Limits, Service, Status, ThreadId};
use toyvm::observer::Observer;
use toyvm::run::{self, End, Outcome, Pace, Stage};
use toyvm::scheduler::Policy;
use toyvm::source::{self, Selection, Source};
use toyvm::{Machine, Program};

/// Reads a program that must be right.
fn load(text: &str) -> Arc<Program> {
    let source = Source::new("test.toy", text.as_bytes().to_vec()).unwrap();
    match source::load(source, &Selection::default()) {
        Ok(loaded) => Arc::new(loaded.program),
        Err(rejected) => {
            let lines = rejected.diagnostics.iter().map(|error| error.line(&rejected.source));
            panic!("{}", lines.collect::<Vec<_>>().join("\n"));
        }
    }
}

/// Keeps what is printed.
#[derive(Default)]
struct Lines(Vec<String>);

impl Observer for Lines {
    fn prints(&self) -> bool {
        true
    }

    fn print(&mut self, _: &Machine, _: ThreadId, line: &str) {
        self.0.push(line.to_owned());
    }
}

/// A run that is over.
struct Played {
    machine: Machine,
    outcome: Outcome,
    lines: Vec<String>,
}

fn play_with(program: &str, policy: Policy, seed: u64, service: Service) -> Played {
    let mut machine = Machine::with(load(program), service, Limits::default());
    let mut stage = Stage { choices: run::choices(seed), observer: Lines::default() };
    let outcome = run::run(&mut machine, policy.scheduler(seed), &mut stage, Pace::default());
    Played { machine, outcome, lines: stage.observer.0 }
}

/// Round-robin.
fn play(program: &str) -> Played {
    play_with(program, Policy::RoundRobin { quantum: 1 }, 0, Service::InOrder)
}

/// `main` alone, of these instructions.
fn main_of(instructions: &str) -> String {
    format!("main = [{instructions}]")
}

/// What `main` prints, which must end well.
fn says(instructions: &str) -> Vec<String> {
    let played = play(&main_of(instructions));
    assert_eq!(played.outcome.end, End::Finished);
    assert!(played.outcome.failed.is_empty(), "{:?}", played.faults());
    played.lines.iter().map(|line| line.strip_prefix("[main] ").unwrap().to_owned()).collect()
}

/// How `main`, which must fail, fails.
fn fault(instructions: &str) -> String {
    let played = play(&main_of(instructions));
    played.faults().pop().expect("it must fail")
}

impl Played {
    /// What was wrong in each thread that failed.
    fn faults(&self) -> Vec<String> {
        let fault = |thread: &ThreadId| match self.machine.thread(*thread).status() {
            Status::Failed(failure) => self.machine.tell_fault(failure.fault),
            status => panic!("{status:?}"),
        };
        self.outcome.failed.iter().map(fault).collect()
    }
}

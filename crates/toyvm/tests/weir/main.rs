//! Weir: what its programs do, what is wrong with others, and where.

mod building;
mod constructs;
mod expressions;
mod mistakes;
mod positions;

use std::sync::Arc;

use toyvm::machine::{Limits, Service, Status, ThreadId};
use toyvm::observer::Observer;
use toyvm::run::{self, Outcome, Pace, Stage};
use toyvm::scheduler::Policy;
use toyvm::source::{self, Selection, Severity, Source};
use toyvm::{Machine, Program};

/// Reads a text; what is told of it, a line each, and what it says to do.
fn read(text: &str) -> (Option<Program>, Vec<String>) {
    let source = Source::new("a.weir", text.as_bytes().to_vec()).unwrap();
    match source::load(source, &Selection::default()) {
        Ok(loaded) => {
            let notes = loaded.notes.iter().map(|note| note.line(loaded.program.source()));
            let notes = notes.collect();
            (Some(loaded.program), notes)
        }
        Err(rejected) => {
            assert!(rejected.diagnostics.iter().all(|it| it.severity == Severity::Error));
            let line = |it: &source::Diagnostic| it.line(&rejected.source);
            (None, rejected.diagnostics.iter().map(line).collect())
        }
    }
}

/// Reads a program that must be right.
fn load(text: &str) -> Arc<Program> {
    let (program, told) = read(text);
    Arc::new(program.unwrap_or_else(|| panic!("{}\n{text}", told.join("\n"))))
}

/// What is wrong with a text, `line:column: message` each.
fn errors(text: &str) -> Vec<String> {
    let (program, told) = read(text);
    assert!(program.is_none(), "nothing is wrong with\n{text}");
    told.iter().map(|line| line.strip_prefix("a.weir:").unwrap_or(line).to_owned()).collect()
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

fn play_with(program: &Arc<Program>, policy: Policy, seed: u64) -> Played {
    let program = Arc::clone(program);
    let mut machine = Machine::with(program, Service::InOrder, Limits::default());
    let mut stage = Stage { choices: run::choices(seed), observer: Lines::default() };
    let outcome = run::run(&mut machine, policy.scheduler(seed), &mut stage, Pace::default());
    Played { machine, outcome, lines: stage.observer.0 }
}

/// Round-robin.
fn play(text: &str) -> Played {
    play_with(&load(text), Policy::RoundRobin { quantum: 1 }, 0)
}

/// What a program prints, which must end well.
fn prints(text: &str) -> Vec<String> {
    let played = play(text);
    assert_eq!(played.outcome.end, run::End::Finished, "{text}");
    assert!(played.outcome.failed.is_empty(), "{:?}\n{text}", played.faults());
    played.lines
}

/// What `main` prints, without its name.
fn says(text: &str) -> Vec<String> {
    let lines = prints(text);
    lines.iter().map(|line| line.strip_prefix("[main] ").unwrap().to_owned()).collect()
}

impl Played {
    /// What was wrong in each thread that failed, and the line on which it stood.
    fn faults(&self) -> Vec<String> {
        let fault = |thread: &ThreadId| match self.machine.thread(*thread).status() {
            Status::Failed(failure) => self.machine.tell_fault(failure.fault),
            status => panic!("{status:?}"),
        };
        self.outcome.failed.iter().map(fault).collect()
    }
}

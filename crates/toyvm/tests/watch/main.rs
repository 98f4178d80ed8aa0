//! What the watchers find, and what they do not, in programs that are run.

mod inversions;
mod oracle;
mod races;
mod wakeups;

use std::sync::Arc;

use toyvm::Machine;
use toyvm::machine::{Limits, Service, ThreadId};
use toyvm::observer::Observer;
use toyvm::run::{self, Outcome, Pace, Stage};
use toyvm::scheduler::{Random, Scheduler, Turn};
use toyvm::source::{Selection, Source, load};

/// A machine at the beginning of a program.
fn machine(text: &str, service: Service) -> Machine {
    let source = Source::new("test.py", text.as_bytes().to_vec()).expect("it is text");
    let loaded = load(source, &Selection::default()).unwrap_or_else(|rejected| {
        let lines = rejected.diagnostics.iter().map(|it| it.line(&rejected.source));
        panic!("{}\nin:\n{text}", lines.collect::<Vec<_>>().join("\n"))
    });
    Machine::with(Arc::new(loaded.program), service, Limits::default())
}

/// Runs a program and has it watched.
fn watch<O: Observer>(machine: &mut Machine, turns: impl Scheduler, watcher: O) -> (O, Outcome) {
    let mut stage = Stage { choices: run::choices(0), observer: watcher };
    let outcome = run::run(machine, turns, &mut stage, Pace::default());
    (stage.observer, outcome)
}

/// Who goes on when: threads by number, each for so many steps, or for as long as it can; those that
/// cannot are passed over. Then whoever can, the first one first.
struct Turns(Vec<(usize, u32)>);

/// As many steps as it can.
const ALL: u32 = u32::MAX;

impl Scheduler for Turns {
    fn next(&mut self, machine: &Machine, _: Option<Turn>) -> ThreadId {
        while let Some((thread, steps)) = self.0.first_mut() {
            let ready = machine.state().ready().iter().find(|it| it.index() == *thread);
            if let Some(ready) = ready.filter(|_| *steps > 0) {
                *steps -= 1;
                return ready;
            }
            self.0.remove(0);
        }
        machine.state().ready().nth(0).expect("somebody can go on")
    }
}

/// What a watcher says of a program: under many schedules, whatever was said under any of them.
fn told_under_any<O: Observer>(
    text: &str,
    new: impl Fn() -> O,
    tell: impl Fn(&O, &Machine) -> Vec<String>,
) -> Vec<String> {
    let mut told = Vec::new();
    let start = machine(text, Service::InOrder);
    for seed in 0..200 {
        let mut machine = start.clone();
        let (watcher, _) = watch(&mut machine, Random::new(seed), new());
        told.extend(tell(&watcher, &machine));
    }
    told.sort();
    told.dedup();
    told
}

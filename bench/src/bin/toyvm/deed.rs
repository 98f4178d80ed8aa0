//! What is done in a round, each a line of a table.

use std::fmt;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use toyvm::Machine;
use toyvm::machine::Service;
use toyvm::observer::Observer;
use toyvm::run::{self, End, Pace, Stage};
use toyvm::scheduler::Policy;
use toyvm::sweep::{Plan, sweep};
use toyvm::trace::{About, Recorder};

use crate::python::Python;
use crate::subject::{self, Subject};
use crate::work::{Measure, Work};

/// The program that a sweep runs.
const SWEPT: &str = include_str!("../../../../crates/toyvm/programs/producer_consumer.toy");

/// Where and with whom it is done.
#[derive(Debug)]
pub(crate) struct Place {
    /// A folder for files that are not kept.
    pub(crate) folder: PathBuf,
    /// Another ToyVM, where there is a Python to run it.
    pub(crate) python: Option<Python>,
}

/// Something to do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed {
    /// Run for so many steps, with nobody who watches.
    Run(Subject, Policy, u64),
    /// Have Python run it, in turn.
    Python(Subject, u64),
    /// Run for so many steps, and write a trace to a file.
    Trace(Subject, u64),
    /// Run the producers and consumers with so many seeds, on all processors.
    Sweep(u64),
    /// Read a program of so many instructions.
    Load(u32),
}

impl Deed {
    /// What its figure is.
    pub(crate) fn measure(self) -> Measure {
        match self {
            Self::Run(..) | Self::Python(..) | Self::Trace(..) => Measure::Rate,
            Self::Sweep(_) | Self::Load(_) => Measure::Seconds,
        }
    }

    /// Does it once.
    pub(crate) fn work(self, place: &Place) -> Result<Work, String> {
        match self {
            Self::Run(subject, policy, steps) => {
                let mut machine = Machine::new(subject.load()?);
                Work::measure(|| run(&mut machine, policy, steps, &mut ()))
            }
            Self::Python(subject, steps) => match &place.python {
                Some(python) => python.run(subject, steps, &place.folder),
                None => Err("there is no Python here".to_owned()),
            },
            Self::Trace(subject, steps) => trace(subject, steps, &place.folder),
            Self::Sweep(seeds) => {
                let program = subject::load("producer_consumer.toy", SWEPT.to_owned())?;
                let plan = Plan {
                    policy: Policy::Random,
                    seeds: 0..seeds,
                    max_steps: run::MAX_STEPS,
                    service: Service::InOrder,
                    races: false,
                };
                Work::measure(|| Ok(sweep(&program, &plan, &|_| ()).runs))
            }
            Self::Load(instructions) => {
                let text = subject::long(instructions);
                Work::measure(|| {
                    subject::load("long.toy", text)
                        .map(|program| program.codes()[0].instructions.len() as u64)
                })
            }
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(subject, policy, _) => {
                write!(f, "{}, {} threads, {policy}", subject.name, subject.threads)
            }
            Self::Python(subject, _) => {
                write!(f, "{}, {} threads, Python", subject.name, subject.threads)
            }
            Self::Trace(subject, _) => write!(f, "{}, traced", subject.name),
            Self::Sweep(_) => f.write_str("a sweep"),
            Self::Load(_) => f.write_str("reading"),
        }
    }
}

/// How many bytes the last trace of that program has.
pub(crate) fn trace_size(subject: Subject, folder: &Path) -> Result<u64, String> {
    let file = trace_file(subject, folder);
    let about = fs::metadata(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(about.len())
}

fn trace_file(subject: Subject, folder: &Path) -> PathBuf {
    folder.join(format!("{}.trace", subject.name))
}

fn trace(subject: Subject, steps: u64, folder: &Path) -> Result<Work, String> {
    let mut machine = Machine::new(subject.load()?);
    let file = trace_file(subject, folder);
    let complaint = |error: std::io::Error| format!("{}: {error}", file.display());
    Work::measure(|| {
        let out = BufWriter::new(File::create(&file).map_err(complaint)?);
        let about = About { max_steps: steps, ..About::default() };
        let mut recorder = Recorder::new(out, &machine, &about);
        let outcome =
            played(&mut machine, Policy::RoundRobin { quantum: 1 }, steps, &mut recorder)?;
        recorder.finish(&machine, &outcome, outcome.status()).map_err(complaint)?;
        Ok(outcome.steps)
    })
}

fn run(
    machine: &mut Machine,
    policy: Policy,
    steps: u64,
    observer: &mut impl Observer,
) -> Result<u64, String> {
    played(machine, policy, steps, observer).map(|outcome| outcome.steps)
}

/// Runs a program that goes on for ever: anything but the end of its steps is a mistake in it.
fn played(
    machine: &mut Machine,
    policy: Policy,
    max_steps: u64,
    observer: &mut impl Observer,
) -> Result<run::Outcome, String> {
    let mut stage = Stage { choices: run::choices(0), observer };
    let pace = Pace { max_steps, realtime: false };
    let outcome = run::run(machine, policy.scheduler(0), &mut stage, pace);
    if outcome.end == End::OutOfSteps && outcome.failed.is_empty() {
        Ok(outcome)
    } else {
        Err(format!("{} came to its end: {outcome:?}", machine.program().source().name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::SUBJECTS;

    #[test]
    fn every_program_goes_on() {
        let place = Place { folder: std::env::temp_dir(), python: None };
        for subject in SUBJECTS {
            for policy in [Policy::RoundRobin { quantum: 1 }, Policy::Random] {
                let work = Deed::Run(subject, policy, 50_000).work(&place);
                assert_eq!(work.map(|work| work.amount), Ok(50_000), "{}", subject.name);
            }
        }
    }

    #[test]
    fn as_many_instructions_as_were_asked_for() {
        let place = Place { folder: std::env::temp_dir(), python: None };
        assert_eq!(Deed::Load(1_000).work(&place).map(|work| work.amount), Ok(1_000));
    }
}

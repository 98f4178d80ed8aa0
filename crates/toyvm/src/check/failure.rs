//! Something wrong that was found, and how a program comes to it.

use std::sync::Arc;

use super::finding::Finding;
use crate::machine::{Limits, Machine, Service, Time};
use crate::observer::Observer;
use crate::program::Program;
use crate::run::{self, Pace, Stage};
use crate::trace::{Decision, Divergence, Replay, Replayed};

/// What was found, in a machine in which nobody has changed places, and the way there.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What is wrong.
    pub finding: Finding,
    /// Who steps, and what is chosen.
    pub schedule: Vec<Decision>,
    /// After so many of them the rest can be gone through again and again, for ever: of what is wrong only
    /// if it goes on for ever.
    pub repeats_from: Option<usize>,
    /// How many macro-steps that is: instructions that others may notice, each with those after it that
    /// nobody notices.
    pub steps: usize,
    /// How often a macro-step is another thread's than the one before.
    pub switches: usize,
}

/// A machine at the beginning of a program, as a search has it: anything may take any time.
pub fn beginning(program: &Arc<Program>, service: Service) -> Machine {
    Machine::with(Arc::clone(program), service, Limits::default()).in_time(Time::Any)
}

impl Failure {
    /// At which places of the schedule a thread is killed instead.
    pub fn deaths(&self) -> impl Iterator<Item = usize> + '_ {
        let all = self.schedule.iter().enumerate();
        all.filter(|(_, decision)| decision.dies).map(|(at, _)| at)
    }

    /// Goes along the way, on a machine at the [`beginning`], and shows it to an observer.
    ///
    /// # Errors
    ///
    /// If the program does not go on like that: then it is another one than was checked.
    pub fn replay<O: Observer>(
        &self,
        mut machine: Machine,
        observer: O,
    ) -> Result<Replayed<O>, Divergence> {
        let replay = Replay::new(&self.schedule);
        let mut stage = Stage { choices: &replay, observer: replay.watched_by(observer) };
        let pace = Pace { max_steps: self.schedule.len() as u64, realtime: false };
        let outcome = run::run(&mut machine, &replay, &mut stage, pace);
        replay.check(&outcome)?;
        Ok(Replayed { machine, outcome, observer: stage.observer.into_inner() })
    }
}

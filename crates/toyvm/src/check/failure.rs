//! Something wrong that was found, and how a program comes to it.

use std::sync::Arc;

use super::finding::Finding;
use super::witness::Chosen;
use crate::machine::{Choice, Limits, Machine, Service, Status, ThreadId, Time, World};
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

/// More steps than a thread takes that is about to end.
const ALONE: usize = 10_000;

/// Whether a thread comes to its end on its own.
fn ends(mut machine: Machine, thread: ThreadId, choices: &mut Again) -> bool {
    for _ in 0..ALONE {
        if !machine.state().ready().contains(thread) {
            break;
        }
        machine.step(thread, choices);
    }
    matches!(machine.thread(thread).status(), Status::Ended)
}

/// Chooses the same again and again.
struct Again {
    numbers: Vec<u64>,
    next: usize,
}

impl World for Again {
    fn choose(&mut self, _: &Machine, _: ThreadId, _: Choice, below: u64) -> u64 {
        let number = self.numbers.get(self.next % self.numbers.len().max(1));
        self.next += 1;
        number.map_or(0, |number| number % below)
    }

    fn print(&mut self, _: &Machine, _: ThreadId, _: &str) {}

    fn prints(&self) -> bool {
        false
    }
}

impl Failure {
    /// At which places of the schedule a thread is killed instead.
    pub fn deaths(&self) -> impl Iterator<Item = usize> + '_ {
        let all = self.schedule.iter().enumerate();
        all.filter(|(_, decision)| decision.dies).map(|(at, _)| at)
    }

    /// Whether a thread that goes round comes to its end, choosing what it chooses there, once the others stand still
    /// somewhere on the way round: then it is they who keep it from that.
    pub fn ends_alone(&self, mut machine: Machine, thread: ThreadId) -> bool {
        let (stem, round) = self.schedule.split_at(self.repeats_from.unwrap_or_default());
        for step in stem {
            machine.step(ThreadId(step.thread), &mut Chosen::of(step));
        }
        round.iter().enumerate().any(|(at, step)| {
            let own = round[at..].iter().chain(&round[..at]).filter(|it| it.thread == thread.0);
            let numbers: Vec<u64> = own.filter_map(|it| it.chosen).collect();
            let ends = ends(machine.clone(), thread, &mut Again { numbers, next: 0 });
            machine.step(ThreadId(step.thread), &mut Chosen::of(step));
            ends
        })
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

//! Running a schedule again.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;

use super::outcome::word;
use super::recording::Recording;
use crate::deadlock::Cycle;
use crate::machine::{Choice, Event, Machine, Stepped, ThreadId};
use crate::observer::Observer;
use crate::program::Program;
use crate::run::{self, Choices, Outcome, Pace, Stage};
use crate::scheduler::{Scheduler, Turn};
use crate::source::{self, Rejected, Source};

/// One step of a schedule: who makes it, and what is chosen in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The thread, by its place in order of creation.
    pub thread: u32,
    /// The number that CHOOSE or RANDOM pushed, or the place in line of whom NOTIFY woke.
    pub chosen: Option<u64>,
    /// The address that the thread is at, if it is known.
    pub pc: Option<u32>,
    /// It does not step: it is killed there.
    pub dies: bool,
}

impl Decision {
    /// A step without a choice.
    pub fn of(thread: ThreadId) -> Self {
        Self { thread: thread.0, chosen: None, pc: None, dies: false }
    }
}

/// Where a run parts from its schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// The number of the step, from 1.
    pub step: u64,
    /// How, in one sentence without a full stop.
    pub how: String,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the program does not go on like this at step {}: {}", self.step, self.how)
    }
}

impl std::error::Error for Divergence {}

/// A schedule, as the [`Scheduler`] and the [`Choices`] of a run; a reference to it is both.
///
/// Once the run parts from the schedule, anyone goes on and the least number is chosen, until whoever
/// runs it [asks](Self::check). Let the run be no longer than the schedule.
#[derive(Debug)]
pub struct Replay<'a> {
    schedule: &'a [Decision],
    /// How many steps have begun.
    begun: Cell<usize>,
    /// The number that the step now made has left to choose.
    chosen: Cell<Option<u64>>,
    /// Whoever is to make the step now made dies instead.
    dies: Cell<bool>,
    divergence: RefCell<Option<Divergence>>,
}

impl<'a> Replay<'a> {
    /// From the first of these steps on.
    pub fn new(schedule: &'a [Decision]) -> Self {
        Self {
            schedule,
            begun: Cell::new(0),
            chosen: Cell::new(None),
            dies: Cell::new(false),
            divergence: RefCell::new(None),
        }
    }

    fn diverges(&self, how: impl FnOnce() -> String) {
        let mut divergence = self.divergence.borrow_mut();
        if divergence.is_none() {
            *divergence = Some(Divergence { step: self.begun.get() as u64, how: how() });
        }
    }

    fn has_diverged(&self) -> bool {
        self.divergence.borrow().is_some()
    }

    /// The step before must have chosen what it was to choose.
    fn check_chosen(&self) {
        if let Some(number) = self.chosen.take() {
            self.diverges(|| format!("nobody asks for the number {number} that was chosen"));
        }
    }

    /// Whether the run, now over, went on like the schedule to its end.
    pub fn check(&self, outcome: &Outcome) -> Result<(), Divergence> {
        self.check_chosen();
        if outcome.steps < self.schedule.len() as u64 {
            self.begun.set(self.begun.get() + 1);
            self.diverges(|| format!("the run is over ({})", word(&outcome.end)));
        }
        self.divergence.take().map_or(Ok(()), Err)
    }

    /// An observer that is shown the run until it parts from the schedule.
    pub fn watched_by<O: Observer>(&self, observer: O) -> Watched<'_, O> {
        Watched { replay: self, observer }
    }
}

impl Scheduler for &Replay<'_> {
    fn has_a_death(&self) -> bool {
        self.schedule.get(self.begun.get()).is_some_and(|decision| decision.dies)
    }

    fn next(&mut self, machine: &Machine, _: Option<Turn>) -> ThreadId {
        self.check_chosen();
        let next = self.schedule.get(self.begun.get()).copied();
        self.begun.set(self.begun.get() + 1);
        let ready = machine.state().ready();
        let anyone = || ready.iter().next().expect("somebody can go on");
        let Some(decision) = next else {
            self.diverges(|| "there are no more steps".to_owned());
            return anyone();
        };
        let thread = ThreadId(decision.thread);
        let there = machine.state().threads().get(thread.index());
        let may_die = decision.dies && there.is_some_and(|it| !it.status().is_over());
        if !may_die && !ready.contains(thread) {
            self.diverges(|| match there {
                Some(it) => format!(
                    "{} cannot step, it is {}",
                    machine.show_thread(thread),
                    it.status().word()
                ),
                None => format!("there is no thread {}", decision.thread),
            });
            return anyone();
        }
        let at = machine.thread(thread).at();
        if decision.pc.is_some_and(|pc| pc != at) {
            self.diverges(|| {
                let pc = decision.pc.unwrap_or_default();
                format!("{} is at {at}, not at {pc}", machine.show_thread(thread))
            });
        }
        self.chosen.set(decision.chosen);
        self.dies.set(may_die);
        thread
    }
}

impl Choices for &Replay<'_> {
    fn choose(&mut self, _: &Machine, _: ThreadId, _: Choice, below: u64) -> u64 {
        match self.chosen.take() {
            Some(number) if number < below => number,
            Some(number) => {
                self.diverges(|| format!("{number} was chosen where only 0 to {} can", below - 1));
                0
            }
            None => {
                self.diverges(|| "a number is to be chosen, and none was".to_owned());
                0
            }
        }
    }

    fn dies(&mut self) -> bool {
        self.dies.take()
    }
}

/// Is shown a run until it parts from its schedule.
#[derive(Debug)]
pub struct Watched<'a, O> {
    replay: &'a Replay<'a>,
    observer: O,
}

impl<O> Watched<'_, O> {
    /// Who was shown it.
    pub fn into_inner(self) -> O {
        self.observer
    }
}

impl<O: Observer> Observer for Watched<'_, O> {
    fn before(&mut self, machine: &Machine, thread: ThreadId) {
        if !self.replay.has_diverged() {
            self.observer.before(machine, thread);
        }
    }

    fn event(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        if !self.replay.has_diverged() {
            self.observer.event(machine, thread, at, event);
        }
    }

    fn print(&mut self, machine: &Machine, thread: ThreadId, line: &str) {
        if !self.replay.has_diverged() {
            self.observer.print(machine, thread, line);
        }
    }

    fn prints(&self) -> bool {
        self.observer.prints()
    }

    fn after(&mut self, machine: &Machine, thread: ThreadId, stepped: Stepped) {
        if !self.replay.has_diverged() {
            self.observer.after(machine, thread, stepped);
        }
    }

    fn cycle(&mut self, machine: &Machine, cycle: &Cycle) {
        if !self.replay.has_diverged() {
            self.observer.cycle(machine, cycle);
        }
    }
}

/// A run that was replayed.
#[derive(Debug)]
pub struct Replayed<O> {
    /// The machine after the last step.
    pub machine: Machine,
    /// What came of it; [`End::OutOfSteps`](run::End::OutOfSteps) if the recording stops before its
    /// run does.
    pub outcome: Outcome,
    /// Who watched.
    pub observer: O,
}

/// Why a recording could not be replayed.
#[derive(Debug)]
pub enum ReplayError {
    /// The program in it is none.
    Rejected(Box<Rejected>),
    /// The program does not go on like the recording.
    Diverged(Divergence),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejected) => {
                let lines = rejected.diagnostics.iter().map(|it| it.line(&rejected.source));
                let lines: Vec<String> = lines.collect();
                write!(f, "the program in the trace is none: {}", lines.join("; "))
            }
            Self::Diverged(divergence) => divergence.fmt(f),
        }
    }
}

impl std::error::Error for ReplayError {}

impl From<Divergence> for ReplayError {
    fn from(divergence: Divergence) -> Self {
        Self::Diverged(divergence)
    }
}

impl Recording {
    /// The program, read anew from the text in the recording.
    pub fn program(&self) -> Result<Arc<Program>, ReplayError> {
        let rejected = |rejected| ReplayError::Rejected(Box::new(rejected));
        let (name, text) = (self.program_name(), self.program_text());
        let source = Source::new(name, text.as_bytes().to_vec()).map_err(|diagnostic| {
            let source = Source::new(name, Vec::new()).expect("nothing is no bad text");
            rejected(Rejected { source, diagnostics: vec![diagnostic] })
        })?;
        let source = source.in_language(self.language());
        let loaded = source::load(source, &self.about().selection).map_err(rejected)?;
        Ok(Arc::new(loaded.program))
    }

    /// Runs the recording again, all of it, and shows it to an observer.
    pub fn replay<O: Observer>(&self, observer: O) -> Result<Replayed<O>, ReplayError> {
        self.replay_steps(self.schedule().len(), observer)
    }

    /// Likewise, so many steps at most.
    pub fn replay_steps<O: Observer>(
        &self,
        steps: usize,
        observer: O,
    ) -> Result<Replayed<O>, ReplayError> {
        self.replay_on(self.machine()?, steps, observer)
    }

    /// Likewise, on a machine at the beginning of [the program](Self::program): for an observer that
    /// has to see it first.
    pub fn replay_on<O: Observer>(
        &self,
        mut machine: Machine,
        steps: usize,
        observer: O,
    ) -> Result<Replayed<O>, ReplayError> {
        let schedule = &self.schedule()[..steps.min(self.schedule().len())];
        let replay = Replay::new(schedule);
        let mut stage = Stage { choices: &replay, observer: replay.watched_by(observer) };
        let pace = Pace { max_steps: schedule.len() as u64, realtime: false };
        let outcome = run::run(&mut machine, &replay, &mut stage, pace);
        replay.check(&outcome)?;
        let whole = schedule.len() == self.schedule().len();
        let (now, then) = (word(&outcome.end), self.end().unwrap_or_default());
        if whole && !then.is_empty() && now != then {
            let how = format!("the run ends with `{now}`, not with `{then}`");
            return Err(Divergence { step: outcome.steps, how }.into());
        }
        Ok(Replayed { machine, outcome, observer: stage.observer.into_inner() })
    }
}

//! A run that goes on step by step, as somebody wishes, and that can be put back.

use std::sync::Arc;

use toyvm::chance::Chance;
use toyvm::machine::{Choice, Machine, State, Status, ThreadId};
use toyvm::program::Program;
use toyvm::run::{self, Choices, End, Stage};
use toyvm::scheduler::{Any, Scheduler as _, Turn};

use super::lanes::Lanes;
use super::witness::{Log, Watching, Witness};

/// A machine, and all round it that has to be right after going back too.
#[derive(Debug)]
pub(super) struct Live {
    machine: Machine,
    round: Round,
    log: Log,
}

/// All that a step changes, but the machine's state and what is only appended to.
#[derive(Debug, Clone)]
struct Round {
    steps: usize,
    witness: Witness,
    scheduler: Any,
    chance: Chance,
    /// Whom the scheduler would step next. It is asked before each step, whoever then makes it: so
    /// what it says depends on what was played alone.
    advice: Option<ThreadId>,
    last: Option<Turn>,
    end: Option<End>,
}

/// All that a play has to keep to come back to a step.
#[derive(Debug)]
pub(super) struct Snapshot {
    state: State,
    round: Round,
}

/// What a thread does when it is its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// It steps, and chooses that number if it is asked for one; else chance decides.
    Steps(Option<u64>),
    /// It dies.
    Dies,
}

/// Who chooses the numbers of one step: a person, else chance. Chance is asked in any case, for the
/// same reason as the scheduler.
struct Picking<'a> {
    chance: &'a mut Chance,
    how: How,
    chosen: Option<u64>,
}

impl Choices for Picking<'_> {
    fn choose(&mut self, _: &Machine, _: ThreadId, _: Choice, below: u64) -> u64 {
        let drawn = self.chance.below(below);
        let number = match self.how {
            How::Steps(Some(pick)) if pick < below => pick,
            How::Steps(_) | How::Dies => drawn,
        };
        self.chosen = Some(number);
        number
    }

    fn dies(&mut self) -> bool {
        self.how == How::Dies
    }
}

impl Live {
    /// At the beginning of a run.
    pub(super) fn new(mut machine: Machine, scheduler: Any, chance: Chance) -> Self {
        let mut round = Round {
            steps: 0,
            witness: Witness::new(&machine),
            scheduler,
            chance,
            advice: None,
            last: None,
            end: None,
        };
        let mut log = Log::default();
        let watching = Watching::new(&mut round.witness, &mut log, 0);
        let choices = Picking { chance: &mut round.chance, how: How::Steps(None), chosen: None };
        let mut stage = Stage { choices, observer: watching };
        round.end = run::pass_time(&mut machine, &mut stage, &mut Vec::new());
        stage.observer.finish(&machine, round.end.as_ref());
        let mut live = Self { machine, round, log };
        live.ask_scheduler();
        live
    }

    pub(super) fn machine(&self) -> &Machine {
        &self.machine
    }

    pub(super) fn program(&self) -> &Arc<Program> {
        self.machine.program()
    }

    pub(super) fn steps(&self) -> usize {
        self.round.steps
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    pub(super) fn lanes(&self) -> &Lanes {
        &self.round.witness.lanes
    }

    /// Whom the scheduler would step next; nobody once the run is over.
    pub(super) fn advice(&self) -> Option<ThreadId> {
        self.round.advice
    }

    /// How the run ended, if it is over.
    pub(super) fn end(&self) -> Option<&End> {
        self.round.end.as_ref()
    }

    /// Who made the last step.
    pub(super) fn last(&self) -> Option<ThreadId> {
        self.round.last.map(|turn| turn.thread)
    }

    /// Lets a thread step that can go on in a run that is not over, or die if it is not over itself; the
    /// number that was chosen.
    pub(super) fn step(&mut self, thread: ThreadId, how: How) -> Option<u64> {
        let (machine, round) = (&mut self.machine, &mut self.round);
        round.steps += 1;
        let watching = Watching::new(&mut round.witness, &mut self.log, round.steps);
        let choices = Picking { chance: &mut round.chance, how, chosen: None };
        let mut stage = Stage { choices, observer: watching };
        // Whoever watches keeps the cycles.
        let mut cycles = Vec::new();
        let (stepped, over) = run::step(machine, thread, &mut stage, &mut cycles);
        round.end = over.or_else(|| run::pass_time(machine, &mut stage, &mut cycles));
        stage.observer.finish(machine, round.end.as_ref());
        let chosen = stage.choices.chosen;
        round.last = Some(Turn { thread, stepped });
        self.ask_scheduler();
        chosen
    }

    fn ask_scheduler(&mut self) {
        let round = &mut self.round;
        round.advice = match round.end {
            None => Some(round.scheduler.next(&self.machine, round.last)),
            Some(_) => None,
        };
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot { state: self.machine.state().clone(), round: self.round.clone() }
    }

    /// Back to where a snapshot was made, on the way that was gone since.
    pub(super) fn restore(&mut self, snapshot: &Snapshot) {
        self.machine.set_state(snapshot.state.clone());
        self.round = snapshot.round.clone();
        self.log.cut(self.round.steps);
    }

    /// What a thread would choose in its next step, and below what; none if it chooses nothing.
    pub(super) fn asks(&self, thread: ThreadId) -> Option<(Choice, u64)> {
        use toyvm::instruction::Instruction as I;
        let it = self.machine.thread(thread);
        if !matches!(it.status(), Status::Runnable) {
            return None;
        }
        let instructions = &self.program().code(it.code()).instructions;
        let next = instructions.get(it.pc() as usize)?;
        if !matches!(next, I::Choose(_) | I::Random(_) | I::Notify) {
            return None;
        }
        // Whether it gets as far as to ask is best found out by trying.
        let mut trial = Stage { choices: Asked(None), observer: () };
        self.machine.clone().step(thread, &mut trial);
        trial.choices.0
    }
}

/// Takes note of what is to be chosen.
struct Asked(Option<(Choice, u64)>);

impl Choices for Asked {
    fn choose(&mut self, _: &Machine, _: ThreadId, choice: Choice, below: u64) -> u64 {
        self.0.get_or_insert((choice, below));
        0
    }
}

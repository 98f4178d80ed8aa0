//! A play: what was played, where one stands in it, and how one goes forward, back and elsewhere.
//!
//! Only the turns are kept: who stepped, and what was chosen. All else comes from making those steps
//! again, from the nearest snapshot on.

use toyvm::machine::{Choice, Machine, ThreadId};
use toyvm::run::{self, End};
use toyvm::trace::Decision;

use super::lanes::Lanes;
use super::live::{How, Live, Snapshot};
use super::opening::Opening;
use super::snapshots::Snapshots;
use super::witness::Log;
use super::wording;

/// What was played, and where one stands in it.
#[derive(Debug)]
pub(super) struct Play {
    opening: Opening,
    live: Live,
    snapshots: Snapshots<Snapshot>,
    /// All turns, also those that were taken back and not dropped.
    turns: Vec<Decision>,
    /// Somebody chose who steps, since it was last saved.
    unsaved: bool,
}

/// A step that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Made {
    /// Who made it.
    pub(super) thread: ThreadId,
    /// How many steps, played before, were dropped because this one is another.
    pub(super) dropped: usize,
}

impl Play {
    /// At the beginning; what was recorded can be gone along.
    pub(super) fn new(opening: Opening) -> Self {
        let machine = opening.machine();
        let scheduler = opening.policy.scheduler(opening.seed);
        let live = Live::new(machine, scheduler, run::choices(opening.seed));
        let snapshots = Snapshots::new(live.snapshot());
        let turns = opening.schedule.clone();
        Self { opening, live, snapshots, turns, unsaved: false }
    }

    /// Where the program came from.
    pub(super) fn opening(&self) -> &Opening {
        &self.opening
    }

    /// The machine as it stands.
    pub(super) fn machine(&self) -> &Machine {
        self.live.machine()
    }

    /// What was printed and found up to here.
    pub(super) fn log(&self) -> &Log {
        self.live.log()
    }

    /// The last steps.
    pub(super) fn lanes(&self) -> &Lanes {
        self.live.lanes()
    }

    /// How many steps were made up to here.
    pub(super) fn at(&self) -> usize {
        self.live.steps()
    }

    /// How many steps were played in all.
    pub(super) fn len(&self) -> usize {
        self.turns.len()
    }

    /// After how many steps those begin that can be gone through again and again, if it is still that play.
    pub(super) fn repeats_from(&self) -> Option<usize> {
        self.opening.repeats_from.filter(|_| self.turns == self.opening.schedule)
    }

    /// All of them.
    pub(super) fn turns(&self) -> &[Decision] {
        &self.turns
    }

    /// Whom the scheduler would step.
    pub(super) fn advice(&self) -> Option<ThreadId> {
        self.live.advice()
    }

    /// How the run ended, if it is over here.
    pub(super) fn end(&self) -> Option<&End> {
        self.live.end()
    }

    /// Who made the last step.
    pub(super) fn last(&self) -> Option<ThreadId> {
        self.live.last()
    }

    /// Who made the next step when it was played.
    pub(super) fn upcoming(&self) -> Option<ThreadId> {
        let next = self.turns.get(self.at())?;
        self.machine().state().thread_at(next.thread as usize)
    }

    /// Whether a play by hand would be lost.
    pub(super) fn is_unsaved(&self) -> bool {
        self.unsaved
    }

    /// It was saved, all of it.
    pub(super) fn saved(&mut self) {
        self.unsaved = false;
    }

    /// What a thread would choose in its next step, and below what.
    pub(super) fn asks(&self, thread: ThreadId) -> Option<(Choice, u64)> {
        self.live.asks(thread)
    }

    /// Steps a thread that somebody chose; `pick` is the number that its instruction chooses, else
    /// chance decides.
    ///
    /// # Errors
    ///
    /// Why it cannot step, in a sentence without a full stop.
    pub(super) fn step(&mut self, thread: ThreadId, pick: Option<u64>) -> Result<Made, String> {
        if let Some(end) = self.end() {
            return Err(wording::run_is_over(end));
        }
        if !self.machine().state().ready().contains(thread) {
            return Err(wording::cannot_step(self.machine(), thread));
        }
        let made = self.make(thread, How::Steps(pick));
        self.unsaved |= self.at() == self.len();
        Ok(made)
    }

    /// Kills a thread that somebody chose.
    ///
    /// # Errors
    ///
    /// Why it cannot die, in a sentence without a full stop.
    pub(super) fn kill(&mut self, thread: ThreadId) -> Result<Made, String> {
        if let Some(end) = self.end().filter(|end| **end != End::Finished) {
            return Err(wording::run_is_over(end));
        }
        if self.machine().thread(thread).status().is_over() {
            return Err(wording::cannot_step(self.machine(), thread));
        }
        let made = self.make(thread, How::Dies);
        self.unsaved |= self.at() == self.len();
        Ok(made)
    }

    /// Lets the scheduler decide who steps.
    ///
    /// # Errors
    ///
    /// That the run is over, in a sentence.
    pub(super) fn next(&mut self) -> Result<Made, String> {
        match (self.advice(), self.end()) {
            (Some(thread), _) => Ok(self.make(thread, How::Steps(None))),
            (None, Some(end)) => Err(wording::run_is_over(end)),
            (None, None) => unreachable!("while a run goes on the scheduler is asked"),
        }
    }

    /// Makes a step that can be made. If it was played before, the rest of the play stays.
    fn make(&mut self, thread: ThreadId, how: How) -> Made {
        let at = self.at();
        let pc = self.machine().thread(thread).at();
        let chosen = self.live.step(thread, how);
        let dies = how == How::Dies;
        let turn = Decision { thread: thread.index() as u32, chosen, pc: Some(pc), dies };
        let mut dropped = 0;
        if self.turns.get(at) != Some(&turn) {
            dropped = self.turns.len() - at;
            self.turns.truncate(at);
            self.turns.push(turn);
            self.snapshots.forget_after(at);
        }
        self.keep_snapshot();
        Made { thread, dropped }
    }

    fn keep_snapshot(&mut self) {
        if self.snapshots.is_due(self.at()) {
            self.snapshots.keep(self.at(), self.live.snapshot());
        }
    }

    /// Goes one step forward along what was played; false at its end.
    pub(super) fn forward(&mut self) -> bool {
        let Some(turn) = self.turns.get(self.at()).copied() else { return false };
        let can = |thread: &ThreadId| turn.dies || self.machine().state().ready().contains(*thread);
        let thread = self.upcoming().filter(can);
        let end = self.end().filter(|end| !turn.dies || **end != End::Finished);
        let (Some(thread), None) = (thread, end) else {
            // What is recorded was replayed before it was opened.
            debug_assert!(false, "what was played can be played again");
            self.turns.truncate(self.at());
            return false;
        };
        self.live.step(thread, if turn.dies { How::Dies } else { How::Steps(turn.chosen) });
        self.keep_snapshot();
        true
    }

    /// Goes one step back; false at the beginning.
    pub(super) fn back(&mut self) -> bool {
        let Some(to) = self.at().checked_sub(1) else { return false };
        self.go_back(to);
        true
    }

    /// Goes back to the step of that number, which is at most this one's.
    pub(super) fn go_back(&mut self, to: usize) {
        if to >= self.at() {
            return;
        }
        let (_, snapshot) = self.snapshots.before(to);
        self.live.restore(snapshot);
        while self.at() < to && self.forward() {}
    }
}

//! One step of one thread.

use super::{Failure, Machine, Status, ThreadId, World};
use crate::program::ClaimId;

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepped {
    /// The thread can go on, or has come to its end.
    Went,
    /// It can go on, and lets others go first.
    Yielded,
    /// It waits or sleeps.
    Stopped,
    /// It did not step: it was killed.
    Died,
    /// It failed.
    Failed,
    /// Its assertion does not hold: the run is over, before the ASSERT.
    Asserted,
    /// Something that must always hold no longer does: the run is over, after the step.
    Broken(ClaimId),
}

impl Machine {
    /// Lets one thread that can go on, go on by one instruction; or lets one that is not over die, if
    /// the world says so.
    ///
    /// Costs a microsecond of virtual time.
    ///
    /// # Panics
    ///
    /// If the thread cannot go on: ask [`State::ready`](super::State::ready).
    #[inline]
    pub fn step<W: World + ?Sized>(&mut self, thread: ThreadId, world: &mut W) -> Stepped {
        self.state.clock = self.state.clock.saturating_add(1);
        self.state.began_to_wait.clear();
        let dies = world.dies(self, thread);
        let it = &mut self.state.threads[thread.index()];
        let (at, code) = (it.pc, it.code);
        let stepped = if dies {
            self.kill(thread, world);
            Stepped::Died
        } else if matches!(it.status, Status::Runnable) {
            let instructions = &self.program.codes[code.index()].instructions;
            let (instruction, end) = (instructions[at as usize], instructions.len() as u32);
            it.pc = at + 1;
            match self.execute(thread, instruction, world) {
                Ok(stepped) => {
                    let it = &self.state.threads[thread.index()];
                    if it.pc == end && matches!(it.status, Status::Runnable) {
                        self.end(thread, Status::Ended, world);
                    }
                    stepped
                }
                Err(fault) => {
                    self.thread_mut(thread).pc = at;
                    let failure = Box::new(Failure { fault, at });
                    self.end(thread, Status::Failed(failure), world);
                    Stepped::Failed
                }
            }
        } else {
            assert!(self.state.ready.contains(thread), "only who can go on is stepped");
            self.take_turn(thread, world);
            Stepped::Went
        };
        if !self.ending.is_empty() {
            self.end_those_past_their_end(world);
        }
        if self.state.claims.is_empty() || stepped == Stepped::Asserted {
            return stepped;
        }
        self.broken_claim().map_or(stepped, Stepped::Broken)
    }

    #[cold]
    pub(super) fn end_those_past_their_end<W: World + ?Sized>(&mut self, world: &mut W) {
        while let Some(thread) = self.ending.pop() {
            self.end(thread, Status::Ended, world);
        }
    }
}

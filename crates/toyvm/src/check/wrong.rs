//! What is wrong in the state that an explorer is in.

use super::analysis::Traits;
use super::explorer::{Explorer, Passed};
use super::finding::Finding;
use crate::deadlock::{self, Cycle};
use crate::instruction::Instruction as I;
use crate::machine::{Fault, On, Status, ThreadId, Wait};

impl Explorer {
    /// What is wrong with an instruction that failed.
    pub(super) fn failed(&self, thread: ThreadId) -> Finding {
        match self.machine.thread(thread).status() {
            Status::Failed(failure) if matches!(failure.fault, Fault::AboveBound(_)) => {
                Finding::Overflow { thread }
            }
            _ => Finding::Error { thread },
        }
    }

    /// Threads that wait for each other since this step.
    ///
    /// Whom one in a run of JOINs waits for first is not known where threads are not told apart. So a
    /// circle through it is none as yet.
    pub(super) fn circle(&self, passed: &mut Passed) -> Option<Finding> {
        if self.analysis.outputs.is_some() {
            // The others go on and print.
            return None;
        }
        let waits =
            |thread: &ThreadId| matches!(self.machine.thread(*thread).status(), Status::Waiting(_));
        let waiters = self.machine.state().began_to_wait().iter();
        let waiters =
            waiters.filter(|it| deadlock::awaited(&self.machine, **it).as_ref().is_some_and(waits));
        for circle in waiters.filter_map(|it| deadlock::cycle_through(&self.machine, *it)) {
            let Cycle { threads } = circle;
            let is_in_run = |thread: &ThreadId| match self.machine.thread(*thread).status() {
                Status::Waiting(Wait { on: On::Thread(_), at, .. }) => {
                    let code = self.machine.thread(*thread).code();
                    self.analysis.symmetry.run_of(code, *at).is_some()
                }
                _ => false,
            };
            if !threads.iter().any(is_in_run) {
                return Some(Finding::Circle(threads));
            }
            passed.is_doubtful = true;
        }
        None
    }

    /// Two threads that are about to use one global, one of them to set it.
    pub(super) fn race(&self) -> Option<Finding> {
        let about = |thread: ThreadId| {
            let it = self.machine.thread(thread);
            if !matches!(it.status(), Status::Runnable)
                || !self.analysis.traits(it.code(), it.pc()).has(Traits::GLOBAL)
            {
                return None;
            }
            match self.instruction(thread) {
                I::GlobalStore(name) => Some((name.id, true)),
                I::Load(name) if !self.loads_own(thread) => Some((name.id, false)),
                _ => None,
            }
        };
        let at = |thread| (thread, self.machine.thread(thread).pc());
        for (nth, thread) in self.enabled().enumerate().skip(1) {
            let Some((name, sets)) = about(thread) else { continue };
            let mut others = self.enabled().take(nth);
            let other = others.find(|other| {
                about(*other).is_some_and(|(its, other_sets)| its == name && (sets || other_sets))
            });
            if let Some(other) = other {
                return Some(Finding::Race { name, accesses: [at(other), at(thread)] });
            }
        }
        None
    }

    /// Whether nobody goes on, and nobody has to.
    pub(super) fn is_at_the_end(&self) -> bool {
        let state = self.machine.state();
        state.ready().is_empty() && state.remaining() == 0
    }

    /// What is wrong if nobody can go on.
    pub(super) fn deadlock(&self) -> Option<Finding> {
        let state = self.machine.state();
        (state.ready().is_empty() && state.remaining() > 0).then_some(Finding::Deadlock)
    }
}

//! Races: two threads are about to use one global, one of them to set it, and nothing orders them.

use super::explorer::Explorer;
use super::finding::Finding;
use crate::instruction::Instruction as I;
use crate::machine::{Status, ThreadId};
use crate::program::NameId;

impl Explorer {
    /// Two threads that are about to use one global, one of them to set it.
    pub(super) fn race(&self) -> Option<Finding> {
        let about = |thread: ThreadId| {
            if !matches!(self.machine.thread(thread).status(), Status::Runnable) {
                return None;
            }
            match self.instruction(thread) {
                I::GlobalStore(name) => Some((name.id, true)),
                I::Load(name) if !self.loads_own(thread) => Some((name.id, false)),
                _ => None,
            }
        };
        let mut seen: Vec<(ThreadId, NameId, bool)> = Vec::new();
        for thread in self.enabled() {
            let Some((name, sets)) = about(thread) else { continue };
            let mut others = seen.iter();
            if let Some((other, ..)) =
                others.find(|(_, its, other_sets)| *its == name && (sets || *other_sets))
            {
                let at = |thread| (thread, self.machine.thread(thread).pc());
                return Some(Finding::Race { name, accesses: [at(*other), at(thread)] });
            }
            seen.push((thread, name, sets));
        }
        None
    }
}

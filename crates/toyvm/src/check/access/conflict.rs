//! What commutes, and what does not.

use super::super::flaw::{Flaw, flawed};
use super::super::flow::Thing;
use super::{Finder, Manner, Shared};
use crate::instruction::Instruction as I;
use crate::machine::Service;
use crate::value::{Handle, Kind};

impl Finder<'_> {
    /// Whether two accesses of different threads may come to something else in the other order.
    pub(super) fn conflict(
        &self,
        (a, how): (Shared, Manner),
        (b, other): (Shared, Manner),
    ) -> bool {
        use Manner::{Ask, Blind, Give, GiveInOrder, Read};
        if a != b {
            return a == Shared::Everything || b == Shared::Everything;
        }
        let weak = self.service == Service::Weak;
        let is_bounded = match a {
            Shared::Thing(thing) => self.is_bounded(thing) && !flawed(Flaw::Bounded),
            _ => false,
        };
        if is_ignored(a, how, other) {
            return false;
        }
        match (how, other) {
            (Read, Read) | (Blind, Blind) => false,
            (Ask, Give | GiveInOrder) | (Give | GiveInOrder, Ask) => {
                let is_left = self.deaths && !flawed(Flaw::LineLeft);
                weak || is_left || (is_bounded && self.is_semaphore(a))
            }
            (Give, Give) => is_bounded,
            _ => true,
        }
    }

    fn is_semaphore(&self, shared: Shared) -> bool {
        match (shared, self.flow) {
            (Shared::Thing(thing), Some(flow)) => flow.kind_of(thing) == Kind::Semaphore,
            _ => false,
        }
    }

    /// Whether a semaphore or queue may have a bound.
    fn is_bounded(&self, thing: Thing) -> bool {
        let Some(flow) = self.flow else { return true };
        if let Some(site) = flow.site_of(thing) {
            let instruction = self.program.code(site.code).instructions[site.pc as usize];
            return matches!(instruction, I::BoundedSemaphoreCreate(_) | I::BoundedQueueCreate(_));
        }
        let kind = flow.kind_of(thing);
        let declared = self.program.declared().iter().filter(|it| it.kind == kind);
        declared.enumerate().any(|(index, it)| {
            it.bound.is_some() && flow.declared(Handle { kind, index: index as u32 }) == thing
        })
    }
}

/// Whether a flaw is switched on by which two accesses to one thing seem to commute.
fn is_ignored(shared: Shared, one: Manner, other: Manner) -> bool {
    use Manner::{Ask, GiveInOrder, Read, Try, Write};
    match (shared, one, other) {
        (Shared::Global(_), Read, Write) | (Shared::Global(_), Write, Read) => {
            flawed(Flaw::ReadAndSet)
        }
        (Shared::Global(_), Write, Write) => flawed(Flaw::SetTwice),
        (Shared::Thing(_), Read, Write) | (Shared::Thing(_), Write, Read) => {
            flawed(Flaw::PlaceReadAndSet)
        }
        (Shared::Thing(_), Ask, Ask) => flawed(Flaw::AskedFirst),
        (Shared::Thing(_), Try, _) | (Shared::Thing(_), _, Try) => flawed(Flaw::Tried),
        (Shared::Thing(_), GiveInOrder, GiveInOrder) => flawed(Flaw::SentFirst),
        (Shared::Numbers(_), ..) => flawed(Flaw::Numbers),
        (Shared::Ends, ..) => flawed(Flaw::Ends),
        (Shared::Claims, ..) => flawed(Flaw::Claims),
        _ => false,
    }
}

//! Counting semaphores (Dijkstra, 1965).

use super::{Event, Fault, Machine, On, ThreadId, World};
use crate::value::{Handle, Kind};

impl Machine {
    pub(super) fn create_semaphore<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        count: i64,
        bound: Option<i64>,
        world: &mut W,
    ) -> Result<Handle, Fault> {
        at_least("a semaphore's count", 0, count)?;
        if let Some(bound) = bound {
            at_least("a semaphore's bound", count.max(1), bound)?;
        }
        let index = self.state.semaphores.len();
        let label = self.label_for(Kind::Semaphore)?;
        self.state.add_semaphore(label, count, bound);
        Ok(self.created(thread, Kind::Semaphore, index, world))
    }

    /// Raises the count, or lets the first who waits go on.
    pub(super) fn raise<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        semaphore: u32,
        world: &mut W,
    ) -> Result<(), Fault> {
        let it = &mut self.state.semaphores[semaphore as usize];
        let raised = it.count.checked_add(1).ok_or(Fault::Overflow)?;
        if it.bound.is_some_and(|bound| raised > bound) {
            return Err(Fault::AboveBound(semaphore));
        }
        it.count = raised;
        world.event(self, thread, self.thread(thread).pc - 1, Event::Raised(semaphore));
        self.settle(On::Semaphore(semaphore), world);
        Ok(())
    }
}

pub(super) fn at_least(what: &'static str, least: i64, found: i64) -> Result<(), Fault> {
    if found < least { Err(Fault::TooLow { what, least, found }) } else { Ok(()) }
}

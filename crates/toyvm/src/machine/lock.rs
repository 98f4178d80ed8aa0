//! Locks.

use super::{Event, Fault, Machine, On, ThreadId, World};
use crate::value::{Handle, Kind};

impl Machine {
    pub(super) fn create_lock<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        world: &mut W,
    ) -> Result<Handle, Fault> {
        let index = self.state.locks.len();
        let label = self.label_for(Kind::Lock)?;
        self.state.add_lock(label);
        Ok(self.created(thread, Kind::Lock, index, world))
    }

    /// Gives a lock back that the thread holds.
    pub(super) fn release<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        lock: u32,
        world: &mut W,
    ) -> Result<(), Fault> {
        let it = &mut self.state.locks[lock as usize];
        if it.owner != Some(thread) {
            return Err(Fault::NotHeld { lock, holder: it.owner });
        }
        it.owner = None;
        self.thread_mut(thread).held -= 1;
        world.event(self, thread, self.thread(thread).pc - 1, Event::Released(lock));
        self.settle(On::Lock(lock), world);
        Ok(())
    }
}

//! Atomic counters.

use super::{Event, Fault, Machine, ThreadId, World};
use crate::value::{Handle, Kind};

impl Machine {
    pub(super) fn create_counter<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        initial: i64,
        world: &mut W,
    ) -> Result<Handle, Fault> {
        let index = self.state.counters.len();
        let label = self.label_for(Kind::Counter)?;
        self.state.add_counter(label, initial);
        Ok(self.created(thread, Kind::Counter, index, world))
    }

    /// Adds to a counter; the new value.
    pub(super) fn count<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        counter: u32,
        add: i64,
        world: &mut W,
    ) -> Result<i64, Fault> {
        let it = &mut self.state.counters[counter as usize];
        it.value = it.value.checked_add(add).ok_or(Fault::Overflow)?;
        let value = it.value;
        world.event(self, thread, self.thread(thread).pc - 1, Event::Counted(counter));
        Ok(value)
    }

    /// Sets a counter to `new` if it is `old`; whether it was.
    pub(super) fn compare_and_swap<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        counter: u32,
        old: i64,
        new: i64,
        world: &mut W,
    ) -> bool {
        let it = &mut self.state.counters[counter as usize];
        let swaps = it.value == old;
        if swaps {
            it.value = new;
        }
        world.event(self, thread, self.thread(thread).pc - 1, Event::Counted(counter));
        swaps
    }
}

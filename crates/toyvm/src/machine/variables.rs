//! Variables: a thread's own, and globals.

use super::{Event, Fault, Machine, ThreadId, World};
use crate::program::argument::Name;
use crate::value::Value;

impl Machine {
    #[inline(always)]
    pub(super) fn load<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        name: Name,
        world: &mut W,
    ) -> Result<(), Fault> {
        let own = self.thread(thread).variables.get(name.slot as usize).copied().flatten();
        if let Some(value) = own {
            return self.push(thread, value);
        }
        let found = self.state.globals[name.id.index()]
            .or_else(|| self.program.object_named(name.id).map(Value::Handle));
        world.event(self, thread, self.thread(thread).pc - 1, Event::Loaded(name.id));
        self.push(thread, found.ok_or(Fault::UnknownName(name.id))?)
    }

    #[inline(always)]
    pub(super) fn store(&mut self, thread: ThreadId, name: Name) -> Result<(), Fault> {
        let value = self.peek(thread, 0)?;
        let slot = name.slot as usize;
        if slot >= self.thread(thread).variables.len() {
            self.make_places(thread, slot + 1)?;
        }
        let it = self.thread_mut(thread);
        it.variables[slot] = Some(value);
        it.stack.pop();
        Ok(())
    }

    /// Makes room for so many variables; the new ones are not set.
    #[cold]
    pub(super) fn make_places(&mut self, thread: ThreadId, places: usize) -> Result<(), Fault> {
        let more = places - self.thread(thread).variables.len();
        self.more_places(more)?;
        self.state.places += more;
        self.thread_mut(thread).variables.resize(places, None);
        Ok(())
    }
}

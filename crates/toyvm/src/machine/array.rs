//! Arrays that threads share.

use super::semaphore::at_least;
use super::{Fault, Machine, ThreadId, World};
use crate::value::{Handle, Kind, Value};

impl Machine {
    pub(super) fn create_array<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        length: i64,
        world: &mut W,
    ) -> Result<Handle, Fault> {
        at_least("an array's length", 0, length)?;
        self.more_places(usize::try_from(length).unwrap_or(usize::MAX))?;
        let index = self.state.arrays.len();
        let label = self.label_for(Kind::Array)?;
        self.state.add_array(label, length as usize);
        Ok(self.created(thread, Kind::Array, index, world))
    }

    /// One place of an array.
    pub(super) fn place(&mut self, array: u32, index: i64) -> Result<&mut Value, Fault> {
        usize::try_from(index)
            .ok()
            .and_then(|at| self.state.arrays[array as usize].values.get_mut(at))
            .ok_or(Fault::BadIndex { array, index })
    }
}

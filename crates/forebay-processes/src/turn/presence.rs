//! Coming and going of participants.

use forebay_contract::Fault;

use super::{Me, Turn};
use crate::control::Control;
use crate::lock;
use crate::participant::Role;
use crate::words::Word;

impl<'a> Turn<'a> {
    fn present(&self, role: Role) -> Option<&'a Word> {
        match role {
            Role::Producer => Some(self.control.producers()),
            Role::Consumer => Some(self.control.consumers()),
            Role::Other => None,
        }
    }

    /// Enters the table, at an entry that is free and whose life this process holds.
    pub(crate) fn come(
        &mut self,
        role: Role,
        process: u32,
        command: [u64; 2],
    ) -> Result<(Me, u64), Fault> {
        let entry = self.buffer.entry(self.me.participant)?;
        // Nobody would take over from a leader whose entry is in use again.
        let sync_lock = Control::sync_lock(&self.buffer.region)?;
        lock::release_of_dead(sync_lock, self.me.participant);
        let next = match role {
            Role::Producer => self.control.next_producer(),
            Role::Consumer => self.control.next_consumer(),
            Role::Other => self.control.next_other(),
        };
        let number = next.get();
        next.set(number.wrapping_add(1));
        let generation = entry.begin(role, process, number, command);
        if let Some(present) = self.present(role) {
            present.add(1);
        }
        self.me.generation = generation;
        Ok((self.me, number))
    }

    /// Leaves the table. What it still held goes back, and what it did stays counted.
    pub(crate) fn go(&mut self) -> Result<(), Fault> {
        self.bury_participant(self.me.participant)
    }

    /// An entry is free again, of one who left or died.
    pub(super) fn bury_participant(&mut self, participant: u32) -> Result<(), Fault> {
        self.dismiss(participant)?;
        self.reclaim(participant)?;
        let entry = self.buffer.entry(participant)?;
        if let Some(present) = self.present(entry.role()) {
            present.subtract(1);
        }
        // A crash between the count and the end of the entry counts twice what only statistics show.
        match entry.role() {
            Role::Producer => self.control.producer_wait().add(entry.waited().get()),
            Role::Consumer => {
                self.control.departed().add(entry.items().get());
                self.control.consumer_wait().add(entry.waited().get());
            }
            Role::Other => {}
        }
        entry.end();
        Ok(())
    }
}

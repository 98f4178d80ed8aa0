//! What the dead leave behind: their waiters leave the lines, what they had set aside is free, and what they had leased
//! goes back to its position.

use forebay_contract::Fault;

use super::{Me, Turn};
use crate::lock::Others as _;
use crate::slot::State;
use crate::waiter::Line;

/// Participants that one sweep asks after: each is a system call.
const MOST: u32 = 64;

impl Turn<'_> {
    /// Looks after the participants whose turn it is, and buries the dead among them, and passes by those who were
    /// called and do not come. Returns how many were dead.
    pub(crate) fn sweep(&mut self) -> Result<u32, Fault> {
        let participants = self.buffer.geometry.participants;
        let mut next = (self.control.sweep_next().get() as u32).min(participants);
        let mut asked = 0;
        let mut dead = 0;
        for _ in 0..participants {
            if asked == MOST {
                break;
            }
            if next >= participants {
                next = 0;
            }
            let entry = self.buffer.entry(next)?;
            if next != self.me.participant && entry.generation().is_some() {
                asked += 1;
                if !self.buffer.is_alive(next)? {
                    self.bury_dead(next)?;
                    dead += 1;
                }
            }
            next += 1;
        }
        self.control.sweep_next().set(u64::from(next));
        self.control.swept_at().set(Self::now());
        self.control.swept_wall().set(self.wall);
        if dead > 0 {
            // Who died may have called somebody, and not lived to wake him.
            self.wake_called()?;
        }
        self.overlook(Line::Room)?;
        self.overlook(Line::Item)?;
        Ok(dead)
    }

    /// Buries one that is known to be dead.
    pub(crate) fn bury_dead(&mut self, participant: u32) -> Result<(), Fault> {
        self.bury_participant(participant)?;
        self.control.deaths().add(1);
        Ok(())
    }

    /// Takes back whatever this participant holds.
    pub(super) fn reclaim(&mut self, participant: u32) -> Result<(), Fault> {
        self.book(participant)?;
        let entry = self.buffer.entry(participant)?;
        let generation = entry.generation();
        let mut left = entry.leased().get().saturating_add(entry.held().get());
        if left == 0 {
            return Ok(());
        }
        for index in 0..self.buffer.geometry.slots {
            if left == 0 {
                break;
            }
            let slot = self.slot(index)?;
            let word = slot.word();
            let is_held =
                matches!(word.state(), Some(State::Reserved | State::Leased | State::Taking));
            let (owner, of) = slot.owner();
            if !is_held || owner != participant || Some(of) != generation {
                continue;
            }
            left -= 1;
            if word.is(State::Reserved) {
                self.unreserve(index)?;
                entry.held().subtract(1);
            } else {
                let holder = Me { participant, generation: of };
                let position = slot.position();
                let loan = super::Loan { slot: index, word, position, holder };
                // Its word is what it was, so this is an answer like any other.
                let _ = self.nack(&loan)?;
            }
        }
        self.call(Line::Room)?;
        self.call(Line::Idle)
    }
}

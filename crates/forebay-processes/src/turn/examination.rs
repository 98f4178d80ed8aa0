//! Whether everything fits together: looked at, and nothing changed.

use forebay_contract::Fault;

use super::{Turn, content};
use crate::slot::State;

/// What an examination found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Findings {
    /// Items looked at.
    pub items: u64,
    /// Items whose slot or bytes make no sense; a repair frees their places.
    pub unreadable: u64,
    /// Items that a repair has freed.
    pub discarded: u64,
    /// Counts that are not what the slots say, by name: in the buffer, and by the slots.
    pub miscounted: Vec<(&'static str, u64, u64)>,
    /// Whether a sync failed earlier.
    pub is_poisoned: bool,
}

impl Findings {
    /// Whether nothing was found.
    pub fn is_sound(&self) -> bool {
        self.unreadable == 0 && self.miscounted.is_empty() && !self.is_poisoned
    }
}

impl Turn<'_> {
    pub(crate) fn examine(&self) -> Result<Findings, Fault> {
        let control = self.control;
        let mut findings =
            Findings { is_poisoned: control.poisoned().get() != 0, ..Findings::default() };
        let mut counts = [0; 7];
        for index in 0..self.buffer.geometry.slots {
            let slot = self.slot(index)?;
            let word = slot.word();
            let Some(state) = word.state() else {
                findings.unreadable += 1;
                continue;
            };
            counts[state as usize] += 1;
            if matches!(state, State::Free | State::Reserved | State::Done) {
                continue;
            }
            findings.items += 1;
            let is_readable = match content::read(self.buffer, slot) {
                Ok(bytes) => content::is_intact(slot, &bytes) && word.fits(slot.position()),
                Err(Fault::Damaged) => false,
                Err(fault) => return Err(fault),
            };
            findings.unreadable += u64::from(!is_readable);
        }
        // What is done and not booked is on lease in the books.
        counts[State::Leased as usize] += counts[State::Done as usize];
        let pairs = [
            ("free", control.free_len().get(), State::Free),
            ("reserved", control.reserved().get(), State::Reserved),
            ("waiting", control.waiting().get(), State::Ready),
            ("leased", control.leased().get(), State::Leased),
            ("dead", control.dead().get(), State::Dead),
            ("taking", control.taking().get(), State::Taking),
        ];
        for (name, counted, state) in pairs {
            let found = counts[state as usize];
            if counted != found {
                findings.miscounted.push((name, counted, found));
            }
        }
        let ordered = control.fresh_len().get().saturating_add(control.returned_len().get());
        if ordered != counts[State::Ready as usize] {
            findings.miscounted.push(("in order", ordered, counts[State::Ready as usize]));
        }
        Ok(findings)
    }

    /// A repair accepts that what a failed sync lost is lost.
    pub(crate) fn forgive(&self) {
        self.control.poisoned().commit(0);
    }
}

//! Items that were handed to takes that wait, and have not yet been received.
//!
//! A take in line is handed the item that comes next, and woken. The item lies here, not with the take,
//! until the take returns it: so a take that is cancelled loses nothing, and one that never comes can
//! have its item taken back. In between it is as if the take had leased it: the item counts as on lease,
//! as far as the lease limit has room for it; and as waiting, beyond that.

use std::collections::VecDeque;

use crate::store::Entry;

#[derive(Debug)]
pub(super) struct Handed<T> {
    /// With the numbers of the takes, which rise but for those that came back to the line.
    entries: VecDeque<(u64, Entry<T>)>,
    /// How many count as on lease.
    may_lease: u64,
    /// Went back into the buffer.
    taken_back: u64,
    /// Whose it was when the alarm was set.
    noted: Option<u64>,
}

impl<T> Handed<T> {
    pub(super) fn new(may_lease: u64) -> Self {
        Self { entries: VecDeque::new(), may_lease, taken_back: 0, noted: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn hand(&mut self, number: u64, entry: Entry<T>) {
        self.entries.push_back((number, entry));
    }

    /// What was handed to this take.
    pub(super) fn receive(&mut self, number: u64) -> Option<Entry<T>> {
        if self.oldest() == Some(number) {
            return self.entries.pop_front().map(|(_, entry)| entry);
        }
        let at = self.entries.iter().position(|(whose, _)| *whose == number)?;
        self.entries.remove(at).map(|(_, entry)| entry)
    }

    /// What was handed to this take and goes back into the buffer.
    pub(super) fn take_back(&mut self, number: u64) -> Option<Entry<T>> {
        let entry = self.receive(number)?;
        self.taken_back += 1;
        Some(entry)
    }

    /// The take that has had its item longest.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.entries.front().map(|(whose, _)| *whose)
    }

    /// Notes the oldest, to see later whether it has come; the one that was noted before, if it has not.
    pub(super) fn note_oldest(&mut self) -> Option<u64> {
        let oldest = self.oldest();
        let overdue = self.noted.filter(|noted| Some(*noted) == oldest);
        self.noted = oldest;
        overdue
    }

    pub(super) fn set_may_lease(&mut self, many: u64) {
        self.may_lease = many;
    }

    /// Those that count as on lease.
    pub(super) fn leased(&self) -> u64 {
        self.len().min(self.may_lease)
    }

    /// Those that count as waiting.
    pub(super) fn waiting(&self) -> u64 {
        self.len().saturating_sub(self.may_lease)
    }

    /// The weight of those that count as waiting: the last ones.
    pub(super) fn waiting_weight(&self) -> u64 {
        let waiting = self.waiting() as usize;
        let last = self.entries.iter().rev().take(waiting);
        last.fold(0, |sum: u64, (_, entry)| sum.saturating_add(entry.weight))
    }

    pub(super) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Of those ever handed, how many left the places between the ends without having been received.
    pub(super) fn not_received(&self) -> u64 {
        self.len() + self.taken_back
    }
}

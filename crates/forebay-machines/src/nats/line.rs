//! Those who wait: who stands before whom, and who is called.

use std::time::Instant;

use super::draft::Draft;
use super::state::{For, Name, Stander, State};

/// Whom to call: a process, and the number of the call that waits there.
pub(super) type Call = (Name, u64);

impl Draft<'_> {
    fn place_in_line(&self, waiter: u64) -> Option<usize> {
        self.state.line.iter().position(|one| one.waiter == waiter && one.session == *self.own)
    }

    /// Leaves the line. What it waited is told for the handle, and for the side.
    pub(super) fn leave(&mut self, waiter: u64) {
        let Some(place) = self.place_in_line(waiter) else { return };
        let Stander { waits_for, handle, .. } = self.state.line.remove(place);
        let waited = self.since.get(&waiter).map_or(0, |since| since.elapsed().as_millis());
        let waited = u64::try_from(waited).unwrap_or(u64::MAX);
        match waits_for {
            For::Room => self.state.producer_wait += waited,
            For::Idle => {}
            For::Take | For::Lease => {
                self.state.consumer_wait += waited;
                let own = self.state.party(self.own);
                if let Some(handle) = own.handles.get_mut(&handle) {
                    handle.waited += waited;
                }
            }
        }
    }

    /// Stands at the end of the line, or stays where it is.
    pub(super) fn stand(&mut self, waits_for: For, handle: u64, heavy: u64, waiter: u64) {
        if let Some(place) = self.place_in_line(waiter) {
            self.state.line[place].heavy = heavy;
            return;
        }
        self.since.entry(waiter).or_insert_with(Instant::now);
        let session = self.own.clone();
        self.state.line.push(Stander { session, waiter, waits_for, handle, heavy });
    }

    fn before(&self, waiter: Option<u64>) -> &[Stander] {
        let place = waiter.and_then(|waiter| self.place_in_line(waiter));
        &self.state.line[..place.unwrap_or(self.state.line.len())]
    }

    /// How many wait for room before this one, and what their items weigh together.
    pub(super) fn ahead_for_room(&self, waiter: u64) -> (u64, u64) {
        let ahead = self.before(Some(waiter)).iter().filter(|one| one.waits_for == For::Room);
        ahead.fold((0, 0), |(count, heavy), one| (count + 1, heavy + one.heavy))
    }

    /// How many items, and how many leases, belong to those who stand before this one; where nobody does, to everyone.
    pub(super) fn ahead_for_items(&self, waiter: Option<u64>) -> (u64, u64) {
        ahead_for_items(self.before(waiter), self.leasable())
    }

    /// The first of each line, if there is something for it. Whoever is served calls the next.
    pub(super) fn calls(&self, is_idle: bool) -> Vec<Call> {
        let State { line, is_closed, .. } = &self.state;
        let first = |waits_for| line.iter().position(|one| one.waits_for == waits_for);
        let depth = self.state.waiting();
        let mut called = Vec::new();
        if let Some(place) = first(For::Room)
            && (*is_closed || self.admits(line[place].heavy, (0, 0)))
        {
            called.push(&line[place]);
        }
        let leasable = self.leasable();
        for waits_for in [For::Take, For::Lease] {
            if let Some(place) = first(waits_for)
                && depth > ahead_for_items(&line[..place], leasable).0
                && (waits_for == For::Take || leasable > 0)
            {
                called.push(&line[place]);
            }
        }
        if is_idle {
            called.extend(line.iter().filter(|one| one.waits_for == For::Idle));
        }
        if *is_closed {
            let is_over = |one: &&Stander| match one.waits_for {
                For::Room => true,
                For::Take | For::Lease => depth == 0,
                For::Idle => false,
            };
            called.extend(line.iter().filter(is_over));
        }
        called.into_iter().map(|one| (one.session.clone(), one.waiter)).collect()
    }

    /// Everyone who waits for an item.
    pub(super) fn consumers(&self) -> Vec<Call> {
        let waits = |one: &&Stander| matches!(one.waits_for, For::Take | For::Lease);
        let all = self.state.line.iter().filter(waits);
        all.map(|one| (one.session.clone(), one.waiter)).collect()
    }
}

fn ahead_for_items(before: &[Stander], leasable: u64) -> (u64, u64) {
    let count = |waits_for| before.iter().filter(|one| one.waits_for == waits_for).count() as u64;
    let borrowing = count(For::Lease).min(leasable);
    (count(For::Take) + borrowing, borrowing)
}

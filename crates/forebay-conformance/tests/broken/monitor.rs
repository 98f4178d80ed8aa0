//! The reference buffer: everything under one lock, with one line of waiters.
//!
//! A monitor (C. A. R. Hoare, *Monitors: an operating system structuring concept*, 1974) in the
//! form of Mesa (B. Lampson and D. Redell, 1980), built to be seen through rather than to be fast:
//! who waits has a ticket, a place or an item is for the tickets ahead of whoever asks, and after
//! every change all sleepers look again. It keeps its items in another way than the model, so that
//! the two can differ.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::task::Waker;
use std::time::{Duration, Instant};

use forebay_conformance::{Counted, Item, Settings};
use forebay_contract::{DeadLetter, Death, LeaseError, Refusal, Share, Statistics, TakeError};

use crate::fault::Fault;
use crate::state::{Entry, Held, State, Waiter, Want};
use crate::waiting::wake_later;

#[derive(Debug)]
pub(crate) struct Monitor {
    pub(crate) settings: Settings,
    pub(crate) fault: Option<Fault>,
    /// Whether it stays open until someone closes it, and its wakes travel.
    pub(crate) lasting: bool,
    state: Mutex<State>,
    changed: Condvar,
}

impl Monitor {
    pub(crate) fn new(settings: Settings, fault: Option<Fault>, lasting: bool) -> Self {
        Self { settings, fault, lasting, state: Mutex::default(), changed: Condvar::new() }
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Whether it ends with the handles of a side.
    pub(crate) fn ends_with_its_handles(&self) -> bool {
        !self.lasting || self.has(Fault::EndsWithItsHandles)
    }

    /// The state, with every lease ended whose deadline has passed.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().expect("no call panics while it holds the lock");
        let now = Instant::now();
        let due: Vec<u64> = state
            .leased
            .iter()
            .filter(|(_, held)| held.deadline.is_some_and(|deadline| deadline <= now))
            .map(|(position, _)| *position)
            .collect();
        for position in &due {
            let held = state.leased.remove(position).expect("it was just seen");
            self.give_back(&mut state, *position, held.entry);
        }
        if !due.is_empty() && !self.has(Fault::ExpiryWakesNobody) {
            self.announce(&mut state);
        }
        state
    }

    /// The state, for an answer to a lease, which the clock may have ended.
    fn lock_to_answer(&self) -> MutexGuard<'_, State> {
        if self.has(Fault::AnswersIgnoreTheClock) {
            return self.state.lock().expect("no call panics while it holds the lock");
        }
        self.lock()
    }

    /// Lets everyone look again for whom something may have changed.
    pub(crate) fn announce(&self, state: &mut State) {
        self.changed.notify_all();
        let mut ready: Vec<u64> = state
            .line
            .iter()
            .filter(|waiter| self.is_answered(state, waiter.want, Some(waiter.ticket)))
            .map(|waiter| waiter.ticket)
            .collect();
        if self.has(Fault::WakesOneOfMany) {
            ready.truncate(1);
        }
        for ticket in ready {
            self.rouse(state, ticket);
        }
    }

    /// Lets the task of this ticket look again.
    pub(crate) fn rouse(&self, state: &mut State, ticket: u64) {
        let waiter = state.line.iter_mut().find(|waiter| waiter.ticket == ticket);
        if let Some(waker) = waiter.and_then(|waiter| waiter.waker.take()) {
            if self.lasting { wake_later(waker) } else { waker.wake() }
        }
    }

    /// Sleeps until something may have changed, the caller's deadline passes or a lease expires.
    pub(crate) fn sleep<'a>(
        &self,
        state: MutexGuard<'a, State>,
        deadline: Option<Instant>,
    ) -> MutexGuard<'a, State> {
        let poisoned = "no call panics while it holds the lock";
        let expiry = state.leased.values().filter_map(|held| held.deadline).min();
        let expiry = expiry.filter(|_| !self.has(Fault::ExpiryWakesNobody));
        let until = if self.has(Fault::BusyWaits) {
            Some(Instant::now())
        } else {
            deadline.into_iter().chain(expiry).min()
        };
        match until {
            None => self.changed.wait(state).expect(poisoned),
            Some(until) => {
                let time = until.saturating_duration_since(Instant::now());
                self.changed.wait_timeout(state, time).expect(poisoned).0
            }
        }
    }

    /// Takes a place in the line.
    pub(crate) fn enter(state: &mut State, want: Want, waker: Option<Waker>) -> u64 {
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.line.push(Waiter { ticket, want, since: Instant::now(), waker });
        ticket
    }

    pub(crate) fn set_waker(state: &mut State, ticket: u64, waker: &Waker) {
        if let Some(waiter) = state.line.iter_mut().find(|waiter| waiter.ticket == ticket) {
            waiter.waker = Some(waker.clone());
        }
    }

    /// Leaves the line; whoever is next may have what was kept for this one.
    pub(crate) fn leave(&self, state: &mut State, ticket: u64) {
        let Some(index) = state.line.iter().position(|waiter| waiter.ticket == ticket) else {
            return;
        };
        let waiter = state.line.remove(index);
        let waited = waiter.since.elapsed();
        match waiter.want {
            _ if self.has(Fault::MeasuresNoWait) => {}
            Want::Place { .. } => state.producer_wait += waited,
            Want::Item { consumer } | Want::Lease { consumer } => {
                state.consumer_wait += waited;
                Self::share(state, consumer).waited += waited;
            }
            Want::Join => {}
        }
    }

    /// Whether whoever holds this ticket, or comes without one, is answered now, well or badly.
    fn is_answered(&self, state: &State, want: Want, ticket: Option<u64>) -> bool {
        match want {
            Want::Place { weight } => self.refusal(state, weight, ticket) != Some(Refusal::Full),
            Want::Item { consumer } => {
                self.is_turn(state, false, ticket) || self.is_drained(state, consumer)
            }
            Want::Lease { consumer } => {
                self.is_turn(state, true, ticket) || self.is_drained(state, consumer)
            }
            Want::Join => self.is_joined(state),
        }
    }

    /// Those in the line before this ticket; all, before someone without one.
    pub(crate) fn ahead<'a>(
        &'a self,
        state: &'a State,
        ticket: Option<u64>,
    ) -> impl Iterator<Item = &'a Waiter> {
        let end = if self.has(Fault::Unfair) { 0 } else { ticket.unwrap_or(u64::MAX) };
        state.line.iter().take_while(move |waiter| waiter.ticket < end)
    }

    /// Whether there is an item beyond those kept for the waiters ahead, and room for its lease.
    fn is_turn(&self, state: &State, leases: bool, ticket: Option<u64>) -> bool {
        let mut items = state.waiting.len();
        let mut room = self.lease_room(state);
        for waiter in self.ahead(state, ticket) {
            match waiter.want {
                Want::Item { .. } => items = items.saturating_sub(1),
                Want::Lease { .. } if items > 0 && room > 0 => {
                    (items, room) = (items - 1, room - 1);
                }
                _ => {}
            }
        }
        let held_up = state.reserved > 0 && self.has(Fault::PermitsHoldTakesUp);
        items > 0 && (!leases || room > 0) && !held_up
    }

    fn lease_room(&self, state: &State) -> usize {
        if self.has(Fault::IgnoresLeaseLimit) {
            return usize::MAX;
        }
        let limit = self.settings.max_leased.unwrap_or(self.settings.capacity.max(64));
        limit.saturating_sub(state.leased.len())
    }

    fn is_drained(&self, state: &State, consumer: u64) -> bool {
        let own = |held: &Held| held.consumer == consumer && !self.has(Fault::OwnLeaseBlocksClosed);
        let leases_end = self.has(Fault::ClosedWhileLeased) || state.leased.values().all(own);
        state.closed && state.waiting.is_empty() && leases_end
    }

    pub(crate) fn is_joined(&self, state: &State) -> bool {
        if self.has(Fault::JoinCountsDropsTwice) {
            return state.produced <= state.finished + state.dead.len() as u64 + 2 * state.dropped;
        }
        let leases_end = self.has(Fault::JoinIgnoresLeases) || state.leased.is_empty();
        let permits_end = state.reserved == 0 || !self.has(Fault::JoinCountsPermits);
        state.waiting.is_empty() && leases_end && permits_end
    }

    fn next_entry(&self, state: &mut State) -> (u64, Entry) {
        let next = if self.has(Fault::LastInFirstOut) {
            state.waiting.pop_last()
        } else {
            state.waiting.pop_first()
        };
        next.expect("an item was there under the same lock")
    }

    fn nothing(&self, state: &State, consumer: u64, leases: bool) -> TakeError {
        if self.is_drained(state, consumer) {
            TakeError::Closed
        } else if leases && !state.waiting.is_empty() && self.lease_room(state) == 0 {
            TakeError::LeaseLimit
        } else {
            TakeError::Empty
        }
    }

    /// Up to `max` items, of which there must be one.
    pub(crate) fn take_many(
        &self,
        state: &mut State,
        consumer: u64,
        max: usize,
        ticket: Option<u64>,
    ) -> Result<Vec<Counted>, TakeError> {
        if self.has(Fault::TakeManyWaitsForAll) && state.waiting.len() < max && !state.closed {
            return Err(TakeError::Empty);
        }
        let first = self.take(state, consumer, ticket);
        if matches!(first, Err(TakeError::Closed)) && self.has(Fault::TakeManyHearsNoEnd) {
            return Ok(Vec::new());
        }
        let mut items = vec![first?];
        if let Some(ticket) = ticket {
            // What was kept for this caller is taken.
            self.leave(state, ticket);
        }
        let max = max.saturating_add(usize::from(self.has(Fault::TakesOneMore)));
        let past_the_line = self.has(Fault::TakeManyOvertakes).then_some(0);
        while items.len() < max
            && let Ok(item) = self.take(state, consumer, past_the_line)
        {
            items.push(item);
        }
        if self.has(Fault::TakeManyCountsOne) {
            let uncounted = items.len() as u64 - 1;
            Self::share(state, consumer).items -= uncounted;
            state.finished -= uncounted;
        }
        Ok(items)
    }

    pub(crate) fn take(
        &self,
        state: &mut State,
        consumer: u64,
        ticket: Option<u64>,
    ) -> Result<Counted, TakeError> {
        if !self.is_turn(state, false, ticket) {
            return Err(self.nothing(state, consumer, false));
        }
        let (_, entry) = self.next_entry(state);
        state.finished += 1;
        Self::share(state, consumer).items += 1;
        Ok(entry.item)
    }

    /// The position of the leased item, and a copy of it for the lease to show.
    pub(crate) fn lease(
        &self,
        state: &mut State,
        consumer: u64,
        ticket: Option<u64>,
    ) -> Result<(u64, Entry), TakeError> {
        if !self.is_turn(state, true, ticket) {
            return Err(self.nothing(state, consumer, true));
        }
        let (position, mut entry) = self.next_entry(state);
        entry.deliveries += 1;
        let deadline = self.settings.lease_time.map(|time| Instant::now() + time);
        Self::share(state, consumer).items += 1;
        state.leased.insert(position, Held { entry: entry.clone(), consumer, deadline });
        Ok((position, entry))
    }

    /// Ends the lease, if it is still this one.
    fn end(state: &mut State, position: u64, delivery: u32) -> Result<Entry, LeaseError> {
        match state.leased.get(&position) {
            Some(held) if held.entry.deliveries == delivery => {
                Ok(state.leased.remove(&position).expect("it was just seen").entry)
            }
            _ => Err(LeaseError::Expired),
        }
    }

    pub(crate) fn ack(&self, position: u64, delivery: u32) -> Result<Counted, LeaseError> {
        let mut state = self.lock_to_answer();
        let mut ended = Self::end(&mut state, position, delivery);
        if ended.is_err() && self.has(Fault::AcceptsStaleAck) {
            let again = state.leased.remove(&position).map(|held| held.entry);
            ended = again.or_else(|| state.waiting.remove(&position)).ok_or(LeaseError::Expired);
        }
        let entry = ended?;
        state.finished += 1;
        self.announce(&mut state);
        Ok(entry.item)
    }

    pub(crate) fn nack(&self, position: u64, delivery: u32) -> Result<(), LeaseError> {
        let mut state = self.lock_to_answer();
        let entry = Self::end(&mut state, position, delivery)?;
        self.give_back(&mut state, position, entry);
        if !self.has(Fault::NackWakesNobody) {
            self.announce(&mut state);
        }
        Ok(())
    }

    pub(crate) fn fail(
        &self,
        position: u64,
        delivery: u32,
        reason: &str,
    ) -> Result<(), LeaseError> {
        let mut state = self.lock_to_answer();
        let mut entry = Self::end(&mut state, position, delivery)?;
        entry.failures += u32::from(!self.has(Fault::ForgetsFailures));
        if self.settings.max_failures.is_some_and(|limit| entry.failures >= limit) {
            Self::bury(&mut state, entry, Death::Failures(reason.to_owned()));
        } else {
            self.give_back(&mut state, position, entry);
        }
        self.announce(&mut state);
        Ok(())
    }

    pub(crate) fn reject(
        &self,
        position: u64,
        delivery: u32,
        reason: &str,
    ) -> Result<(), LeaseError> {
        let mut state = self.lock_to_answer();
        let entry = Self::end(&mut state, position, delivery)?;
        Self::bury(&mut state, entry, Death::Rejected(reason.to_owned()));
        self.announce(&mut state);
        Ok(())
    }

    pub(crate) fn extend(
        &self,
        position: u64,
        delivery: u32,
        duration: Duration,
    ) -> Result<(), LeaseError> {
        let mut state = self.lock_to_answer();
        match state.leased.get_mut(&position) {
            Some(held) if held.entry.deliveries == delivery => {
                let deadline = Instant::now() + duration;
                if self.has(Fault::ExtendInventsDeadline) {
                    held.deadline = Some(deadline);
                } else if !self.has(Fault::ExtendDoesNothing) {
                    held.deadline = held.deadline.map(|_| deadline);
                }
                // Who sleeps until the old deadline has to sleep until the new one.
                self.changed.notify_all();
                Ok(())
            }
            _ => Err(LeaseError::Expired),
        }
    }

    fn give_back(&self, state: &mut State, position: u64, entry: Entry) {
        if self.settings.max_deliveries.is_some_and(|limit| entry.deliveries >= limit) {
            Self::bury(state, entry, Death::Deliveries);
            return;
        }
        let full = state.waiting.len() >= self.settings.capacity;
        let weight = self.waiting_weight(state).saturating_add(entry.item.weight());
        let heavy = self.settings.weight_capacity.is_some_and(|limit| weight > limit);
        let lost = (full && self.has(Fault::LosesNackWhenFull))
            || (heavy && self.has(Fault::NackAsksForWeight));
        if (state.consumers == 0 && self.ends_with_its_handles()) || lost {
            state.dropped += 1;
            return;
        }
        if self.has(Fault::DoublesOnNack) {
            state.waiting.insert(state.next_position, entry.clone());
            state.next_position += 1;
        }
        if self.has(Fault::RedeliversAtTheBack) {
            state.waiting.insert(state.next_position, entry);
            state.next_position += 1;
        } else {
            state.waiting.insert(position, entry);
        }
        state.high_water = state.high_water.max(state.waiting.len() as u64);
    }

    fn bury(state: &mut State, entry: Entry, death: Death) {
        let Entry { item, deliveries, failures } = entry;
        state.dead.push_back(DeadLetter { item, death, deliveries, failures });
    }

    pub(crate) fn take_dead(&self) -> Option<DeadLetter<Counted>> {
        let mut state = self.lock();
        let letter = state.dead.pop_front()?;
        state.dropped += 1;
        Some(letter)
    }

    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        if !self.has(Fault::CloseWakesNobody) {
            self.announce(&mut state);
        }
    }

    pub(crate) fn new_consumer(state: &mut State) -> u64 {
        let mut share = Share::default();
        share.consumer = state.next_consumer;
        state.next_consumer += 1;
        state.consumers += 1;
        let number = share.consumer;
        state.shares.insert(number, share);
        number
    }

    fn share(state: &mut State, consumer: u64) -> &mut Share {
        state.shares.get_mut(&consumer).expect("who calls is alive")
    }

    /// This consumer went, perhaps the last.
    pub(crate) fn remove_consumer(&self, state: &mut State, consumer: u64) {
        state.departed += state.shares.remove(&consumer).map_or(0, |share| share.items);
        state.consumers -= 1;
        if state.consumers == 0 && self.ends_with_its_handles() {
            self.abandon(state);
        }
    }

    /// The last consumer went.
    fn abandon(&self, state: &mut State) {
        if self.has(Fault::KeepsItemsWhenAbandoned) {
            self.announce(state);
            return;
        }
        state.dropped += state.waiting.len() as u64;
        let left = std::mem::take(&mut state.waiting);
        if self.has(Fault::LeaksAtDrop) {
            std::mem::forget(left);
        }
        self.announce(state);
    }

    /// Takes the oldest item away, as if it had been handed to somebody.
    pub(crate) fn lose_one(state: &mut State) {
        state.finished += u64::from(state.waiting.pop_first().is_some());
    }

    /// Whether the waiter of this ticket has been roused.
    pub(crate) fn is_roused(state: &State, ticket: u64) -> bool {
        state.line.iter().any(|waiter| waiter.ticket == ticket && waiter.waker.is_none())
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let state = self.lock();
        let mut s = state.statistics(&self.settings);
        if self.has(Fault::RedeliveredWeighNothing) {
            s.weight = self.waiting_weight(&state);
        }
        s
    }
}

//! One step of a buffer, thought through before it is asked for: what its document says afterwards.
//!
//! Everything that is ever done to a buffer is decided here, on one state of it, and then either written as the next one
//! or not done at all.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use forebay_contract::{Batch, Overflow, Refusal, TakeError};

use super::line::Call;
use super::state::{Dying, For, Kind, Lease, Name, State, Tries};
use crate::engine::{Answer, How, Parcel, Standing, Wish};
use crate::settings::Settings;

/// The longest reason of a dead letter, in bytes; what is longer is cut.
const REASON: usize = 4096;

/// A state that is worked on, for one process.
pub(super) struct Draft<'a> {
    /// Whether anything was unfinished at first.
    pub(super) was_unfinished: bool,
    pub(super) state: State,
    pub(super) settings: &'a Settings,
    pub(super) own: &'a Name,
    /// Whether everyone who waits for an item has to look again.
    pub(super) is_for_consumers: bool,
    /// Since when its calls wait.
    pub(super) since: &'a mut HashMap<u64, Instant>,
}

/// What a put comes to.
pub(super) struct Putting {
    pub(super) done: Batch,
    pub(super) refusal: Option<Refusal>,
    /// Whether the one that is put replaces one that is dropped, and there may be more to put.
    pub(super) replaces: bool,
}

/// An item that is handed out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pick {
    pub(super) token: u64,
    pub(super) position: u64,
    pub(super) tries: Tries,
}

/// A reason of a dead letter, as far as it is kept.
pub(super) fn cut(reason: &str) -> String {
    reason[..reason.floor_char_boundary(REASON)].to_owned()
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Draft<'_> {
    /// The state that came of it, and whom to call once it is written.
    pub(super) fn end(mut self) -> (State, Vec<Call>) {
        let is_idle = self.was_unfinished && self.state.unfinished() == 0;
        self.state.idles += u64::from(is_idle);
        let mut calls = self.calls(is_idle);
        if self.is_for_consumers {
            calls.extend(self.consumers());
        }
        (self.state, calls)
    }

    fn reserved(&self) -> u64 {
        (self.state.permits.len() + self.state.replacing.len()) as u64
    }

    /// Whether there is room for one more, so heavy, beside so many others.
    pub(super) fn admits(&self, heavy: u64, (count, others): (u64, u64)) -> bool {
        let reserved = self.reserved();
        self.state.waiting() + reserved + count < self.settings.capacity
            && self
                .settings
                .capacity_bytes
                .is_none_or(|most| self.state.weight() + reserved + others + heavy <= most)
    }

    /// How many more may be out on lease.
    pub(super) fn leasable(&self) -> u64 {
        let out = self.state.loans.values().filter(|lease| !lease.is_for_good).count() as u64;
        self.settings.lease_limit().saturating_sub(out)
    }

    /// Puts items up to the first for which there is no room; or one, for which others are dropped.
    pub(super) fn put(
        &mut self,
        handle: u64,
        items: &[Parcel],
        overflow: Overflow,
        standing: Standing,
    ) -> Putting {
        let mut put = Putting { done: Batch::default(), refusal: None, replaces: false };
        if self.state.is_closed {
            self.leave(standing.waiter);
            put.refusal = Some(Refusal::Closed);
            return put;
        }
        let mut heavy = 0;
        for item in items {
            heavy = item.weight;
            let before = self.ahead_for_room(standing.waiter);
            if self.settings.capacity_bytes.is_some_and(|most| heavy > most) {
                put.refusal = Some(Refusal::TooHeavy);
            } else if self.admits(heavy, before) {
                self.place(heavy);
                put.done.placed += 1;
                self.leave(standing.waiter);
            } else if overflow == Overflow::DropThis {
                self.state.dropped += 1;
                self.state.unplaced += 1;
                put.done.dropped_these += 1;
            } else if overflow == Overflow::DropOldest && self.may_drop(heavy, before) {
                // By itself, and what was put before it comes first.
                put.replaces = put.done.placed == 0;
                if put.replaces {
                    put.done.dropped_oldest = self.make_room(heavy);
                    self.place(heavy);
                    put.done.placed = 1;
                }
                break;
            } else {
                put.refusal = Some(Refusal::Full);
            }
            if put.refusal.is_some() {
                break;
            }
        }
        self.state.see_depth();
        if put.refusal != Some(Refusal::Full) {
            self.leave(standing.waiter);
        } else if standing.is_patient {
            self.stand(For::Room, handle, heavy, standing.waiter);
        }
        put
    }

    /// Whether room can be made by dropping what waits, without overtaking anybody.
    fn may_drop(&self, heavy: u64, before: (u64, u64)) -> bool {
        let reserved = self.reserved();
        before.0 == 0
            && reserved < self.settings.capacity
            && self.settings.capacity_bytes.is_none_or(|most| reserved + heavy <= most)
    }

    fn make_room(&mut self, heavy: u64) -> u64 {
        let mut dropped = 0;
        while !self.admits(heavy, (0, 0)) {
            let Some((position, _)) = self.state.oldest() else { break };
            self.state.gone.insert(position, self.own.clone());
            dropped += 1;
        }
        self.state.dropped += dropped;
        dropped
    }

    /// An item at the end, room or not.
    pub(super) fn place(&mut self, heavy: u64) {
        self.state.produced += 1;
        if self.settings.capacity_bytes.is_some() {
            self.state.weights.push_back(heavy);
        }
    }

    pub(super) fn reserve(
        &mut self,
        handle: u64,
        number: u64,
        standing: Standing,
    ) -> Option<Refusal> {
        let heavy = u64::from(self.settings.capacity_bytes.is_some());
        if self.state.is_closed {
            self.leave(standing.waiter);
            return Some(Refusal::Closed);
        }
        let before = self.ahead_for_room(standing.waiter);
        if self.admits(heavy, before) {
            self.state.permits.insert((self.own.clone(), number));
            self.leave(standing.waiter);
            return None;
        }
        if standing.is_patient {
            self.stand(For::Room, handle, heavy, standing.waiter);
        }
        Some(Refusal::Full)
    }

    /// Uses a permit up, for an item or not. One that has lapsed is a put like any other.
    pub(super) fn put_permitted(&mut self, number: u64, heavy: u64) -> Result<(), Refusal> {
        let before = self.ahead_for_room(u64::MAX);
        let is_held = self.state.permits.contains(&(self.own.clone(), number));
        let admitted = if self.state.is_closed {
            Err(Refusal::Closed)
        } else if self.settings.capacity_bytes.is_some() && heavy > 1 {
            Err(Refusal::TooHeavy)
        } else if !is_held && !self.admits(heavy, before) {
            Err(Refusal::Full)
        } else {
            self.place(heavy);
            self.state.see_depth();
            Ok(())
        };
        self.release(number);
        admitted
    }

    pub(super) fn release(&mut self, number: u64) {
        self.state.permits.remove(&(self.own.clone(), number));
    }

    /// Lends the oldest items, or takes them for good.
    pub(super) fn lend(&mut self, wish: Wish, standing: Standing) -> Result<Vec<Pick>, TakeError> {
        let is_for_good = wish.how != How::Lease;
        let (depth, limit) = (self.state.waiting(), self.leasable());
        let (before, borrowing) = self.ahead_for_items(Some(standing.waiter));
        if depth > before && (is_for_good || limit > borrowing) {
            self.leave(standing.waiter);
            // Beyond the first it takes what belongs to nobody in line.
            let (others, theirs) = self.ahead_for_items(None);
            let mut count = (wish.most as u64).min(depth.saturating_sub(others));
            if !is_for_good {
                count = count.min(limit.saturating_sub(theirs));
            }
            return Ok((0..count.max(1)).map_while(|_| self.pick(wish)).collect());
        }
        let mut why = if depth > before { TakeError::LeaseLimit } else { TakeError::Empty };
        let is_others = |lease: &Lease| (&lease.session, lease.handle) != (self.own, wish.handle);
        // Its own leases do not keep a consumer from the end: it knows what it holds.
        if self.state.is_closed && depth == 0 && !self.state.loans.values().any(is_others) {
            why = TakeError::Closed;
            self.leave(standing.waiter);
        } else if standing.is_patient {
            let waits_for = if is_for_good { For::Take } else { For::Lease };
            self.stand(waits_for, wish.handle, 0, standing.waiter);
        }
        Err(why)
    }

    fn pick(&mut self, wish: Wish) -> Option<Pick> {
        let (position, mut tries) = self.state.oldest()?;
        let (session, handle) = (self.own.clone(), wish.handle);
        if let Some(handle) = self.state.party(&session).handles.get_mut(&handle) {
            handle.items += 1;
        }
        tries.deliveries += 1;
        let mut token = 0;
        if wish.how == How::Take {
            self.state.finished += 1;
            self.state.gone.insert(position, session);
        } else {
            let is_for_good = wish.how == How::Hold;
            let lasts = self.settings.lease_time.filter(|_| !is_for_good);
            let lasts = lasts.map(milliseconds);
            self.state.tokens += 1;
            token = self.state.tokens;
            let lease = Lease { position, tries, session, handle, is_for_good, lasts, moved: 0 };
            self.state.loans.insert(token, lease);
        }
        Some(Pick { token, position, tries })
    }

    /// What was handed out never came to anybody.
    pub(super) fn undo(&mut self, pick: Pick) {
        let Pick { token, position, mut tries } = pick;
        if token != 0 {
            self.answer(Answer::Undo, "", token);
        } else if self.state.gone.remove(&position).is_some() {
            tries.deliveries -= 1;
            self.state.finished -= 1;
            self.state.back.insert(position, tries);
            self.state.see_depth();
        }
    }

    /// What was handed out is not there: somebody else removed it, or never put it.
    pub(super) fn miss(&mut self, pick: Pick) {
        let is_counted = if pick.token == 0 {
            self.state.gone.remove(&pick.position).inspect(|_| self.state.finished -= 1).is_some()
        } else {
            self.state.loans.remove(&pick.token).is_some()
        };
        self.state.dropped += u64::from(is_counted);
    }

    /// Ends a lease; whether it was still held.
    pub(super) fn answer(&mut self, answer: Answer, reason: &str, token: u64) -> bool {
        let is_own = |lease: &Lease| lease.session == *self.own;
        if !self.state.loans.get(&token).is_some_and(is_own) {
            return false;
        }
        let Some(mut lease) = self.state.loans.remove(&token) else { return false };
        match answer {
            Answer::Ack => {
                self.state.finished += 1;
                self.state.gone.insert(lease.position, self.own.clone());
            }
            Answer::Reject => self.bury(&lease, Kind::Rejected, reason),
            Answer::Fail => {
                lease.tries.failures += 1;
                let limit = self.settings.max_failures;
                if limit.is_some_and(|limit| lease.tries.failures >= limit) {
                    self.bury(&lease, Kind::Failures, reason);
                } else {
                    self.give_back(&lease);
                }
            }
            Answer::Nack => self.give_back(&lease),
            Answer::Undo => {
                lease.tries.deliveries -= 1;
                self.give_back(&lease);
            }
        }
        true
    }

    /// Moves a lease's deadline, if it has one; whether it was still held.
    pub(super) fn extend(&mut self, token: u64, duration: Duration) -> bool {
        let lease = self.state.loans.get_mut(&token).filter(|lease| lease.session == *self.own);
        let Some(lease) = lease else { return false };
        if lease.lasts.is_some() {
            lease.lasts = Some(milliseconds(duration));
            lease.moved += 1;
            // They look at what comes next by the clock.
            self.is_for_consumers = true;
        }
        true
    }

    pub(super) fn give_back(&mut self, lease: &Lease) {
        let limit = self.settings.max_deliveries;
        if limit.is_some_and(|limit| lease.tries.deliveries >= limit) {
            self.bury(lease, Kind::Deliveries, "");
        } else {
            self.state.back.insert(lease.position, lease.tries);
            self.state.see_depth();
        }
    }

    fn bury(&mut self, lease: &Lease, death: Kind, reason: &str) {
        let &Lease { position, tries, .. } = lease;
        let (reason, by) = (cut(reason), self.own.clone());
        self.state.dying.push(Dying { position, tries, death, reason, by });
    }

    /// Whether nothing is unfinished, or was so since. Otherwise how often it has been.
    pub(super) fn join(&mut self, begun: Option<u64>, standing: Standing) -> Result<(), u64> {
        let idles = self.state.idles;
        if self.state.unfinished() == 0 || begun.is_some_and(|begun| idles > begun) {
            self.leave(standing.waiter);
            return Ok(());
        }
        if standing.is_patient {
            self.stand(For::Idle, u64::MAX, 0, standing.waiter);
        }
        Err(idles)
    }

    /// Ends what a process held, or stood for, that has not been heard for long.
    pub(super) fn end_holds(&mut self, session: &str) {
        let tokens: Vec<u64> = self
            .state
            .loans
            .iter()
            .filter(|(_, l)| l.session == session)
            .map(|(token, _)| *token)
            .collect();
        for token in tokens {
            self.expire(token);
        }
        self.state.permits.retain(|(name, _)| name != session);
        for dying in &mut self.state.dying {
            if dying.by == session {
                dying.by.clone_from(self.own);
            }
        }
        for by in self.state.gone.values_mut() {
            if by == session {
                by.clone_from(self.own);
            }
        }
    }

    pub(super) fn expire(&mut self, token: u64) {
        if let Some(lease) = self.state.loans.remove(&token) {
            self.give_back(&lease);
        }
    }

    /// Ends what a process stood for, and its handles.
    pub(super) fn end_session(&mut self, session: &str) {
        self.state.line.retain(|one| one.session != session);
        self.state.replacing.remove(session);
        let handles: Vec<u64> = self
            .state
            .sessions
            .get(session)
            .map(|party| party.handles.keys().copied().collect())
            .unwrap_or_default();
        for handle in handles {
            self.state.depart(session, handle);
        }
    }
}

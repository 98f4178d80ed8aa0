//! The consumers' line: who waits for an item, first come first called.
//!
//! Whoever is called keeps its place until it comes; others may pass it meanwhile, which spares a context
//! switch, but only so often (C10): see [`waiter`](crate::waiter), where the rule is told. At most as many are
//! on their way as there are items.
//!
//! The line knows nothing of items, so that the [`alarm`](crate::alarm) can keep it: somebody who was called
//! and does not come is *absent* until it does, and counts for nothing.

use std::collections::VecDeque;
use std::mem;
use std::task::Waker;

use crossbeam_utils::CachePadded;

use crate::alarm;
use crate::atomics::Arc;
use crate::calls::Calls;
use crate::short_lock::ShortLock;
use crate::waiter::Sleeper;

/// As its buffer and the alarm share it.
pub(super) type Shared = Arc<CachePadded<ShortLock<Line>>>;

#[derive(Debug)]
pub(super) struct Line {
    /// In the order of arrival.
    places: VecDeque<Place>,
    /// The number of the first of these. The others follow.
    first: u64,
    /// How many there are, those not counted that have left.
    count: u64,
    /// Not yet called.
    asleep: u64,
    /// Called, and not absent.
    coming: u64,
    /// No place before this number is asleep.
    first_asleep: u64,
    /// The oldest that is not absent; `u64::MAX` if there is none.
    oldest: u64,
    /// The count of turns from which on nobody passes it; `u64::MAX` if there is none.
    gate: u64,
    /// Calls ever made.
    calls: u64,
    /// The call that the alarm was set for; it will ring.
    watched: Option<u64>,
}

#[derive(Debug)]
struct Place {
    state: State,
    /// The count of turns from which on nobody passes it.
    limit: u64,
}

#[derive(Debug)]
enum State {
    Asleep(Waker),
    /// By the call of this number.
    Called(u64),
    Absent,
    /// It has left from the middle.
    Gone,
}

impl alarm::Line for CachePadded<ShortLock<Line>> {
    /// Calls the next if the one that was watched has not come.
    fn ring(self: Arc<Self>) {
        let mut calls = Calls::default();
        let mut line = self.lock();
        let watched = line.watched.take();
        if let Some((at, call)) = line.first_coming()
            && Some(call) == watched
        {
            line.places[at].state = State::Absent;
            line.coming -= 1;
            line.find_oldest();
            line.call(&mut calls);
        }
        if line.is_to_be_watched() {
            line.watch(&self, &mut calls);
        }
    }
}

impl Line {
    pub(super) fn new() -> Self {
        Self {
            places: VecDeque::new(),
            first: 0,
            count: 0,
            asleep: 0,
            coming: 0,
            first_asleep: 0,
            oldest: u64::MAX,
            gate: u64::MAX,
            calls: 0,
            watched: None,
        }
    }

    #[inline]
    pub(super) fn asleep(&self) -> u64 {
        self.asleep
    }

    /// The count of turns from which on nobody passes the oldest.
    #[inline]
    pub(super) fn gate(&self) -> u64 {
        self.gate
    }

    /// Whether the one of this number is the oldest that is not absent.
    #[inline]
    pub(super) fn is_oldest(&self, number: u64) -> bool {
        number == self.oldest
    }

    /// Whether somebody is to be called if one more item comes, after so many turns in all. So many are
    /// called as are admitted before the oldest lets nobody pass, and then itself.
    #[inline]
    pub(super) fn is_due(&self, turns: u64) -> bool {
        self.asleep > 0 && self.coming <= self.gate.saturating_sub(turns)
    }

    /// Calls as many as are missing for so many items, and are due after so many turns in all.
    #[inline]
    pub(super) fn call_for(&mut self, items: u64, turns: u64, shared: &Shared, calls: &mut Calls) {
        while self.coming < items && self.is_due(turns) {
            self.call(calls);
        }
        if self.is_to_be_watched() {
            self.watch(shared, calls);
        }
    }

    /// Whether others wait behind one that was called, with no alarm set.
    #[inline]
    fn is_to_be_watched(&self) -> bool {
        self.coming > 0 && self.asleep > 0 && self.watched.is_none()
    }

    /// Has the alarm ring after a while.
    #[cold]
    fn watch(&mut self, shared: &Shared, calls: &mut Calls) {
        self.watched = self.first_coming().map(|(_, call)| call);
        let line: Arc<dyn alarm::Line> = Arc::<CachePadded<ShortLock<Self>>>::clone(shared);
        calls.set_alarm(Arc::downgrade(&line));
    }

    fn first_coming(&self) -> Option<(usize, u64)> {
        self.places.iter().enumerate().find_map(|(at, place)| match place.state {
            State::Called(call) => Some((at, call)),
            _ => None,
        })
    }

    #[inline]
    fn find_oldest(&mut self) {
        let present = |place: &Place| !matches!(place.state, State::Absent | State::Gone);
        (self.oldest, self.gate) = match self.places.front() {
            None => (u64::MAX, u64::MAX),
            Some(front) if present(front) => (self.first, front.limit),
            Some(_) => match self.places.iter().position(present) {
                Some(at) => (self.first + at as u64, self.places[at].limit),
                None => (u64::MAX, u64::MAX),
            },
        };
    }

    /// Takes a place at the end; `limit`: the count of turns from which on nobody would pass it if it
    /// stood alone.
    #[inline]
    pub(super) fn join(&mut self, waker: Waker, limit: u64) -> u64 {
        let number = self.first + self.places.len() as u64;
        let limit = limit.saturating_add(2 * self.count);
        self.places.push_back(Place { state: State::Asleep(waker), limit });
        if self.oldest == u64::MAX {
            (self.oldest, self.gate) = (number, limit);
        }
        self.count += 1;
        self.asleep += 1;
        number
    }

    /// Gives a place up, and with it a call that came meanwhile: the caller looks whether there is
    /// something for the next.
    #[inline]
    pub(super) fn leave(&mut self, number: u64, calls: &mut Calls) {
        let state = if number == self.first {
            self.leave_front()
        } else {
            let place = &mut self.places[(number - self.first) as usize];
            mem::replace(&mut place.state, State::Gone)
        };
        match state {
            State::Asleep(waker) => {
                self.asleep -= 1;
                calls.discard(waker);
            }
            State::Called(_) => self.coming -= 1,
            State::Absent | State::Gone => {}
        }
        self.count -= 1;
        if number == self.oldest {
            self.find_oldest();
        }
    }

    /// Removes the first place, and those after it that are empty already.
    #[inline]
    fn leave_front(&mut self) -> State {
        let left = self.places.pop_front().map_or(State::Gone, |place| place.state);
        self.first += 1;
        while let Some(Place { state: State::Gone, .. }) = self.places.front() {
            self.places.pop_front();
            self.first += 1;
        }
        left
    }

    /// Sleeps on in its place; false if it needs a copy of the waker for that.
    pub(super) fn sleep_on(
        &mut self,
        number: u64,
        sleeper: &mut Sleeper<'_>,
        calls: &mut Calls,
    ) -> bool {
        let state = &mut self.places[(number - self.first) as usize].state;
        if matches!(state, State::Asleep(known) if sleeper.is(known)) {
            return true;
        }
        let Some(waker) = sleeper.copy() else { return false };
        match mem::replace(state, State::Asleep(waker)) {
            State::Asleep(old) => {
                calls.discard(old);
                return true;
            }
            State::Called(_) => self.coming -= 1,
            State::Absent | State::Gone => {}
        }
        self.asleep += 1;
        self.first_asleep = self.first_asleep.min(number);
        self.find_oldest();
        true
    }

    /// Calls the first that sleeps, if any does.
    fn call(&mut self, calls: &mut Calls) {
        let mut at = self.first_asleep.saturating_sub(self.first) as usize;
        while let Some(place) = self.places.get_mut(at) {
            at += 1;
            if matches!(place.state, State::Asleep(_)) {
                let called = State::Called(self.calls);
                if let State::Asleep(waker) = mem::replace(&mut place.state, called) {
                    calls.wake(waker);
                }
                self.calls += 1;
                self.asleep -= 1;
                self.coming += 1;
                break;
            }
        }
        self.first_asleep = self.first + at as u64;
    }

    /// Has everyone look again, in place.
    pub(super) fn rouse(&mut self, calls: &mut Calls) {
        (0..self.asleep).for_each(|_| self.call(calls));
    }
}

//! The consumers' line: who waits for an item, first come first called.
//!
//! Whoever is called keeps its place until it comes; others may pass it meanwhile, which spares a context
//! switch, but only so often (C10): see [`waiter`](crate::waiter), where the rule is told. At most as many are
//! on their way as there are items.
//!
//! The line has a lock of its own, and knows nothing of items, so that the [`alarm`](crate::alarm) can reach
//! it: somebody who was called and does not come is *absent* until it does, and counts for nothing.

use std::collections::VecDeque;
use std::task::Waker;

use crate::alarm;
use crate::atomics::Arc;
use crate::short_lock::{Guard, ShortLock};
use crate::waiter::{Calls, Sleeper};

#[derive(Debug)]
pub(super) struct Sleepers(ShortLock<Line>);

#[derive(Debug, Default)]
pub(super) struct Line {
    /// In the order of arrival.
    places: VecDeque<Place>,
    next: u64,
    /// Not yet called.
    asleep: u64,
    /// Called, and not absent.
    coming: u64,
    /// Calls ever made.
    calls: u64,
    /// The call that the alarm was set for; it will ring.
    watched: Option<u64>,
}

#[derive(Debug)]
struct Place {
    number: u64,
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
}

impl Sleepers {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(ShortLock::new(Line::default(), 1)))
    }

    pub(super) fn lock(&self) -> Guard<'_, Line> {
        self.0.lock()
    }

    /// Calls as many as are missing for so many items, after so many turns in all.
    pub(super) fn call_for(
        self: &Arc<Self>,
        line: &mut Line,
        items: u64,
        turns: u64,
        calls: &mut Calls,
    ) {
        let missing = items.saturating_sub(line.coming);
        (0..missing.min(line.due(turns))).for_each(|_| line.call(calls));
        self.watch(line, calls);
    }

    /// Has the alarm ring after a while, if others wait behind one that was called.
    fn watch(self: &Arc<Self>, line: &mut Line, calls: &mut Calls) {
        if line.watched.is_none() && line.coming > 0 && line.asleep > 0 {
            line.watched = line.first_coming().map(|(_, call)| call);
            let sleepers: Arc<dyn alarm::Line> = Arc::<Self>::clone(self);
            calls.set_alarm(Arc::downgrade(&sleepers));
        }
    }
}

impl alarm::Line for Sleepers {
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
            line.call(&mut calls);
        }
        self.watch(&mut line, &mut calls);
    }
}

impl Line {
    pub(super) fn asleep(&self) -> u64 {
        self.asleep
    }

    /// How many are to be called if so many items come, after so many turns in all: so many as are
    /// admitted before the oldest lets nobody pass, and then itself.
    pub(super) fn due(&self, turns: u64) -> u64 {
        let limit = self.oldest().map_or(0, |(_, limit)| limit);
        let admitted = limit.saturating_sub(turns).saturating_add(1);
        self.asleep.min(admitted.saturating_sub(self.coming))
    }

    /// The oldest that is not absent: its number, and the count of turns from which on nobody passes it.
    pub(super) fn oldest(&self) -> Option<(u64, u64)> {
        let present = self.places.iter().find(|place| !matches!(place.state, State::Absent))?;
        Some((present.number, present.limit))
    }

    fn first_coming(&self) -> Option<(usize, u64)> {
        self.places.iter().enumerate().find_map(|(at, place)| match place.state {
            State::Called(call) => Some((at, call)),
            _ => None,
        })
    }

    /// Takes a place at the end; `limit`: the count of turns from which on nobody would pass it if it
    /// stood alone.
    pub(super) fn join(&mut self, waker: Waker, limit: u64) -> u64 {
        let number = self.next;
        self.next += 1;
        let limit = limit.saturating_add(2 * self.places.len() as u64);
        self.places.push_back(Place { number, state: State::Asleep(waker), limit });
        self.asleep += 1;
        number
    }

    fn find(&self, number: u64) -> usize {
        let found = self.places.binary_search_by_key(&number, |place| place.number);
        found.expect("a turn's place is in its line")
    }

    /// Gives a place up, and with it a call that came meanwhile: the caller looks whether there is
    /// something for the next.
    pub(super) fn leave(&mut self, number: u64, calls: &mut Calls) {
        let place = match self.places.front() {
            Some(first) if first.number == number => self.places.pop_front(),
            _ => self.places.remove(self.find(number)),
        };
        match place.expect("it was just found").state {
            State::Asleep(waker) => {
                self.asleep -= 1;
                calls.discard(waker);
            }
            State::Called(_) => self.coming -= 1,
            State::Absent => {}
        }
    }

    /// Sleeps on in its place; false if it needs a copy of the waker for that.
    pub(super) fn sleep_on(
        &mut self,
        number: u64,
        sleeper: &mut Sleeper<'_>,
        calls: &mut Calls,
    ) -> bool {
        let at = self.find(number);
        let state = &mut self.places[at].state;
        if matches!(state, State::Asleep(known) if sleeper.is(known)) {
            return true;
        }
        let Some(waker) = sleeper.copy() else { return false };
        match std::mem::replace(state, State::Asleep(waker)) {
            State::Asleep(old) => {
                calls.discard(old);
                return true;
            }
            State::Called(_) => self.coming -= 1,
            State::Absent => {}
        }
        self.asleep += 1;
        true
    }

    /// Calls the first that sleeps, if any does.
    fn call(&mut self, calls: &mut Calls) {
        let call = State::Called(self.calls);
        let mut places = self.places.iter_mut();
        let Some(first) = places.find(|place| matches!(place.state, State::Asleep(_))) else {
            return;
        };
        if let State::Asleep(waker) = std::mem::replace(&mut first.state, call) {
            calls.wake(waker);
        }
        self.calls += 1;
        self.asleep -= 1;
        self.coming += 1;
    }

    /// Has everyone look again, in place.
    pub(super) fn rouse(&mut self, calls: &mut Calls) {
        (0..self.asleep).for_each(|_| self.call(calls));
    }
}

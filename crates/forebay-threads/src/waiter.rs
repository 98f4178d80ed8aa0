//! The line in which threads and tasks wait, first come first woken.
//!
//! A thread is woken through a [`Waker`] that unparks it, so one line holds both and knows no
//! difference. A waiter keeps its place until it leaves: woken and beaten to the item, it sleeps
//! again where it stood.
//!
//! Newcomers may pass those who wait, which spares a context switch, but not for ever: turns are counted
//! where they are taken, a waiter notes the count when it comes, and once so many turns have been taken
//! since as it allows, only the oldest is [admitted](WaitList::admits) (C10). That nobody waits for more
//! than so many turns of others is what D. E. Knuth (1966) first asked of mutual exclusion; the bound
//! here is chosen for throughput.
//!
//! The oldest waiter may never come: its future was leaked, or its executor has stopped polling. When
//! others wait behind one that was called, an [`alarm`](crate::alarm) looks after [`GRACE`] whether it has
//! come; if not, the next is called in its stead, and it is passed freely until it comes. C10 is kept
//! more weakly by so much, and nobody is kept waiting by who is not there.
//!
//! A wake is a duty: whoever leaves the line while there is still something to be had wakes the
//! next ([`WaitList::leave`]). Dropping that duty when a woken waiter is cancelled is the best-known way
//! to lose a wakeup.

use std::collections::VecDeque;
use std::mem;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::alarm;
use crate::atomics::{Arc, AtomicU64, AtomicUsize, Ordering};
use crate::calls::Calls;
use crate::short_lock::{Guard, ShortLock};

/// How long a waiter that was called may take to come, before others are called in its stead.
pub(crate) const GRACE: Duration = Duration::from_millis(100);

/// Half the turns that a waiter of the largest buffers allows; an unbounded one would allow any.
pub(crate) const MOST_TURNS: u64 = 1 << 16;

/// A waiter's place in a [`WaitList`], or none yet. Its owner must [`Line::leave`] before it goes.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    place: Option<u64>,
}

impl Turn {
    /// Whether it has taken a place.
    pub(crate) fn waits(&self) -> bool {
        self.place.is_some()
    }

    /// The number of its place.
    pub(crate) fn number(&self) -> Option<u64> {
        self.place
    }

    /// It has taken the place of this number, in a line that is not a [`WaitList`].
    pub(crate) fn set_number(&mut self, number: u64) {
        self.place = Some(number);
    }

    /// It has left that line.
    pub(crate) fn clear(&mut self) {
        self.place = None;
    }
}

/// Who is to be woken, and a copy of its waker for a line to keep. A waker's code is its executor's: so the
/// copy is made before any lock is held.
#[derive(Debug)]
pub(crate) struct Sleeper<'a> {
    waker: &'a Waker,
    copy: Option<Waker>,
    thread: bool,
}

impl<'a> Sleeper<'a> {
    pub(crate) fn task(waker: &'a Waker) -> Self {
        Self { waker, copy: None, thread: false }
    }

    pub(crate) fn thread(waker: &'a Waker) -> Self {
        Self { waker, copy: None, thread: true }
    }

    /// Whether it is a thread, that comes when it is called.
    pub(crate) fn is_thread(&self) -> bool {
        self.thread
    }

    /// Has a copy ready.
    pub(crate) fn prepare(&mut self) {
        self.copy.get_or_insert_with(|| self.waker.clone());
    }

    /// The copy, if it is ready.
    pub(crate) fn copy(&mut self) -> Option<Waker> {
        self.copy.take()
    }

    /// Whether that waker wakes it.
    pub(crate) fn is(&self, waker: &Waker) -> bool {
        self.waker.will_wake(waker)
    }

    /// The same, to stand in another line.
    pub(crate) fn again(&self) -> Self {
        Self { copy: None, ..*self }
    }
}

/// Waiters in the order they came.
#[derive(Debug)]
pub(crate) struct WaitList(Arc<Shared>);

/// Shared with the alarm, which may outlast the list.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Waiters not yet woken. Written under `line`; read without it, to skip the lock when nobody
    /// sleeps.
    asleep: AtomicUsize,
    gate: Gate,
    line: ShortLock<Places>,
    /// Half the turns that a waiter allows, beside those for the waiters before it.
    allowance: u64,
}

/// What a newcomer needs to know without the lock.
#[derive(Debug)]
struct Gate {
    /// The count of turns at which the oldest waiter lets nobody pass; `u64::MAX` when nobody waits.
    /// Written under `line`.
    limit: AtomicU64,
    /// The oldest waiter's place; `u64::MAX` when nobody waits. Written under `line`.
    oldest: AtomicU64,
}

#[derive(Debug, Default)]
struct Places {
    /// In the order of arrival; `None` where one has left from the middle.
    line: VecDeque<Option<Place>>,
    /// The number of the first of these. The others follow.
    first: u64,
    /// How many there are.
    count: u64,
    /// No place before this number is asleep.
    first_asleep: u64,
    /// An alarm is set for this line.
    alarmed: bool,
}

impl Places {
    fn get(&self, number: u64) -> &Place {
        let place = &self.line[(number - self.first) as usize];
        place.as_ref().expect("a turn's place is in its line")
    }

    fn get_mut(&mut self, number: u64) -> &mut Place {
        let place = &mut self.line[(number - self.first) as usize];
        place.as_mut().expect("a turn's place is in its line")
    }

    fn append(&mut self, place: Place) -> u64 {
        self.line.push_back(Some(place));
        self.count += 1;
        self.first + self.line.len() as u64 - 1
    }

    fn remove(&mut self, number: u64) -> Place {
        let place = self.line[(number - self.first) as usize].take();
        self.count -= 1;
        while self.line.front().is_some_and(Option::is_none) {
            self.line.pop_front();
            self.first += 1;
        }
        place.expect("a turn's place is in its line")
    }

    /// The first that is not absent.
    fn oldest(&mut self) -> Option<&mut Place> {
        self.line.iter_mut().flatten().find(|place| !place.absent)
    }

    /// The first that sleeps, and its number.
    fn first_asleep(&mut self) -> Option<(u64, &mut Place)> {
        let from = self.first_asleep.saturating_sub(self.first);
        let numbers = self.first + from..;
        let places = self.line.iter_mut().skip(from as usize);
        numbers.zip(places).find_map(|(number, place)| {
            let place = place.as_mut()?;
            place.waker.is_some().then_some((number, place))
        })
    }
}

#[derive(Debug)]
struct Place {
    /// `None` once woken.
    waker: Option<Waker>,
    /// Since when others wait for it, woken as it is.
    woken: Option<Instant>,
    /// It did not come when it was woken: it is passed freely until it does.
    absent: bool,
    /// The count of turns at which this waiter lets nobody pass.
    limit: u64,
}

impl WaitList {
    pub(crate) fn new(capacity: usize) -> Self {
        Self(Arc::new(Shared {
            asleep: AtomicUsize::new(0),
            gate: Gate { limit: AtomicU64::new(u64::MAX), oldest: AtomicU64::new(u64::MAX) },
            line: ShortLock::new(Places::default(), 1),
            allowance: (capacity as u64).min(MOST_TURNS),
        }))
    }

    pub(crate) fn lock(&self) -> Line<'_> {
        Line { shared: &self.0, places: self.0.line.lock() }
    }

    /// How many are in line and not yet woken.
    pub(crate) fn asleep(&self) -> usize {
        self.0.asleep.load(Ordering::Relaxed)
    }

    /// Calls the first waiter that sleeps, if any does.
    #[inline(never)]
    pub(crate) fn call(&self, calls: &mut Calls) {
        if self.asleep() > 0 {
            self.lock().call(calls);
        }
    }

    /// Calls the first so many that sleep.
    #[inline(never)]
    pub(crate) fn call_many(&self, many: u64, calls: &mut Calls) {
        if self.asleep() > 0 {
            let mut line = self.lock();
            for _ in 0..many {
                if !line.call(calls) {
                    break;
                }
            }
        }
    }

    /// Leaves the line if in it, and passes on a wake that came meanwhile, if there is `more` to be had
    /// then.
    pub(crate) fn leave(&self, turn: &mut Turn, calls: &mut Calls, more: impl FnOnce() -> bool) {
        if turn.waits() {
            self.lock().leave(turn, calls);
            if more() {
                self.call(calls);
            }
        }
    }

    /// Has everyone look again, in place.
    pub(crate) fn rouse(&self, calls: &mut Calls) {
        let mut line = self.lock();
        while line.call(calls) {}
    }

    /// Whether the holder of this turn may try for what others wait for, after so many turns in all
    /// (C10).
    #[inline]
    pub(crate) fn admits(&self, turn: &Turn, turns: u64) -> bool {
        turns < self.limit() || turn.place == Some(self.0.gate.oldest.load(Ordering::Relaxed))
    }

    /// Up to so many turns in all, anyone is admitted.
    #[inline]
    pub(crate) fn limit(&self) -> u64 {
        self.0.gate.limit.load(Ordering::Relaxed)
    }
}

impl alarm::Line for Shared {
    /// Calls the next where the oldest has not come when it was called.
    fn ring(self: Arc<Self>) {
        let mut calls = Calls::default();
        let mut line = Line { shared: &self, places: self.line.lock() };
        line.places.alarmed = false;
        if let Some(oldest) = line.places.oldest()
            && oldest.waker.is_none()
            && oldest.woken.is_some_and(|woken| woken.elapsed() >= GRACE)
        {
            oldest.absent = true;
            line.set_gate();
            line.call(&mut calls);
        }
        line.expect_oldest(&mut calls);
    }
}

/// A [`WaitList`], locked.
pub(crate) struct Line<'a> {
    shared: &'a Arc<Shared>,
    places: Guard<'a, Places>,
}

impl Line<'_> {
    /// Takes a place at the end, or keeps the one it has, and sleeps in it; the sleeper has its copy
    /// ready. `turns`: how many have been taken so far.
    pub(crate) fn wait(
        &mut self,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        turns: u64,
        calls: &mut Calls,
    ) {
        let number = turn.place.unwrap_or_else(|| {
            let limit = turns + 2 * (self.shared.allowance + self.places.count + 1);
            let place = Place { waker: None, woken: None, absent: false, limit };
            let number = self.places.append(place);
            self.set_gate();
            number
        });
        turn.place = Some(number);
        let places = &mut *self.places;
        let place = places.get_mut(number);
        let back = mem::take(&mut place.absent);
        if let Some(old) = &place.waker {
            if !sleeper.is(old)
                && let Some(old) = mem::replace(&mut place.waker, sleeper.copy())
            {
                calls.discard(old);
            }
        } else {
            place.waker = sleeper.copy();
            places.first_asleep = places.first_asleep.min(number);
            self.shared.asleep.fetch_add(1, Ordering::Relaxed);
        }
        if back {
            self.set_gate();
        }
        self.expect_oldest(calls);
    }

    /// Sets the alarm if others wait for one that was called.
    fn expect_oldest(&mut self, calls: &mut Calls) {
        if self.places.count < 2 || self.places.alarmed || cfg!(any(loom, shuttle)) {
            return;
        }
        let Some(oldest) = self.places.oldest() else { return };
        if oldest.waker.is_none() {
            oldest.woken.get_or_insert_with(Instant::now);
            self.places.alarmed = true;
            let line: Arc<dyn alarm::Line> = Arc::<Shared>::clone(self.shared);
            calls.set_alarm(Arc::downgrade(&line));
        }
    }

    /// Gives the place up, and with it a wake that came meanwhile: the caller looks whether there is
    /// something for the next.
    pub(crate) fn leave(&mut self, turn: &mut Turn, calls: &mut Calls) {
        let Some(number) = turn.place.take() else { return };
        let place = self.places.remove(number);
        if let Some(waker) = place.waker {
            self.shared.asleep.fetch_sub(1, Ordering::Relaxed);
            calls.discard(waker);
        }
        self.set_gate();
    }

    /// Calls the first waiter that sleeps; false if none does.
    pub(crate) fn call(&mut self, calls: &mut Calls) -> bool {
        let Some((number, place)) = self.places.first_asleep() else { return false };
        calls.wake(place.waker.take().expect("who sleeps has one"));
        place.woken = None;
        self.places.first_asleep = number + 1;
        self.shared.asleep.fetch_sub(1, Ordering::Relaxed);
        self.expect_oldest(calls);
        true
    }

    /// Whether this turn has been called since it last went to sleep.
    pub(crate) fn called(&self, turn: &Turn) -> bool {
        turn.place.is_some_and(|number| self.places.get(number).waker.is_none())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.count == 0
    }

    fn set_gate(&mut self) {
        let gate = &self.shared.gate;
        let mut numbered = (self.places.first..).zip(&self.places.line);
        let present = numbered.find_map(|(number, place)| {
            place.as_ref().filter(|place| !place.absent).map(|place| (number, place.limit))
        });
        let (oldest, limit) = present.unwrap_or((u64::MAX, u64::MAX));
        gate.oldest.store(oldest, Ordering::Relaxed);
        gate.limit.store(limit, Ordering::Relaxed);
    }
}

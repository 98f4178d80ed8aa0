//! The line in which threads and tasks wait, first come first woken.
//!
//! A thread is woken through a [`Waker`] that unparks it, so one line holds both and knows no
//! difference. A waiter keeps its place until it leaves: woken and beaten to the item, it sleeps
//! again where it stood.
//!
//! Newcomers may pass those who wait, which spares a context switch, but not for ever: each pass is
//! counted *before* it is made, and once the oldest waiter has been passed as often as it allows,
//! only the oldest is [admitted](WaitList::admits) (C10). That nobody waits for more than so many turns
//! of others is what D. E. Knuth (1966) first asked of mutual exclusion; the bound here is chosen for
//! throughput.
//!
//! The oldest waiter may never come: its future was leaked, or its executor has stopped polling. One that
//! was called and has not come for [`GRACE`] lets others pass until it does: C10 is kept more weakly by
//! so much, and nobody is kept waiting by who is not there.
//!
//! A wake is a duty: whoever leaves the line while there is still something to be had wakes the
//! next ([`WaitList::leave`]). Dropping that duty when a woken waiter is cancelled is the best-known way
//! to lose a wakeup.

use std::collections::BTreeMap;
use std::mem::{self, ManuallyDrop};
use std::task::Waker;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use crate::atomics::{Arc, AtomicU64, AtomicUsize, Mutex, MutexGuard, Ordering};
use crate::watermarks::Watermarks;

/// How long a waiter that was called may take to come, before others may pass it freely.
pub(crate) const GRACE: Duration = Duration::from_millis(100);

/// Half the passes that a waiter of the largest buffers allows; an unbounded one would allow any.
const MOST_PASSES: u64 = 1 << 16;

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
}

/// Wakers to wake, or to let go, and a hook to tell, once no lock is held: these run code of others', which may take
/// locks of its own, or drop a task that waits in the very line that called it. (For the same reason
/// a waker is cloned before the first lock, and handed down.)
///
/// Happens when this is dropped. So it is made before the first lock is taken. Most operations call
/// nobody: then it is one empty word.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Calls(ManuallyDrop<Option<Box<Wakers>>>);

#[derive(Debug, Default)]
struct Wakers {
    to_wake: Vec<Waker>,
    to_drop: Vec<Waker>,
    to_tell: Option<Arc<Watermarks>>,
}

impl Calls {
    fn wake(&mut self, wakers: impl IntoIterator<Item = Waker>) {
        self.0.get_or_insert_default().to_wake.extend(wakers);
    }

    /// Has the watermarks tell what is due.
    pub(crate) fn tell(&mut self, watermarks: &Arc<Watermarks>) {
        self.0.get_or_insert_default().to_tell = Some(Arc::clone(watermarks));
    }

    fn discard(&mut self, waker: Waker) {
        self.0.get_or_insert_default().to_drop.push(waker);
    }
}

impl Drop for Calls {
    #[inline]
    fn drop(&mut self) {
        // By hand, so that the common case is one test that is inlined everywhere.
        if let Some(wakers) = self.0.take() {
            make(*wakers);
        }
    }
}

#[cold]
fn make(calls: Wakers) {
    calls.to_wake.into_iter().for_each(Waker::wake);
    drop(calls.to_drop);
    if let Some(watermarks) = calls.to_tell {
        watermarks.tell();
    }
}

/// Waiters in the order they came.
#[derive(Debug)]
pub(crate) struct WaitList {
    /// Waiters not yet woken. Written under `line`; read without it, to skip the lock when nobody
    /// sleeps.
    asleep: AtomicUsize,
    gate: CachePadded<Gate>,
    line: Mutex<Places>,
    /// What a waiter adds to the length of the line to get the passes it allows: 2 × capacity.
    allowance: u64,
}

/// What a newcomer needs to know without the lock.
#[derive(Debug)]
struct Gate {
    /// Passes made so far, by anyone who was not the oldest waiter.
    passes: AtomicU64,
    /// The value of `passes` at which the oldest waiter lets nobody pass; `u64::MAX` when nobody
    /// waits. Written under `line`.
    limit: AtomicU64,
    /// The oldest waiter's place; `u64::MAX` when nobody waits. Written under `line`.
    oldest: AtomicU64,
}

#[derive(Debug, Default)]
struct Places {
    /// Each place by its number, which is the order of arrival.
    by_number: BTreeMap<u64, Place>,
    next: u64,
    /// No place before this one is asleep.
    first_asleep: u64,
}

#[derive(Debug)]
struct Place {
    /// `None` once woken.
    waker: Option<Waker>,
    /// When it was woken last.
    woken: Option<Instant>,
    /// It did not come when it was woken: it is passed freely until it does.
    absent: bool,
    /// The value of `passes` at which this waiter lets nobody pass.
    limit: u64,
}

impl WaitList {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            asleep: AtomicUsize::new(0),
            gate: CachePadded::new(Gate {
                passes: AtomicU64::new(0),
                limit: AtomicU64::new(u64::MAX),
                oldest: AtomicU64::new(u64::MAX),
            }),
            line: Mutex::new(Places::default()),
            allowance: 2 * (capacity as u64).min(MOST_PASSES),
        }
    }

    pub(crate) fn lock(&self) -> Line<'_> {
        Line { list: self, places: self.line.lock() }
    }

    /// How many are in line and not yet woken.
    pub(crate) fn asleep(&self) -> usize {
        self.asleep.load(Ordering::Relaxed)
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

    /// Whether the holder of this turn may try for what others wait for, and counts the pass if
    /// that passes somebody (C10). A pass that then found nothing is taken back with
    /// [`WaitList::excuse`].
    #[inline]
    pub(crate) fn admits(&self, turn: &Turn) -> Admission {
        let limit = self.gate.limit.load(Ordering::Relaxed);
        if limit == u64::MAX || turn.place == Some(self.gate.oldest.load(Ordering::Relaxed)) {
            return Admission::Free;
        }
        if self.gate.passes.fetch_add(1, Ordering::Relaxed) < limit {
            return Admission::Pass;
        }
        self.excuse();
        Admission::Refused
    }

    /// Takes back a pass that passed nobody.
    pub(crate) fn excuse(&self) {
        self.gate.passes.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The answer of [`WaitList::admits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Nobody is passed.
    Free,
    /// Somebody is passed, within what they allow.
    Pass,
    /// The oldest waiter is next.
    Refused,
}

/// The time, for a waiter's [`GRACE`]; to loom and shuttle none passes.
fn now() -> Option<Instant> {
    (!cfg!(any(loom, shuttle))).then(Instant::now)
}

/// A [`WaitList`], locked.
pub(crate) struct Line<'a> {
    list: &'a WaitList,
    places: MutexGuard<'a, Places>,
}

impl Line<'_> {
    /// Takes a place at the end, or keeps the one it has, and sleeps in it with the waker, which is
    /// taken out of its option.
    pub(crate) fn wait(&mut self, turn: &mut Turn, waker: &mut Option<Waker>, calls: &mut Calls) {
        let places = &mut *self.places;
        let number = *turn.place.get_or_insert(places.next);
        if number == places.next {
            places.next += 1;
            let passes = self.list.gate.passes.load(Ordering::Relaxed);
            let limit = passes + self.list.allowance + places.by_number.len() as u64 + 1;
            places
                .by_number
                .insert(number, Place { waker: None, woken: None, absent: false, limit });
            self.set_gate();
        }
        let places = &mut *self.places;
        let place = places.by_number.get_mut(&number).expect("a turn's place is in its line");
        let waker = waker.take().expect("a poll goes to sleep once");
        let back = mem::take(&mut place.absent);
        if let Some(old) = place.waker.replace(waker) {
            calls.discard(old);
        } else {
            places.first_asleep = places.first_asleep.min(number);
            self.list.asleep.fetch_add(1, Ordering::Relaxed);
        }
        if back {
            self.set_gate();
        }
        self.pass_absent();
    }

    /// Has whoever was called long ago and has not come keep nobody waiting.
    fn pass_absent(&mut self) {
        let late = |place: &Place| place.woken.is_some_and(|woken| woken.elapsed() >= GRACE);
        let places = &mut self.places.by_number;
        if let Some(oldest) = places.values_mut().find(|place| !place.absent)
            && oldest.waker.is_none()
            && late(oldest)
        {
            oldest.absent = true;
            self.set_gate();
        }
    }

    /// Gives the place up, and with it a wake that came meanwhile: the caller looks whether there is
    /// something for the next.
    pub(crate) fn leave(&mut self, turn: &mut Turn, calls: &mut Calls) {
        let Some(number) = turn.place.take() else { return };
        let place = self.places.by_number.remove(&number).expect("a turn's place is in its line");
        if let Some(waker) = place.waker {
            self.list.asleep.fetch_sub(1, Ordering::Relaxed);
            calls.discard(waker);
        }
        self.set_gate();
    }

    /// Calls the first waiter that sleeps; false if none does.
    pub(crate) fn call(&mut self, calls: &mut Calls) -> bool {
        let places = &mut *self.places;
        let mut asleep = places.by_number.range_mut(places.first_asleep..);
        let Some((&number, place)) = asleep.find(|(_, place)| place.waker.is_some()) else {
            return false;
        };
        places.first_asleep = number + 1;
        self.list.asleep.fetch_sub(1, Ordering::Relaxed);
        calls.wake(place.waker.take());
        place.woken = now();
        true
    }

    /// Whether this turn has been called since it last went to sleep.
    pub(crate) fn called(&self, turn: &Turn) -> bool {
        turn.place.is_some_and(|number| self.places.by_number[&number].waker.is_none())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.by_number.is_empty()
    }

    fn set_gate(&mut self) {
        let gate = &self.list.gate;
        let mut present = self.places.by_number.iter().filter(|(_, place)| !place.absent);
        let (oldest, limit) = match present.next() {
            Some((&number, place)) => (number, place.limit),
            None => (u64::MAX, u64::MAX),
        };
        gate.oldest.store(oldest, Ordering::Relaxed);
        gate.limit.store(limit, Ordering::Relaxed);
    }
}

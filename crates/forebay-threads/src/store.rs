//! What a discipline must do; everything else is built over it once.
//!
//! A discipline stores items in order, bounds those that wait, and lets each side wait for the
//! other. Leases, join, dead letters and statistics are the [`Buffer`](crate::buffer::Buffer)'s.

#![expect(clippy::inline_always, reason = "the two verbs are to vanish into the handles'")]

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::vec;

use forebay_contract::{PutError, Refusal};

use crate::calls::Calls;
use crate::disciplines::{Linked, Monitor, Ring, Semaphores};
use crate::share::Tally;
use crate::waiter::{Sleeper, Turn};

/// An item, with what must go with it through redeliveries.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    pub(crate) item: T,
    /// Order of its first put; a redelivered item goes back to it (C2).
    pub(crate) position: u64,
    pub(crate) deliveries: u32,
    pub(crate) failures: u32,
    /// 1 where items are not weighed.
    pub(crate) weight: u64,
}

impl<T> Entry<T> {
    pub(crate) fn fresh(item: T, position: u64) -> Self {
        Self { item, position, deliveries: 0, failures: 0, weight: 1 }
    }
}

/// An entry that left the store.
#[derive(Debug)]
pub(crate) struct Taken<T> {
    pub(crate) entry: Entry<T>,
    /// Somebody [watches](Store::watch) for the store to become empty.
    pub(crate) watched: bool,
}

/// Items that left the store together.
#[derive(Debug, Default)]
pub(crate) struct TakenMany {
    pub(crate) count: u64,
    /// As in [`Taken`].
    pub(crate) watched: bool,
}

/// Why a verb did not do at once what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hindrance {
    /// For a put, the store is full; for a take, nothing waits, or only for others.
    Wait,
    /// There is more to be looked at.
    Rare,
}

/// What a producer wants room for.
#[derive(Debug)]
pub(crate) enum Want<T> {
    Item(T),
    Permit,
    /// It has been placed.
    Nothing,
}

/// How far a call that may wait has come.
#[derive(Debug)]
pub(crate) enum Progress<R> {
    Done(R),
    /// Its waker will be woken.
    Asleep,
}

/// The store is closed to puts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Closed;

/// Counts that only ever grow, and what is there now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Puts that succeeded.
    pub(crate) produced: u64,
    /// Entries that left, redelivered ones each time.
    pub(crate) removed: u64,
    /// Entries that wait now.
    pub(crate) waiting: u64,
    /// Places set aside now.
    pub(crate) reserved: u64,
    /// Weight that waits now; 0 where items are not weighed.
    pub(crate) weight: u64,
    /// The greatest depth seen.
    pub(crate) high_water: u64,
}

/// A bounded FIFO store with both its waiting sides. Whom an operation wakes is left in `calls`.
///
/// Weights are 1 where items are not weighed. None is heavier than the store may hold.
pub(crate) trait Store<T> {
    /// Places the item if nothing is to be looked at but the room.
    fn put_at_once(&self, item: T, by_task: bool) -> Result<(), (T, Hindrance)> {
        let _ = by_task;
        Err((item, Hindrance::Rare))
    }

    /// Takes the oldest item if nothing is to be looked at but what waits.
    fn take_at_once(&self, tally: &Tally, by_task: bool) -> Result<T, Hindrance> {
        let _ = (tally, by_task);
        Err(Hindrance::Rare)
    }

    /// Places the item if there is room now.
    fn try_put(&self, item: T, weight: u64, calls: &mut Calls) -> Result<(), PutError<T>>;

    /// Places items, not weighed, from the front, as many as can be placed in one go; how many. With 0,
    /// [`try_put`](Store::try_put) says why.
    fn try_put_many(&self, items: &mut vec::IntoIter<T>, calls: &mut Calls) -> u64;

    /// Places the item, and moves the oldest entries to `dropped` for it if need be. Refused as full
    /// where producers stand in line, and where too much is set aside; then nothing is moved. True if
    /// the store is [watched](Store::watch).
    fn put_dropping(
        &self,
        item: T,
        weight: u64,
        dropped: &mut Vec<Entry<T>>,
        calls: &mut Calls,
    ) -> Result<bool, PutError<T>>;

    /// Places or sets aside what is wanted, which becomes nothing, or waits in line for room; what is
    /// wanted may become nothing then, too, and stand in line itself. Refused, it comes back.
    fn poll_room(
        &self,
        want: &mut Want<T>,
        weight: u64,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        calls: &mut Calls,
    ) -> Progress<Result<(), Closed>>;

    /// Gives up waiting for room, and passes on a wake that came meanwhile. What was wanted comes back,
    /// unless it has been placed or set aside meanwhile: then it stays nothing.
    fn cancel_put(&self, want: &mut Want<T>, turn: &mut Turn, calls: &mut Calls);

    /// Sets a place aside if there is room now.
    fn try_reserve(&self, weight: u64, calls: &mut Calls) -> Result<(), Refusal>;

    /// Places the item where a place of the weight `reserved` was set aside for one at most so heavy.
    /// The item comes back if the store has been closed; the place is free then.
    fn put_reserved(&self, item: T, weight: u64, reserved: u64, calls: &mut Calls)
    -> Result<(), T>;

    /// Frees a place that was set aside.
    fn release(&self, reserved: u64, calls: &mut Calls);

    /// Takes the oldest entry if there is one now.
    fn try_take(&self, tally: &Tally, calls: &mut Calls) -> Option<Taken<T>>;

    /// Takes the oldest items, as many as can be taken in one go, until `into` has `most`, or as many as
    /// it has capacity for. With 0, [`try_take`](Store::try_take) may still find one.
    fn try_take_many(
        &self,
        into: &mut Vec<T>,
        most: usize,
        tally: &Tally,
        calls: &mut Calls,
    ) -> TakenMany;

    /// Takes the oldest entry, or waits in line for one.
    fn poll_take(
        &self,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        tally: &Tally,
        calls: &mut Calls,
    ) -> Progress<Taken<T>>;

    /// Gives up waiting to take, and passes on a wake that came meanwhile.
    fn cancel_take(&self, turn: &mut Turn, calls: &mut Calls);

    /// Puts an entry back at its position, room or not (C1).
    fn give_back(&self, entry: Entry<T>, calls: &mut Calls);

    /// Refuses puts from now on; both sides look again.
    fn close(&self, calls: &mut Calls);

    fn is_closed(&self) -> bool;

    /// Says whether takes shall be marked [`Taken::watched`]. A take that left the store before
    /// this call is seen by the caller's next [`Store::is_empty`].
    fn watch(&self, on: bool);

    /// Whether nothing waited at some moment of this call, nothing being given back meanwhile.
    fn is_empty(&self) -> bool;

    /// Whether it is hardly worth trying to put just now. A hint for those who try again and again;
    /// it costs no lock where it is given at all.
    fn looks_full(&self) -> bool {
        false
    }

    /// Whether it is hardly worth trying to take just now. A hint, as above.
    fn looks_empty(&self) -> bool {
        false
    }

    /// How many wait, about.
    fn glance(&self) -> u64 {
        self.counts().waiting
    }

    /// Has all waiting consumers look again.
    fn rouse_consumers(&self, calls: &mut Calls);

    fn counts(&self) -> Counts;

    /// Producers and consumers in line.
    fn waiters(&self) -> (usize, usize);
}

/// The store of one buffer. An enum, so that the default's fast path is inlined; with a tag of its own, so
/// that one look tells.
#[derive(Debug)]
#[repr(u8)]
pub(crate) enum AnyStore<T> {
    Ring(Ring<T>),
    Semaphores(Semaphores<T>),
    Monitor(Monitor<T>),
    Linked(Linked<T>),
}

macro_rules! dispatch {
    ($self:ident, $store:ident => $call:expr) => {
        match $self {
            AnyStore::Ring($store) => $call,
            AnyStore::Semaphores($store) => $call,
            AnyStore::Monitor($store) => $call,
            AnyStore::Linked($store) => $call,
        }
    };
}

impl<T> Store<T> for AnyStore<T> {
    #[inline(always)]
    fn put_at_once(&self, item: T, by_task: bool) -> Result<(), (T, Hindrance)> {
        match self {
            AnyStore::Ring(store) => store.put_at_once(item, by_task),
            other => other.put_in_another(item, by_task),
        }
    }

    #[inline(always)]
    fn take_at_once(&self, tally: &Tally, by_task: bool) -> Result<T, Hindrance> {
        match self {
            AnyStore::Ring(store) => store.take_at_once(tally, by_task),
            other => other.take_from_another(tally, by_task),
        }
    }

    fn try_put(&self, item: T, weight: u64, calls: &mut Calls) -> Result<(), PutError<T>> {
        dispatch!(self, store => store.try_put(item, weight, calls))
    }

    fn try_put_many(&self, items: &mut vec::IntoIter<T>, calls: &mut Calls) -> u64 {
        dispatch!(self, store => store.try_put_many(items, calls))
    }

    fn put_dropping(
        &self,
        item: T,
        weight: u64,
        dropped: &mut Vec<Entry<T>>,
        calls: &mut Calls,
    ) -> Result<bool, PutError<T>> {
        dispatch!(self, store => store.put_dropping(item, weight, dropped, calls))
    }

    fn poll_room(
        &self,
        want: &mut Want<T>,
        weight: u64,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        calls: &mut Calls,
    ) -> Progress<Result<(), Closed>> {
        dispatch!(self, store => store.poll_room(want, weight, turn, sleeper, calls))
    }

    fn cancel_put(&self, want: &mut Want<T>, turn: &mut Turn, calls: &mut Calls) {
        dispatch!(self, store => store.cancel_put(want, turn, calls));
    }

    fn try_reserve(&self, weight: u64, calls: &mut Calls) -> Result<(), Refusal> {
        dispatch!(self, store => store.try_reserve(weight, calls))
    }

    fn put_reserved(
        &self,
        item: T,
        weight: u64,
        reserved: u64,
        calls: &mut Calls,
    ) -> Result<(), T> {
        dispatch!(self, store => store.put_reserved(item, weight, reserved, calls))
    }

    fn release(&self, reserved: u64, calls: &mut Calls) {
        dispatch!(self, store => store.release(reserved, calls));
    }

    fn try_take(&self, tally: &Tally, calls: &mut Calls) -> Option<Taken<T>> {
        dispatch!(self, store => store.try_take(tally, calls))
    }

    fn try_take_many(
        &self,
        into: &mut Vec<T>,
        most: usize,
        tally: &Tally,
        calls: &mut Calls,
    ) -> TakenMany {
        dispatch!(self, store => store.try_take_many(into, most, tally, calls))
    }

    fn poll_take(
        &self,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        tally: &Tally,
        calls: &mut Calls,
    ) -> Progress<Taken<T>> {
        dispatch!(self, store => store.poll_take(turn, sleeper, tally, calls))
    }

    fn cancel_take(&self, turn: &mut Turn, calls: &mut Calls) {
        dispatch!(self, store => store.cancel_take(turn, calls));
    }

    fn give_back(&self, entry: Entry<T>, calls: &mut Calls) {
        dispatch!(self, store => store.give_back(entry, calls));
    }

    fn close(&self, calls: &mut Calls) {
        dispatch!(self, store => store.close(calls));
    }

    fn is_closed(&self) -> bool {
        dispatch!(self, store => store.is_closed())
    }

    fn watch(&self, on: bool) {
        dispatch!(self, store => store.watch(on));
    }

    fn is_empty(&self) -> bool {
        dispatch!(self, store => store.is_empty())
    }

    #[inline]
    fn looks_full(&self) -> bool {
        dispatch!(self, store => store.looks_full())
    }

    #[inline]
    fn looks_empty(&self) -> bool {
        dispatch!(self, store => store.looks_empty())
    }

    fn glance(&self) -> u64 {
        dispatch!(self, store => store.glance())
    }

    fn rouse_consumers(&self, calls: &mut Calls) {
        dispatch!(self, store => store.rouse_consumers(calls));
    }

    fn counts(&self) -> Counts {
        dispatch!(self, store => store.counts())
    }

    fn waiters(&self) -> (usize, usize) {
        dispatch!(self, store => store.waiters())
    }
}

/// The two verbs for all but the default, whose own are inlined everywhere.
impl<T> AnyStore<T> {
    #[inline(never)]
    fn put_in_another(&self, item: T, by_task: bool) -> Result<(), (T, Hindrance)> {
        match self {
            AnyStore::Linked(store) => store.put_at_once(item, by_task),
            _ => Err((item, Hindrance::Rare)),
        }
    }

    #[inline(never)]
    fn take_from_another(&self, tally: &Tally, by_task: bool) -> Result<T, Hindrance> {
        match self {
            AnyStore::Linked(store) => store.take_at_once(tally, by_task),
            _ => Err(Hindrance::Rare),
        }
    }
}

/// The first panic among many, to go on once all is done that must be done.
#[derive(Default)]
#[must_use = "a panic is not swallowed"]
pub(crate) struct FirstPanic(Option<Box<dyn Any + Send>>);

impl FirstPanic {
    /// Runs what may panic.
    pub(crate) fn catch(&mut self, run: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
            self.0.get_or_insert(panic);
        }
    }

    /// Goes on with the panic, unless another is under way already.
    pub(crate) fn resume(self) {
        if let Some(panic) = self.0
            && !std::thread::panicking()
        {
            resume_unwind(panic);
        }
    }
}

/// Drops whatever waits, one by one, each once `note` has been told. An item that panics in its
/// `drop`, or a hook that is told of it, does not keep the others from being dropped.
pub(crate) fn empty_out<T>(store: &impl Store<T>, mut note: impl FnMut()) -> FirstPanic {
    let mut first = FirstPanic::default();
    loop {
        let mut calls = Calls::default();
        let Some(taken) = store.try_take(&Tally::default(), &mut calls) else { return first };
        note();
        first.catch(|| drop(calls));
        first.catch(|| drop(taken.entry));
    }
}

//! What a discipline must do; everything else is built over it once.
//!
//! A discipline stores items in order, bounds those that wait, and lets each side wait for the
//! other. Leases, join, dead letters and statistics are the [`Buffer`](crate::buffer::Buffer)'s.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

use forebay_contract::PutError;

use crate::disciplines::{Linked, Monitor, Ring, Semaphores};
use crate::waiter::{Calls, Turn};

/// An item, with what must go with it through redeliveries.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    pub(crate) item: T,
    /// Order of its first put; a redelivered item goes back to it (C2).
    pub(crate) position: u64,
    pub(crate) deliveries: u32,
    pub(crate) failures: u32,
}

impl<T> Entry<T> {
    pub(crate) fn fresh(item: T, position: u64) -> Self {
        Self { item, position, deliveries: 0, failures: 0 }
    }
}

/// An entry that left the store.
#[derive(Debug)]
pub(crate) struct Taken<T> {
    pub(crate) entry: Entry<T>,
    /// Somebody [watches](Store::watch) for the store to become empty.
    pub(crate) watched: bool,
}

/// How far a call that may wait has come.
#[derive(Debug)]
pub(crate) enum Progress<R> {
    Done(R),
    /// Its waker will be woken.
    Asleep,
    /// Another's operation is halfway: look again in a moment.
    InFlight,
}

/// The store is closed to puts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Closed;

/// Counts that only ever grow, and the depth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Puts that succeeded.
    pub(crate) produced: u64,
    /// Entries that left, redelivered ones each time.
    pub(crate) removed: u64,
    /// Entries that wait now.
    pub(crate) waiting: u64,
    /// The greatest depth seen.
    pub(crate) high_water: u64,
}

/// A bounded FIFO store with both its waiting sides. Whom an operation wakes is left in `calls`.
pub(crate) trait Store<T> {
    /// Places the item if there is room now.
    fn try_put(&self, item: T, calls: &mut Calls) -> Result<(), PutError<T>>;

    /// Places the item, taken out of the option, or waits in line for room.
    fn poll_put(
        &self,
        item: &mut Option<T>,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) -> Progress<Result<(), Closed>>;

    /// Gives up waiting to put, and passes on a wake that came meanwhile.
    fn cancel_put(&self, turn: &mut Turn, calls: &mut Calls);

    /// Takes the oldest entry if there is one now.
    fn try_take(&self, calls: &mut Calls) -> Option<Taken<T>>;

    /// Takes the oldest entry, or waits in line for one.
    fn poll_take(
        &self,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
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

    /// Has all waiting consumers look again.
    fn rouse_consumers(&self, calls: &mut Calls);

    fn counts(&self) -> Counts;

    /// Producers and consumers in line.
    fn waiters(&self) -> (usize, usize);
}

/// The store of one buffer. An enum, so that the default's fast path is inlined.
#[derive(Debug)]
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
    #[inline]
    fn try_put(&self, item: T, calls: &mut Calls) -> Result<(), PutError<T>> {
        dispatch!(self, store => store.try_put(item, calls))
    }

    fn poll_put(
        &self,
        item: &mut Option<T>,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) -> Progress<Result<(), Closed>> {
        dispatch!(self, store => store.poll_put(item, turn, waker, calls))
    }

    fn cancel_put(&self, turn: &mut Turn, calls: &mut Calls) {
        dispatch!(self, store => store.cancel_put(turn, calls));
    }

    #[inline]
    fn try_take(&self, calls: &mut Calls) -> Option<Taken<T>> {
        dispatch!(self, store => store.try_take(calls))
    }

    fn poll_take(
        &self,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) -> Progress<Taken<T>> {
        dispatch!(self, store => store.poll_take(turn, waker, calls))
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

/// The first panic among many, to go on once all is done that must be done.
#[derive(Default)]
#[must_use = "a panic is not swallowed"]
pub(crate) struct FirstPanic(Option<Box<dyn Any + Send>>);

impl FirstPanic {
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
/// `drop` does not keep the others from being dropped.
pub(crate) fn empty_out<T>(store: &impl Store<T>, mut note: impl FnMut()) -> FirstPanic {
    let mut first = FirstPanic::default();
    while let Some(taken) = store.try_take(&mut Calls::default()) {
        note();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(taken.entry))) {
            first.0.get_or_insert(panic);
        }
    }
    first
}

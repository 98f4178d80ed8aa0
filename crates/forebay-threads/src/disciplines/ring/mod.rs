//! A ring of slots with a stamp in each, of exact capacity. The default.
//!
//! D. Vyukov, *Bounded MPMC queue* (2010): a slot's stamp says whose turn it is, so a producer
//! claims a place by one compare-and-swap of the tail, writes, and publishes by one store of the
//! stamp; a consumer the same at the head.
//!
//! A slot's stamp is `p` while it is free for the put at position `p`, `p | PUBLISHED` while it
//! holds that item, and then `p` one lap later. [`word`] says how positions are counted, [`slots`]
//! claims, fills and empties; this file adds waiting, redelivery and close.
//!
//! # Flags
//!
//! Whatever is rare is a flag in the word that the fast path must compare and swap anyway, so the
//! fast path pays nothing for it and cannot miss it: a flag raised before the swap makes the swap
//! fail, one raised after it is ordered after the operation. So no fence stands between "publish"
//! and "does somebody sleep?": a sleeper raises its flag in the word of the *other* side, and reads
//! there, in the same step, whether something has come.
//!
//! A sleeper may find that the other side has claimed a slot and not published it yet. That producer
//! will not wake it. The poll then answers [`Progress::InFlight`]: look again soon, asleep in short
//! slices, until the slot is published.

mod slots;
mod word;

use std::collections::BTreeMap;
use std::fmt;
use std::task::Waker;

use forebay_contract::{PutError, Refusal};

use self::slots::{Claim, Filled, Free, Slots};
use self::word::{CALL, CLOSED, FLAGS, QUEUED, RETURNED, WATCHED};
use crate::atomics::{AtomicU64, Mutex, Ordering};
use crate::pause::Pause;
use crate::store::{self, Closed, Counts, Entry, Progress, Store, Taken};
use crate::waiter::{Admission, Calls, Turn, WaitList};

pub(crate) struct Ring<T> {
    slots: Slots<T>,
    not_full: WaitList,
    not_empty: WaitList,
    returned: Mutex<Returned<T>>,
}

struct Returned<T> {
    entries: BTreeMap<u64, Entry<T>>,
    /// Entries taken from here.
    removed: u64,
}

/// Why a put or take got nothing.
enum Refused {
    Nothing,
    InFlight,
    Closed,
}

impl<T> Ring<T> {
    /// `None` if there is no memory for so many slots.
    pub(crate) fn new(capacity: usize) -> Option<Self> {
        Some(Self {
            slots: Slots::new(capacity)?,
            not_full: WaitList::new(capacity),
            not_empty: WaitList::new(capacity),
            returned: Mutex::new(Returned { entries: BTreeMap::new(), removed: 0 }),
        })
    }

    /// Fills a claimed slot, calls a consumer that sleeps, and leaves the producers' line.
    #[inline]
    fn fill(&self, free: Free, item: T, turn: &mut Turn, calls: &mut Calls) {
        let flags = free.flags;
        self.slots.fill(free, item);
        if flags & CALL != 0 {
            self.not_empty.call(calls);
        }
        self.leave_full(turn, calls);
    }

    /// Empties a claimed slot, calls a producer that sleeps, and leaves the consumers' line.
    #[inline]
    fn empty(&self, filled: Filled, turn: &mut Turn, calls: &mut Calls) -> Taken<T> {
        let (position, flags) = (filled.position, filled.flags);
        let item = self.slots.empty(filled);
        if flags & CALL != 0 {
            self.not_full.call(calls);
        }
        self.leave_empty(turn, calls);
        Taken { entry: Entry::fresh(item, position), watched: flags & WATCHED != 0 }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "its result through memory costs more than itself")]
    fn put(&self, item: T, turn: &mut Turn, calls: &mut Calls) -> Result<(), (T, Refused)> {
        match self.slots.claim_put(CLOSED | QUEUED | RETURNED, 0) {
            Claim::Slot(free) => {
                self.fill(free, item, turn, calls);
                Ok(())
            }
            Claim::Nothing => Err((item, Refused::Nothing)),
            Claim::InFlight => Err((item, Refused::InFlight)),
            Claim::Flagged => self.put_flagged(item, turn, calls),
        }
    }

    #[cold]
    fn put_flagged(&self, item: T, turn: &mut Turn, calls: &mut Calls) -> Result<(), (T, Refused)> {
        loop {
            let tail = self.slots.tail.word.load(Ordering::Acquire);
            if tail & CLOSED != 0 {
                return Err((item, Refused::Closed));
            }
            let admission = self.not_full.admits(turn);
            if admission == Admission::Refused {
                return Err((item, Refused::Nothing));
            }
            let claim = if tail & RETURNED == 0 {
                self.slots.claim_put(CLOSED | RETURNED, 0)
            } else {
                // While entries are outside, puts go one at a time, so that the sum stays exact.
                let returned = self.returned.lock();
                let outside = returned.entries.len() as u64;
                self.slots.claim_put(CLOSED, outside)
            };
            let refused = match claim {
                Claim::Slot(free) => {
                    self.fill(free, item, turn, calls);
                    return Ok(());
                }
                Claim::Nothing => Some(Refused::Nothing),
                Claim::InFlight => Some(Refused::InFlight),
                Claim::Flagged => None,
            };
            if admission == Admission::Pass {
                self.not_full.excuse();
            }
            if let Some(refused) = refused {
                return Err((item, refused));
            }
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "its result through memory costs more than itself")]
    fn take(&self, turn: &mut Turn, calls: &mut Calls) -> Result<Taken<T>, Refused> {
        match self.slots.claim_take(QUEUED | RETURNED) {
            Claim::Slot(filled) => Ok(self.empty(filled, turn, calls)),
            Claim::Nothing => Err(Refused::Nothing),
            Claim::InFlight => Err(Refused::InFlight),
            Claim::Flagged => self.take_flagged(turn, calls),
        }
    }

    #[cold]
    fn take_flagged(&self, turn: &mut Turn, calls: &mut Calls) -> Result<Taken<T>, Refused> {
        loop {
            let admission = self.not_empty.admits(turn);
            if admission == Admission::Refused {
                return Err(Refused::Nothing);
            }
            if self.slots.head.load(Ordering::Acquire) & RETURNED != 0
                && let Some(taken) = self.take_returned(calls)
            {
                self.leave_empty(turn, calls);
                return Ok(taken);
            }
            let refused = match self.slots.claim_take(RETURNED) {
                Claim::Slot(filled) => return Ok(self.empty(filled, turn, calls)),
                Claim::Nothing => Some(Refused::Nothing),
                Claim::InFlight => Some(Refused::InFlight),
                Claim::Flagged => None,
            };
            if admission == Admission::Pass {
                self.not_empty.excuse();
            }
            if let Some(refused) = refused {
                return Err(refused);
            }
        }
    }

    /// The oldest returned entry, which is older than everything in the ring.
    fn take_returned(&self, calls: &mut Calls) -> Option<Taken<T>> {
        let mut returned = self.returned.lock();
        let (_, entry) = returned.entries.pop_first()?;
        returned.removed += 1;
        if returned.entries.is_empty() {
            self.slots.tail.word.fetch_and(!RETURNED, Ordering::AcqRel);
            self.slots.head.fetch_and(!RETURNED, Ordering::AcqRel);
        }
        drop(returned);
        // After the lock: a producer or watcher that found the entry still there raised its flag
        // before it took the lock, hence before this load.
        let head = self.slots.head.load(Ordering::Acquire);
        if head & CALL != 0 {
            self.not_full.call(calls);
        }
        Some(Taken { entry, watched: head & WATCHED != 0 })
    }

    /// Leaves the producers' line if in it, and passes the wake on if there is more room.
    #[inline]
    fn leave_full(&self, turn: &mut Turn, calls: &mut Calls) {
        if turn.waits() {
            Self::leave(&self.not_full, &self.slots.tail.word, &self.slots.head, turn, calls);
            if self.depth() < self.slots.layout.capacity {
                self.not_full.call(calls);
            }
        }
    }

    /// Leaves the consumers' line if in it, and passes the wake on if there is more to take.
    #[inline]
    fn leave_empty(&self, turn: &mut Turn, calls: &mut Calls) {
        if turn.waits() {
            Self::leave(&self.not_empty, &self.slots.head, &self.slots.tail.word, turn, calls);
            if self.depth() > 0 {
                self.not_empty.call(calls);
            }
        }
    }

    fn leave(
        list: &WaitList,
        own: &AtomicU64,
        other: &AtomicU64,
        turn: &mut Turn,
        calls: &mut Calls,
    ) {
        let mut line = list.lock();
        line.leave(turn, calls);
        if line.is_empty() {
            own.fetch_and(!QUEUED, Ordering::AcqRel);
            other.fetch_and(!CALL, Ordering::AcqRel);
        }
    }

    /// Goes to sleep in line, with the flags up that keep newcomers honest and have us called.
    fn wait(
        list: &WaitList,
        own: &AtomicU64,
        other: &AtomicU64,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) {
        let mut line = list.lock();
        line.wait(turn, waker, calls);
        // AcqRel: pairs with the swap in the other side's claim: it comes first, and our next look
        // finds what it brought, or we do, and it calls us.
        own.fetch_or(QUEUED, Ordering::AcqRel);
        other.fetch_or(CALL, Ordering::AcqRel);
    }

    fn depth(&self) -> u64 {
        let outside = self.returned.lock().entries.len() as u64;
        let head = self.slots.head.load(Ordering::Acquire);
        let tail = self.slots.tail.word.load(Ordering::Acquire);
        self.slots.layout.depth(head, tail) + outside
    }
}

impl<T> Store<T> for Ring<T> {
    #[inline]
    fn try_put(&self, mut item: T, calls: &mut Calls) -> Result<(), PutError<T>> {
        let mut pause = Pause::default();
        loop {
            let refusal = match self.put(item, &mut Turn::default(), calls) {
                Ok(()) => return Ok(()),
                Err((back, refused)) => {
                    item = back;
                    match refused {
                        Refused::Nothing => Refusal::Full,
                        Refused::Closed => Refusal::Closed,
                        Refused::InFlight => {
                            pause.rest();
                            continue;
                        }
                    }
                }
            };
            return Err(PutError { item, refusal });
        }
    }

    fn poll_put(
        &self,
        item: &mut Option<T>,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) -> Progress<Result<(), Closed>> {
        // Once before going to sleep, once after: what came in between is seen by the second.
        let mut asleep = false;
        loop {
            match self.put(item.take().expect("polled with an item"), turn, calls) {
                Ok(()) => return Progress::Done(Ok(())),
                Err((back, refused)) => {
                    *item = Some(back);
                    match refused {
                        Refused::Closed => {
                            self.cancel_put(turn, calls);
                            return Progress::Done(Err(Closed));
                        }
                        Refused::InFlight if asleep => return Progress::InFlight,
                        Refused::Nothing if asleep => return Progress::Asleep,
                        Refused::InFlight | Refused::Nothing => {}
                    }
                }
            }
            Self::wait(&self.not_full, &self.slots.tail.word, &self.slots.head, turn, waker, calls);
            asleep = true;
        }
    }

    fn cancel_put(&self, turn: &mut Turn, calls: &mut Calls) {
        self.leave_full(turn, calls);
    }

    #[inline]
    fn try_take(&self, calls: &mut Calls) -> Option<Taken<T>> {
        let mut pause = Pause::default();
        loop {
            match self.take(&mut Turn::default(), calls) {
                Ok(taken) => return Some(taken),
                Err(Refused::InFlight) => pause.rest(),
                Err(Refused::Nothing | Refused::Closed) => return None,
            }
        }
    }

    fn poll_take(
        &self,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) -> Progress<Taken<T>> {
        if let Ok(taken) = self.take(turn, calls) {
            return Progress::Done(taken);
        }
        Self::wait(&self.not_empty, &self.slots.head, &self.slots.tail.word, turn, waker, calls);
        match self.take(turn, calls) {
            Ok(taken) => Progress::Done(taken),
            Err(Refused::InFlight) => Progress::InFlight,
            Err(Refused::Nothing | Refused::Closed) => Progress::Asleep,
        }
    }

    fn cancel_take(&self, turn: &mut Turn, calls: &mut Calls) {
        self.leave_empty(turn, calls);
    }

    fn give_back(&self, entry: Entry<T>, calls: &mut Calls) {
        let mut returned = self.returned.lock();
        returned.entries.insert(entry.position, entry);
        // The head first: a consumer that meets the tail's flag finds the head's.
        self.slots.head.fetch_or(RETURNED, Ordering::AcqRel);
        let tail = self.slots.tail.word.fetch_or(RETURNED, Ordering::AcqRel);
        let head = self.slots.head.load(Ordering::Acquire);
        let depth = self.slots.layout.depth(head, tail) + returned.entries.len() as u64;
        self.slots.tail.high_water.fetch_max(depth, Ordering::Relaxed);
        drop(returned);
        if tail & CALL != 0 {
            self.not_empty.call(calls);
        }
    }

    fn close(&self, calls: &mut Calls) {
        self.slots.tail.word.fetch_or(CLOSED, Ordering::AcqRel);
        self.not_full.rouse(calls);
        self.not_empty.rouse(calls);
    }

    fn is_closed(&self) -> bool {
        self.slots.tail.word.load(Ordering::Acquire) & CLOSED != 0
    }

    fn watch(&self, on: bool) {
        // AcqRel: pairs with the swap in `claim_take`: a take that came before is seen by the
        // watcher's next look, one that comes after sees the flag.
        if on {
            self.slots.head.fetch_or(WATCHED, Ordering::AcqRel);
        } else {
            self.slots.head.fetch_and(!WATCHED, Ordering::AcqRel);
        }
    }

    fn is_empty(&self) -> bool {
        if !self.returned.lock().entries.is_empty() {
            return false;
        }
        // The head first: if the tail is where the head was, the ring was empty then.
        let head = self.slots.head.load(Ordering::Acquire) & !FLAGS;
        let tail = self.slots.tail.word.load(Ordering::Acquire) & !FLAGS;
        head == tail
    }

    fn rouse_consumers(&self, calls: &mut Calls) {
        self.not_empty.rouse(calls);
    }

    fn counts(&self) -> Counts {
        let returned = self.returned.lock();
        // Both words of one moment, if the ring ever holds still for three loads.
        let mut head = self.slots.head.load(Ordering::Acquire) & !FLAGS;
        let mut tail = self.slots.tail.word.load(Ordering::Acquire) & !FLAGS;
        for _ in 0..16 {
            let again = self.slots.head.load(Ordering::Acquire) & !FLAGS;
            if again == head {
                break;
            }
            head = again;
            tail = self.slots.tail.word.load(Ordering::Acquire) & !FLAGS;
        }
        Counts {
            produced: self.slots.layout.count(tail),
            removed: self.slots.layout.count(head) + returned.removed,
            waiting: self.slots.layout.depth(head, tail) + returned.entries.len() as u64,
            high_water: self.slots.tail.high_water.load(Ordering::Relaxed),
        }
    }

    fn waiters(&self) -> (usize, usize) {
        (self.not_full.asleep(), self.not_empty.asleep())
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        store::empty_out(self, || {}).resume();
    }
}

impl<T> fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("capacity", &self.slots.layout.capacity)
            .finish_non_exhaustive()
    }
}

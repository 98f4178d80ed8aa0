//! A ring of slots with a stamp in each, of exact capacity. The default.
//!
//! D. Vyukov, *Bounded MPMC queue* (2010): a slot's stamp says whose turn it is, so a producer
//! claims a place by one compare-and-swap of the tail, writes, and publishes by one store of the
//! stamp; a consumer the same at the head.
//!
//! # Words
//!
//! Head, tail and stamps are positions of one layout, which counts to `capacity` exactly, power of
//! two or not, without a division:
//!
//! ```text
//! 63                                        8 + index bits        8        0
//! +----------------------------------------+---------------------+----------+
//! | lap                                    | index < capacity    | flags    |
//! +----------------------------------------+---------------------+----------+
//! ```
//!
//! A slot's stamp is `p` while it is free for the put at position `p`, `p | PUBLISHED` while it
//! holds that item, and then `p` one lap later.
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

#![expect(unsafe_code, reason = "slots are written and read without a lock")]

use std::collections::BTreeMap;
use std::fmt;
use std::mem::MaybeUninit;
use std::task::Waker;

use crossbeam_utils::CachePadded;
use forebay_contract::{PutError, Refusal};

use crate::atomics::{AtomicU64, Mutex, Ordering, UnsafeCell};
use crate::pause::Pause;
use crate::store::{self, Closed, Counts, Entry, Progress, Store, Taken};
use crate::waiter::{Admission, Calls, Turn, WaitList};

/// In a tail: puts are refused for good.
const CLOSED: u64 = 1 << 0;
/// In a stamp: the slot holds an item.
const PUBLISHED: u64 = 1 << 0;
/// In either word: others of one's own side stand in line; ask before passing them.
const QUEUED: u64 = 1 << 1;
/// In either word: someone of the other side sleeps; call it.
const CALL: u64 = 1 << 2;
/// In both words: returned entries wait outside the ring.
const RETURNED: u64 = 1 << 3;
/// In a head: somebody watches for the store to become empty.
const WATCHED: u64 = 1 << 4;

const FLAG_BITS: u32 = 8;
const FLAGS: u64 = (1 << FLAG_BITS) - 1;

pub(crate) struct Ring<T> {
    tail: CachePadded<Tail>,
    /// Position of the next take, and flags. Moved by consumers; flagged under the lines' locks.
    head: CachePadded<AtomicU64>,
    slots: Box<[Slot<T>]>,
    layout: Layout,
    not_full: WaitList,
    not_empty: WaitList,
    returned: Mutex<Returned<T>>,
}

struct Tail {
    /// Position of the next put, and flags. Moved by producers; flagged under the lines' locks.
    word: AtomicU64,
    /// The greatest depth seen. Written by whoever sees a greater one.
    high_water: AtomicU64,
    /// A tail past this may mean a depth above `high_water`; to be looked at then. Written by
    /// producers.
    mark: AtomicU64,
}

struct Slot<T> {
    stamp: AtomicU64,
    item: UnsafeCell<MaybeUninit<T>>,
}

struct Returned<T> {
    entries: BTreeMap<u64, Entry<T>>,
    /// Entries taken from here.
    removed: u64,
}

/// How positions are counted.
#[derive(Clone, Copy)]
struct Layout {
    capacity: u64,
    /// One lap, as a difference of words.
    lap: u64,
}

impl Layout {
    fn new(capacity: usize) -> Self {
        let capacity = capacity as u64;
        Self { capacity, lap: capacity.next_power_of_two() << FLAG_BITS }
    }

    #[inline]
    fn index(self, position: u64) -> usize {
        ((position & (self.lap - 1)) >> FLAG_BITS) as usize
    }

    #[inline]
    fn next(self, position: u64) -> u64 {
        if self.index(position) as u64 + 1 < self.capacity {
            position + (1 << FLAG_BITS)
        } else {
            (position & !(self.lap - 1)).wrapping_add(self.lap)
        }
    }

    /// The plain running count of a position.
    fn count(self, position: u64) -> u64 {
        (position / self.lap) * self.capacity + self.index(position) as u64
    }

    fn position(self, count: u64) -> u64 {
        (count / self.capacity) * self.lap + ((count % self.capacity) << FLAG_BITS)
    }

    fn depth(self, head: u64, tail: u64) -> u64 {
        self.count(tail & !FLAGS).saturating_sub(self.count(head & !FLAGS))
    }
}

/// What came of trying to claim a slot.
enum Claim {
    /// The slot at this position is the caller's; the word it swapped had these flags.
    Slot { position: u64, flags: u64 },
    /// Full for a producer, empty for a consumer.
    Nothing,
    /// There is something, but another has not finished with the slot.
    InFlight,
    /// One of the flags that the caller does not want to meet is up.
    Flagged,
}

/// Why a put or take got nothing.
enum Refused {
    Nothing,
    InFlight,
    Closed,
}

// SAFETY: items are moved in and out by value, each slot by one thread at a time as its stamp says,
// so the ring may go and be shared wherever its items may go.
unsafe impl<T: Send> Send for Ring<T> {}
// SAFETY: as above; no reference to an item is ever given out.
unsafe impl<T: Send> Sync for Ring<T> {}

impl<T> Ring<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        let layout = Layout::new(capacity);
        let slots = (0..capacity as u64)
            .map(|index| Slot {
                stamp: AtomicU64::new(layout.position(index)),
                item: UnsafeCell::new(MaybeUninit::uninit()),
            })
            .collect();
        Self {
            tail: CachePadded::new(Tail {
                word: AtomicU64::new(0),
                high_water: AtomicU64::new(0),
                mark: AtomicU64::new(0),
            }),
            head: CachePadded::new(AtomicU64::new(0)),
            slots,
            layout,
            not_full: WaitList::new(capacity),
            not_empty: WaitList::new(capacity),
            returned: Mutex::new(Returned { entries: BTreeMap::new(), removed: 0 }),
        }
    }

    /// Claims the slot at the tail while the depth, `outside` entries included, is below capacity.
    #[inline]
    fn claim_put(&self, unwanted: u64, outside: u64) -> Claim {
        let mut tail = self.tail.word.load(Ordering::Relaxed);
        loop {
            if tail & unwanted != 0 {
                return Claim::Flagged;
            }
            let position = tail & !FLAGS;
            // Acquire: pairs with the Release in `read`: the slot is empty again.
            let stamp = self.slots[self.layout.index(position)].stamp.load(Ordering::Acquire);
            if outside > 0
                && self.layout.depth(self.head.load(Ordering::Acquire), tail) + outside
                    >= self.layout.capacity
            {
                return Claim::Nothing;
            }
            let now = if stamp == position {
                let next = self.layout.next(position) | (tail & FLAGS);
                // AcqRel: pairs with the sleepers' `fetch_or`: whoever comes second sees the first.
                match self.tail.word.compare_exchange_weak(
                    tail,
                    next,
                    Ordering::AcqRel,
                    Ordering::Relaxed,
                ) {
                    Ok(_) => return Claim::Slot { position, flags: tail & FLAGS },
                    Err(now) => now,
                }
            } else {
                let now = self.tail.word.load(Ordering::Relaxed);
                if now == tail {
                    // Full at the moment of this load: the tail is never more than a lap ahead.
                    let head = self.head.load(Ordering::Acquire) & !FLAGS;
                    let full = head.wrapping_add(self.layout.lap) == position;
                    return if full { Claim::Nothing } else { Claim::InFlight };
                }
                now
            };
            tail = now;
        }
    }

    /// Claims the slot at the head if it is published.
    #[inline]
    fn claim_take(&self, unwanted: u64) -> Claim {
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            if head & unwanted != 0 {
                return Claim::Flagged;
            }
            let position = head & !FLAGS;
            // Acquire: pairs with the Release in `write`: the item is there.
            let stamp = self.slots[self.layout.index(position)].stamp.load(Ordering::Acquire);
            let now = if stamp == position | PUBLISHED {
                let next = self.layout.next(position) | (head & FLAGS);
                // AcqRel: pairs with the sleepers' `fetch_or`: whoever comes second sees the first.
                match self.head.compare_exchange_weak(
                    head,
                    next,
                    Ordering::AcqRel,
                    Ordering::Relaxed,
                ) {
                    Ok(_) => return Claim::Slot { position, flags: head & FLAGS },
                    Err(now) => now,
                }
            } else {
                let now = self.head.load(Ordering::Relaxed);
                if now == head {
                    // Empty at the moment of this load: the tail is never behind the head.
                    let tail = self.tail.word.load(Ordering::Acquire) & !FLAGS;
                    return if tail == position { Claim::Nothing } else { Claim::InFlight };
                }
                now
            };
            head = now;
        }
    }

    /// Fills a claimed slot, and wakes a consumer that sleeps.
    #[inline]
    fn write(&self, position: u64, flags: u64, item: T, calls: &mut Calls) {
        let slot = &self.slots[self.layout.index(position)];
        // SAFETY: the stamp said that the slot is free for this position, and the swap of the tail
        // made the position ours alone; nobody reads before the stamp says published.
        slot.item.with_mut(|place| unsafe { (*place).write(item) });
        // Release: pairs with the Acquire in `claim_take`: the item is visible with the stamp.
        slot.stamp.store(position | PUBLISHED, Ordering::Release);
        if self.layout.next(position) > self.tail.mark.load(Ordering::Relaxed) {
            self.mark_depth(self.layout.next(position));
        }
        if flags & CALL != 0 {
            self.not_empty.call(calls);
        }
    }

    /// Empties a claimed slot, and wakes a producer that sleeps.
    #[inline]
    fn read(&self, position: u64, flags: u64, calls: &mut Calls) -> Taken<T> {
        let slot = &self.slots[self.layout.index(position)];
        // SAFETY: the stamp said that the slot holds the item of this position, and the swap of the
        // head made it ours alone; nobody writes before the stamp says free.
        let item = slot.item.with(|place| unsafe { (*place).assume_init_read() });
        // Release: pairs with the Acquire in `claim_put`: the slot is free with the stamp.
        slot.stamp.store(position.wrapping_add(self.layout.lap), Ordering::Release);
        if flags & CALL != 0 {
            self.not_full.call(calls);
        }
        Taken { entry: Entry::fresh(item, position), watched: flags & WATCHED != 0 }
    }

    /// Looks at the true depth after a put that brought the tail here.
    #[cold]
    fn mark_depth(&self, tail: u64) {
        let head = self.head.load(Ordering::Relaxed) & !FLAGS;
        let depth = self.layout.depth(head, tail).min(self.layout.capacity);
        let high_water = self.tail.high_water.fetch_max(depth, Ordering::Relaxed).max(depth);
        let mark = if high_water >= self.layout.capacity {
            u64::MAX
        } else {
            self.layout.position(self.layout.count(head) + high_water)
        };
        self.tail.mark.store(mark, Ordering::Relaxed);
    }

    #[inline]
    fn put(&self, item: T, turn: &mut Turn, calls: &mut Calls) -> Result<(), (T, Refused)> {
        match self.claim_put(CLOSED | QUEUED | RETURNED, 0) {
            Claim::Slot { position, flags } => {
                self.write(position, flags, item, calls);
                self.leave_full(turn, calls);
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
            let tail = self.tail.word.load(Ordering::Acquire);
            if tail & CLOSED != 0 {
                return Err((item, Refused::Closed));
            }
            let admission = self.not_full.admits(turn);
            if admission == Admission::Refused {
                return Err((item, Refused::Nothing));
            }
            let claim = if tail & RETURNED == 0 {
                self.claim_put(CLOSED | RETURNED, 0)
            } else {
                // While entries are outside, puts go one at a time, so that the sum stays exact.
                let returned = self.returned.lock();
                let outside = returned.entries.len() as u64;
                self.claim_put(CLOSED, outside)
            };
            let refused = match claim {
                Claim::Slot { position, flags } => {
                    self.write(position, flags, item, calls);
                    self.leave_full(turn, calls);
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

    #[inline]
    fn take(&self, turn: &mut Turn, calls: &mut Calls) -> Result<Taken<T>, Refused> {
        match self.claim_take(QUEUED | RETURNED) {
            Claim::Slot { position, flags } => {
                let taken = self.read(position, flags, calls);
                self.leave_empty(turn, calls);
                Ok(taken)
            }
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
            if self.head.load(Ordering::Acquire) & RETURNED != 0
                && let Some(taken) = self.take_returned(calls)
            {
                self.leave_empty(turn, calls);
                return Ok(taken);
            }
            let refused = match self.claim_take(RETURNED) {
                Claim::Slot { position, flags } => {
                    let taken = self.read(position, flags, calls);
                    self.leave_empty(turn, calls);
                    return Ok(taken);
                }
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
            self.tail.word.fetch_and(!RETURNED, Ordering::AcqRel);
            self.head.fetch_and(!RETURNED, Ordering::AcqRel);
        }
        drop(returned);
        // After the lock: a producer or watcher that found the entry still there raised its flag
        // before it took the lock, hence before this load.
        let head = self.head.load(Ordering::Acquire);
        if head & CALL != 0 {
            self.not_full.call(calls);
        }
        Some(Taken { entry, watched: head & WATCHED != 0 })
    }

    /// Leaves the producers' line if in it, and passes the wake on if there is more room.
    fn leave_full(&self, turn: &mut Turn, calls: &mut Calls) {
        if turn.waits() {
            Self::leave(&self.not_full, &self.tail.word, &self.head, turn, calls);
            if self.depth() < self.layout.capacity {
                self.not_full.call(calls);
            }
        }
    }

    /// Leaves the consumers' line if in it, and passes the wake on if there is more to take.
    fn leave_empty(&self, turn: &mut Turn, calls: &mut Calls) {
        if turn.waits() {
            Self::leave(&self.not_empty, &self.head, &self.tail.word, turn, calls);
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
        waker: &Waker,
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
        let head = self.head.load(Ordering::Acquire);
        let tail = self.tail.word.load(Ordering::Acquire);
        self.layout.depth(head, tail) + outside
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
        waker: &Waker,
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
            Self::wait(&self.not_full, &self.tail.word, &self.head, turn, waker, calls);
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

    fn poll_take(&self, turn: &mut Turn, waker: &Waker, calls: &mut Calls) -> Progress<Taken<T>> {
        if let Ok(taken) = self.take(turn, calls) {
            return Progress::Done(taken);
        }
        Self::wait(&self.not_empty, &self.head, &self.tail.word, turn, waker, calls);
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
        self.head.fetch_or(RETURNED, Ordering::AcqRel);
        let tail = self.tail.word.fetch_or(RETURNED, Ordering::AcqRel);
        let head = self.head.load(Ordering::Acquire);
        let depth = self.layout.depth(head, tail) + returned.entries.len() as u64;
        self.tail.high_water.fetch_max(depth, Ordering::Relaxed);
        drop(returned);
        if tail & CALL != 0 {
            self.not_empty.call(calls);
        }
    }

    fn close(&self, calls: &mut Calls) {
        self.tail.word.fetch_or(CLOSED, Ordering::AcqRel);
        self.not_full.rouse(calls);
        self.not_empty.rouse(calls);
    }

    fn is_closed(&self) -> bool {
        self.tail.word.load(Ordering::Acquire) & CLOSED != 0
    }

    fn watch(&self, on: bool) {
        // AcqRel: pairs with the swap in `claim_take`: a take that came before is seen by the
        // watcher's next look, one that comes after sees the flag.
        if on {
            self.head.fetch_or(WATCHED, Ordering::AcqRel);
        } else {
            self.head.fetch_and(!WATCHED, Ordering::AcqRel);
        }
    }

    fn is_empty(&self) -> bool {
        if !self.returned.lock().entries.is_empty() {
            return false;
        }
        // The head first: if the tail is where the head was, the ring was empty then.
        let head = self.head.load(Ordering::Acquire) & !FLAGS;
        let tail = self.tail.word.load(Ordering::Acquire) & !FLAGS;
        head == tail
    }

    fn rouse_consumers(&self, calls: &mut Calls) {
        self.not_empty.rouse(calls);
    }

    fn counts(&self) -> Counts {
        let returned = self.returned.lock();
        // Both words of one moment, if the ring ever holds still for three loads.
        let mut head = self.head.load(Ordering::Acquire) & !FLAGS;
        let mut tail = self.tail.word.load(Ordering::Acquire) & !FLAGS;
        for _ in 0..16 {
            let again = self.head.load(Ordering::Acquire) & !FLAGS;
            if again == head {
                break;
            }
            head = again;
            tail = self.tail.word.load(Ordering::Acquire) & !FLAGS;
        }
        Counts {
            produced: self.layout.count(tail),
            removed: self.layout.count(head) + returned.removed,
            waiting: self.layout.depth(head, tail) + returned.entries.len() as u64,
            high_water: self.tail.high_water.load(Ordering::Relaxed),
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
        f.debug_struct("Ring").field("capacity", &self.layout.capacity).finish_non_exhaustive()
    }
}

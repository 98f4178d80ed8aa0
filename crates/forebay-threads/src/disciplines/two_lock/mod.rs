//! A lock at each end: producers meet producers, consumers meet consumers, and the two sides meet in
//! two counts.
//!
//! M. M. Michael & M. L. Scott, *Simple, Fast, and Practical Non-Blocking and Blocking Concurrent
//! Queue Algorithms* (1996), the two-lock queue. [`slots`] gives it an array of exact capacity, the
//! discipline *ring*; [`nodes`] gives it a linked list, the discipline *linked*, which alone can be
//! unbounded. [`ends`] is how far the two sides see each other without a lock.
//!
//! # Apart
//!
//! While nobody waits and nothing else is rare, the ends are apart. One that is below its limit goes on: one
//! comparison under its own lock is the whole fast path; at its limit it looks at the other's count.
//!
//! # Whole
//!
//! Whatever is rare (somebody stands in line, entries have come back, places are set aside, items are
//! weighed, somebody watches, the buffer is closed) makes both ends one: the tail is moved to the head, and
//! everything is done there, sequentially, under that one lock: [`whole`] has all of it. Producers stand in
//! line with their items ([`parked`]), and consumers in line are handed theirs ([`handed`]); so
//! nobody in line is overtaken, and a wake is never in vain. Once it has been quiet for some steps, the
//! ends part again.
//!
//! Locks are taken in this order: head, tail, the consumers' line; wakers are woken after all.

#![expect(clippy::inline_always, reason = "the two verbs are to vanish into the handles'")]

mod ends;
mod handed;
mod nodes;
mod parked;
mod sleepers;
mod slots;
mod whole;

use std::fmt;
use std::vec;

use crossbeam_utils::CachePadded;
use forebay_contract::{PutError, Refusal};

use self::ends::{Ends, Places};
use self::nodes::Nodes;
use self::sleepers::Sleepers;
use self::slots::{Index, Slots};
use self::whole::{Rare, Whole};
use crate::atomics::{Arc, AtomicBool, Ordering};
use crate::gauge::Gauge;
use crate::pause;
use crate::share::Tally;
use crate::short_lock::ShortLock;
use crate::store::{self, Closed, Counts, Entry, Progress, Store, Taken, TakenMany, Want};
use crate::waiter::{Calls, Sleeper, Turn};

/// The places of [`slots`]: the default.
pub(crate) type Ring<T> = TwoLock<Slots<T>>;
/// The places of [`nodes`].
pub(crate) type Linked<T> = TwoLock<Nodes<T>>;

pub(crate) struct TwoLock<P: Places> {
    /// `None` while it is at the head.
    tail: CachePadded<ShortLock<Option<Tail<P>>>>,
    head: CachePadded<ShortLock<Head<P>>>,
    ends: Ends<P>,
    sleepers: Arc<Sleepers>,
    /// Whether both ends are one, as it looks from outside: a hint. Written under the head's lock.
    is_whole: AtomicBool,
    /// Written under the head's lock, before anybody is woken for it.
    closed: AtomicBool,
    /// `u64::MAX` when unbounded.
    capacity: u64,
}

/// The producers' end.
struct Tail<P: Places> {
    end: ends::Tail<P::Tail>,
    high_water: u64,
}

/// The consumers' end.
struct Head<P: Places> {
    end: ends::Head<P::Head>,
    /// The other end, while both are one.
    tail: Option<Tail<P>>,
    rare: Rare<P::Item>,
}

impl<T> Ring<T> {
    /// `None` if there is no memory for so many places.
    pub(crate) fn new(capacity: usize, max_leased: u64, gauge: Option<Gauge>) -> Option<Self> {
        let slots = Slots::new(capacity)?;
        let (last, first) = (Index::default(), Index::default());
        Some(Self::of(slots, last, first, Some(capacity), max_leased, gauge))
    }
}

impl<T> Linked<T> {
    pub(crate) fn new(capacity: Option<usize>, max_leased: u64, gauge: Option<Gauge>) -> Self {
        let (nodes, last, dummy) = Nodes::new();
        Self::of(nodes, last, dummy, capacity, max_leased, gauge)
    }
}

impl<P: Places> TwoLock<P> {
    fn of(
        places: P,
        last: P::Tail,
        first: P::Head,
        capacity: Option<usize>,
        max_leased: u64,
        gauge: Option<Gauge>,
    ) -> Self {
        let rest = pause::contention(capacity);
        let (ends, tail, head) = Ends::new(places, last, first);
        let tail = Some(Tail { end: tail, high_water: 0 });
        // Where everything is told to a gauge, the ends are never apart.
        let whole = gauge.is_some();
        let (at_head, at_tail) = if whole { (tail, None) } else { (None, tail) };
        let head = Head { end: head, tail: at_head, rare: Rare::new(gauge, max_leased) };
        Self {
            tail: CachePadded::new(ShortLock::new(at_tail, rest)),
            head: CachePadded::new(ShortLock::new(head, rest)),
            ends,
            sleepers: Sleepers::new(),
            is_whole: AtomicBool::new(whole),
            closed: AtomicBool::new(false),
            capacity: capacity.map_or(u64::MAX, |capacity| capacity as u64),
        }
    }

    /// Does something with both ends as one.
    fn with_whole<R>(&self, by_task: bool, act: impl FnOnce(&mut Whole<'_, P>) -> R) -> R {
        let mut head = self.head.lock_by(by_task);
        let result = act(&mut self.whole(&mut head));
        self.part(&mut head);
        result
    }

    /// Does something with both ends as one, if they are: else the tail is back where it belongs.
    #[cold]
    fn if_whole<R>(&self, by_task: bool, act: impl FnOnce(&mut Whole<'_, P>) -> R) -> Option<R> {
        let mut head = self.head.lock_by(by_task);
        head.tail.is_some().then(|| {
            let result = act(&mut self.whole(&mut head));
            self.part(&mut head);
            result
        })
    }

    /// As [`with_whole`](Self::with_whole) for what may need a copy of the waker, which is made without
    /// the lock.
    fn poll_whole<R>(
        &self,
        sleeper: &mut Sleeper<'_>,
        mut poll: impl FnMut(&mut Whole<'_, P>, &mut Sleeper<'_>) -> Option<Progress<R>>,
    ) -> Progress<R> {
        loop {
            if let Some(progress) =
                self.with_whole(!sleeper.is_thread(), |whole| poll(whole, sleeper))
            {
                return progress;
            }
            sleeper.prepare();
        }
    }

    /// Sets the tail's limit: up to it, puts need not look. A put that raises the high-water mark
    /// does, which also tells how deep the other end has drained.
    #[inline]
    fn plan_puts(&self, tail: &mut Tail<P>) {
        self.ends.allow(&mut tail.end, self.capacity.min(tail.high_water));
    }

    /// Sets the tail's limit for a put that comes now: beyond it, if there is room.
    #[inline]
    fn plan_one_put(&self, tail: &mut Tail<P>) {
        let depth = self.ends.waiting(&tail.end);
        if depth < self.capacity {
            tail.high_water = tail.high_water.max(depth + 1);
            self.plan_puts(tail);
        }
    }
}

impl<P: Places> Store<P::Item> for TwoLock<P> {
    #[inline(always)]
    fn try_put(
        &self,
        item: P::Item,
        weight: u64,
        calls: &mut Calls,
    ) -> Result<(), PutError<P::Item>> {
        // A thread asks only once it has the lock: while both ends are one, it is hardly ever in a hurry.
        if calls.are_by_task() && self.is_whole.load(Ordering::Relaxed) {
            return self.put_rarely(item, weight, calls);
        }
        let mut tail = self.tail.lock_by(calls.are_by_task());
        if let Some(tail) = &mut *tail {
            let Err(item) = self.ends.put(&mut tail.end, item) else { return Ok(()) };
            self.plan_one_put(tail);
            let put = self.ends.put(&mut tail.end, item);
            return put.map_err(|item| PutError { item, refusal: Refusal::Full });
        }
        drop(tail);
        self.put_rarely(item, weight, calls)
    }

    fn try_put_many(&self, items: &mut vec::IntoIter<P::Item>, calls: &mut Calls) -> u64 {
        loop {
            if let Some(tail) = &mut *self.tail.lock() {
                let waiting = self.ends.allow(&mut tail.end, self.capacity);
                let placed = self.ends.put_many(&mut tail.end, items);
                tail.high_water = tail.high_water.max(waiting + placed);
                self.plan_puts(tail);
                return placed;
            }
            if let Some(placed) =
                self.if_whole(calls.are_by_task(), |whole| whole.put_many(items, calls))
            {
                return placed;
            }
        }
    }

    fn put_dropping(
        &self,
        item: P::Item,
        weight: u64,
        dropped: &mut Vec<Entry<P::Item>>,
        calls: &mut Calls,
    ) -> Result<bool, PutError<P::Item>> {
        self.with_whole(calls.are_by_task(), |whole| {
            whole.put_dropping(item, weight, dropped, calls)
        })
        .map_err(|(item, refusal)| PutError { item, refusal })
    }

    fn poll_room(
        &self,
        want: &mut Want<P::Item>,
        weight: u64,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        calls: &mut Calls,
    ) -> Progress<Result<(), Closed>> {
        if !turn.waits() {
            sleeper.prepare();
        }
        self.poll_whole(sleeper, |whole, sleeper| {
            whole.poll_room(want, weight, turn, sleeper, calls)
        })
    }

    fn cancel_put(&self, want: &mut Want<P::Item>, turn: &mut Turn, calls: &mut Calls) {
        if turn.waits() {
            self.with_whole(calls.are_by_task(), |whole| whole.leave_room(want, turn, calls));
        }
    }

    fn try_reserve(&self, weight: u64, calls: &mut Calls) -> Result<(), Refusal> {
        self.with_whole(calls.are_by_task(), |whole| whole.try_admit(Want::Permit, weight, calls))
            .map_err(|(_, refusal)| refusal)
    }

    fn put_reserved(
        &self,
        item: P::Item,
        weight: u64,
        reserved: u64,
        calls: &mut Calls,
    ) -> Result<(), P::Item> {
        self.with_whole(calls.are_by_task(), |whole| {
            whole.put_reserved(item, weight, reserved, calls)
        })
    }

    fn release(&self, reserved: u64, calls: &mut Calls) {
        self.with_whole(calls.are_by_task(), |whole| whole.release(reserved, calls));
    }

    #[inline(always)]
    fn try_take(&self, tally: &Tally, calls: &mut Calls) -> Option<Taken<P::Item>> {
        let mut head = self.head.lock_by(calls.are_by_task());
        let position = head.end.position();
        let mut item = self.ends.take(&mut head.end);
        if item.is_none() {
            let gate = head.rare.gate_at();
            if head.tail.is_some() || !head.rare.handed.is_empty() || gate <= position {
                return self.take_rarely(&mut head, tally, calls);
            }
            self.ends.look(&mut head.end);
            head.end.stop_at(gate);
            item = self.ends.take(&mut head.end);
        }
        let item = item?;
        tally.add(1);
        Some(Taken { entry: Entry::fresh(item, position), watched: false })
    }

    fn try_take_many(
        &self,
        into: &mut Vec<P::Item>,
        most: usize,
        tally: &Tally,
        calls: &mut Calls,
    ) -> TakenMany {
        let mut head = self.head.lock_by(calls.are_by_task());
        let most = most.min(into.capacity());
        let gate = head.rare.gate_at();
        let count = if head.tail.is_none() && gate > head.end.position() {
            self.ends.look(&mut head.end);
            head.end.stop_at(gate);
            self.ends.take_many(&mut head.end, into, most)
        } else {
            let count = self.whole(&mut head).take_many(into, most, calls);
            self.part(&mut head);
            count
        };
        tally.add(count);
        TakenMany { count, watched: head.rare.watched }
    }

    fn poll_take(
        &self,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        tally: &Tally,
        calls: &mut Calls,
    ) -> Progress<Taken<P::Item>> {
        match turn.number() {
            None => sleeper.prepare(),
            Some(number) => {
                if let Some(taken) = self.receive(number, tally, calls) {
                    turn.clear();
                    return Progress::Done(taken);
                }
            }
        }
        self.poll_whole(sleeper, |whole, sleeper| {
            Some(match whole.poll_take(turn, sleeper, calls)? {
                Progress::Done(entry) => {
                    tally.add(1);
                    Progress::Done(Taken { entry, watched: whole.rare.watched })
                }
                Progress::Asleep => Progress::Asleep,
            })
        })
    }

    fn cancel_take(&self, turn: &mut Turn, calls: &mut Calls) {
        if turn.waits() {
            self.with_whole(calls.are_by_task(), |whole| whole.leave_empty(turn, calls));
        }
    }

    fn give_back(&self, entry: Entry<P::Item>, calls: &mut Calls) {
        self.with_whole(calls.are_by_task(), |whole| whole.give_back(entry, calls));
    }

    fn set_may_lease(&self, many: u64, calls: &mut Calls) {
        let mut head = self.head.lock();
        head.rare.handed.set_may_lease(many);
        if head.tail.is_some() || head.rare.handed.waiting() > 0 {
            self.whole(&mut head).serve(calls);
            self.part(&mut head);
        }
    }

    fn recall(&self, calls: &mut Calls) {
        self.with_whole(calls.are_by_task(), |whole| whole.recall(calls));
    }

    fn close(&self, calls: &mut Calls) {
        self.with_whole(calls.are_by_task(), |whole| {
            whole.close(calls);
            // Release: pairs with the Acquire in `is_closed`. Whoever is woken, or comes later to
            // the head's lock, sees it in any case.
            self.closed.store(true, Ordering::Release);
        });
    }

    fn is_closed(&self) -> bool {
        // Acquire: pairs with the Release in `close`.
        self.closed.load(Ordering::Acquire)
    }

    fn watch(&self, on: bool) {
        self.with_whole(false, |whole| whole.rare.watched = on);
    }

    fn is_empty(&self) -> bool {
        let head = self.head.lock();
        let waiting = self.ends.put_so_far() - head.end.position() + head.rare.waiting();
        waiting == 0 && head.rare.handed.is_empty()
    }

    #[inline]
    fn looks_full(&self) -> bool {
        self.ends.glance() >= self.capacity
    }

    #[inline]
    fn looks_empty(&self) -> bool {
        self.ends.glance() == 0
    }

    // Apart, it would cost the other end its own cache line to be asked.
    #[inline]
    fn surely_full(&self) -> bool {
        self.is_whole.load(Ordering::Relaxed) && self.looks_full()
    }

    #[inline]
    fn surely_empty(&self) -> bool {
        self.is_whole.load(Ordering::Relaxed) && self.looks_empty()
    }

    fn glance(&self) -> u64 {
        self.ends.glance()
    }

    fn rouse_consumers(&self, calls: &mut Calls) {
        self.with_whole(calls.are_by_task(), |whole| whole.rouse_consumers(calls));
    }

    fn counts(&self) -> Counts {
        let head = self.head.lock();
        let away = head.tail.is_none().then(|| self.tail.lock());
        let tail = away.as_ref().map_or(head.tail.as_ref(), |away| away.as_ref());
        let tail = tail.expect("the tail is here or there");
        let (put, taken) = (tail.end.position(), head.end.position());
        Counts {
            produced: put,
            removed: head.rare.removed(taken),
            waiting: put - taken + head.rare.waiting(),
            handed: head.rare.handed.leased(),
            reserved: head.rare.reserved,
            weight: head.rare.weight(),
            high_water: tail.high_water,
        }
    }

    fn waiters(&self) -> (usize, usize) {
        (self.head.lock().rare.parked.len(), self.sleepers.lock().len())
    }
}

impl<P: Places> TwoLock<P> {
    /// Places the item if there is room now, both ends being one; or parted meanwhile.
    #[cold]
    fn put_rarely(
        &self,
        item: P::Item,
        weight: u64,
        calls: &mut Calls,
    ) -> Result<(), PutError<P::Item>> {
        let mut head = self.head.lock_by(calls.are_by_task());
        let admitted = self.whole(&mut head).try_admit(Want::Item(item), weight, calls);
        self.part(&mut head);
        match admitted {
            Err((Want::Item(item), refusal)) => Err(PutError { item, refusal }),
            _ => Ok(()),
        }
    }

    /// What was handed to this take.
    fn receive(&self, number: u64, tally: &Tally, calls: &mut Calls) -> Option<Taken<P::Item>> {
        let mut head = self.head.lock_by(calls.are_by_task());
        let entry = head.rare.handed.receive(number)?;
        tally.add(1);
        if head.tail.is_some() {
            // It made room where it counted as waiting.
            self.whole(&mut head).serve(calls);
            self.part(&mut head);
        }
        Some(Taken { entry, watched: head.rare.watched })
    }

    #[cold]
    fn take_rarely(
        &self,
        head: &mut Head<P>,
        tally: &Tally,
        calls: &mut Calls,
    ) -> Option<Taken<P::Item>> {
        let entry = self.whole(head).try_take(calls);
        self.part(head);
        let entry = entry?;
        tally.add(1);
        Some(Taken { entry, watched: head.rare.watched })
    }
}

impl<P: Places> Drop for TwoLock<P> {
    fn drop(&mut self) {
        self.recall(&mut Calls::default());
        store::empty_out(self, || {}).resume();
    }
}

impl<P: Places> fmt::Debug for TwoLock<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwoLock").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

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
//! line with their items ([`parked`]), and the take that makes room puts them; consumers in line are called
//! ([`sleepers`]). Once nothing is rare any more, the ends part again.
//!
//! The consumers' line is under the head's lock. The tail's is taken after it; wakers are woken after both.

#![expect(clippy::inline_always, reason = "the two verbs are to vanish into the handles'")]

mod ends;
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
use self::sleepers::Line;
use self::slots::{Index, Slots};
use self::whole::{Rare, Whole};
use crate::atomics::{AtomicBool, AtomicU64, Ordering};
use crate::calls::Calls;
use crate::gauge::Gauge;
use crate::pause;
use crate::share::Tally;
use crate::short_lock::{Joint, ShortLock};
use crate::store::{
    self, Closed, Counts, Entry, Hindrance, Progress, Store, Taken, TakenMany, Want,
};
use crate::waiter::{Sleeper, Turn};

/// The places of [`slots`]: the default.
pub(crate) type Ring<T> = TwoLock<Slots<T>>;
/// The places of [`nodes`].
pub(crate) type Linked<T> = TwoLock<Nodes<T>>;

pub(crate) struct TwoLock<P: Places> {
    /// `None` while it is at the head.
    tail: CachePadded<ShortLock<Option<Tail<P>>>>,
    /// With the consumers' line.
    head: Joint<Line, Head<P>>,
    ends: Ends<P>,
    /// Whether both ends are one, as it looks from outside: a hint. Written under the head's lock.
    is_whole: AtomicBool,
    /// All producers before this number in their line have been served, or have left. Written under the
    /// head's lock.
    served: AtomicU64,
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

impl<P: Places> Head<P> {
    /// Takes so far, for those who count their turns.
    #[inline]
    fn turns(&self) -> u64 {
        self.end.position() + self.rare.removed()
    }

    /// The position from which on nobody passes the oldest consumer in line.
    #[inline]
    fn gate_at(&self, line: &Line) -> u64 {
        line.gate().saturating_sub(self.rare.removed())
    }
}

impl<T> Ring<T> {
    /// `None` if there is no memory for so many places.
    pub(crate) fn new(capacity: usize, gauge: Option<Gauge>) -> Option<Self> {
        let slots = Slots::new(capacity)?;
        let (last, first) = (Index::default(), Index::default());
        Some(Self::of(slots, last, first, Some(capacity), gauge))
    }
}

impl<T> Linked<T> {
    pub(crate) fn new(capacity: Option<usize>, gauge: Option<Gauge>) -> Self {
        let (nodes, last, dummy) = Nodes::new();
        Self::of(nodes, last, dummy, capacity, gauge)
    }
}

impl<P: Places> TwoLock<P> {
    fn of(
        places: P,
        last: P::Tail,
        first: P::Head,
        capacity: Option<usize>,
        gauge: Option<Gauge>,
    ) -> Self {
        let rest = pause::contention(capacity);
        let (ends, tail, head) = Ends::new(places, last, first);
        let tail = Some(Tail { end: tail, high_water: 0 });
        // Where everything is told to a gauge, the ends are never apart.
        let whole = gauge.is_some();
        let (at_head, at_tail) = if whole { (tail, None) } else { (None, tail) };
        let head = Head { end: head, tail: at_head, rare: Rare::new(gauge) };
        Self {
            tail: CachePadded::new(ShortLock::new(at_tail, rest)),
            head: Joint::new(Line::new(), head, rest),
            ends,
            is_whole: AtomicBool::new(whole),
            served: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            capacity: capacity.map_or(u64::MAX, |capacity| capacity as u64),
        }
    }

    /// Does something with both ends as one.
    #[inline(always)]
    fn with_whole<R>(&self, by_task: bool, act: impl FnOnce(&mut Whole<'_, P>) -> R) -> R {
        let mut both = self.head.lock_by(by_task);
        let (line, head) = both.split();
        let result = act(&mut self.whole(line, head));
        self.part(line, head);
        result
    }

    /// As [`with_whole`](Self::with_whole) for what may need a copy of the waker, which is made without
    /// the lock. Who stands in line already takes the lock as a thread does, without sleeping for it:
    /// others may be kept from passing it.
    #[inline(always)]
    fn poll_whole<R>(
        &self,
        sleeper: &mut Sleeper<'_>,
        in_line: bool,
        mut poll: impl FnMut(&mut Whole<'_, P>, &mut Sleeper<'_>) -> Option<Progress<R>>,
    ) -> Progress<R> {
        loop {
            let sleeps_at_lock = !(sleeper.is_thread() || in_line);
            if let Some(progress) = self.with_whole(sleeps_at_lock, |whole| poll(whole, sleeper)) {
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
    fn put_at_once(&self, item: P::Item, by_task: bool) -> Result<(), (P::Item, Hindrance)> {
        // A thread asks only once it has the lock: it hardly ever meets both ends as one.
        if by_task && self.is_whole.load(Ordering::Relaxed) {
            return self.put_whole(item).map_err(|item| (item, Hindrance::Rare));
        }
        match &mut *self.tail.lock_by(by_task) {
            Some(tail) => match self.ends.put(&mut tail.end, item) {
                Ok(()) => Ok(()),
                Err(item) => self.put_beyond(tail, item).map_err(|item| (item, Hindrance::Wait)),
            },
            None => Err((item, Hindrance::Rare)),
        }
    }

    #[inline(always)]
    fn take_at_once(&self, tally: &Tally, by_task: bool) -> Result<P::Item, Hindrance> {
        if by_task && self.is_whole.load(Ordering::Relaxed) {
            return self.take_whole(tally).ok_or(Hindrance::Rare);
        }
        let mut both = self.head.lock_by(by_task);
        let (line, head) = both.split();
        let mut item = self.ends.take(&mut head.end);
        if item.is_none() {
            item = self.take_beyond(line, head);
        }
        let hindrance = if head.tail.is_none() { Hindrance::Wait } else { Hindrance::Rare };
        let item = item.ok_or(hindrance)?;
        tally.add(1);
        Ok(item)
    }

    fn try_put(
        &self,
        item: P::Item,
        weight: u64,
        calls: &mut Calls,
    ) -> Result<(), PutError<P::Item>> {
        if let Some(tail) = &mut *self.tail.lock_by(calls.are_by_task()) {
            let put = self.put_beyond(tail, item);
            return put.map_err(|item| PutError { item, refusal: Refusal::Full });
        }
        let want = Want::Item(item);
        match self.with_whole(calls.are_by_task(), |whole| whole.try_admit(want, weight, calls)) {
            Err((Want::Item(item), refusal)) => Err(PutError { item, refusal }),
            _ => Ok(()),
        }
    }

    fn try_put_many(&self, items: &mut vec::IntoIter<P::Item>, calls: &mut Calls) -> u64 {
        if let Some(tail) = &mut *self.tail.lock_by(calls.are_by_task()) {
            let waiting = self.ends.allow(&mut tail.end, self.capacity);
            let placed = self.ends.put_many(&mut tail.end, items);
            tail.high_water = tail.high_water.max(waiting + placed);
            self.plan_puts(tail);
            return placed;
        }
        self.with_whole(calls.are_by_task(), |whole| whole.put_many(items, calls))
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

    #[inline(never)]
    fn poll_room(
        &self,
        want: &mut Want<P::Item>,
        weight: u64,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        calls: &mut Calls,
    ) -> Progress<Result<(), Closed>> {
        // Acquire: pairs with the Release in `Whole::serve_producers`.
        if turn.number().is_some_and(|number| number < self.served.load(Ordering::Acquire)) {
            turn.clear();
            return Progress::Done(Ok(()));
        }
        if !turn.waits() && self.looks_full() {
            sleeper.prepare();
        }
        self.poll_whole(sleeper, turn.waits(), |whole, sleeper| {
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

    fn try_take(&self, tally: &Tally, calls: &mut Calls) -> Option<Taken<P::Item>> {
        let mut both = self.head.lock_by(calls.are_by_task());
        let (line, head) = both.split();
        let position = head.end.position();
        if let Some(item) = self.take_beyond(line, head) {
            tally.add(1);
            return Some(Taken { entry: Entry::fresh(item, position), watched: false });
        }
        if head.tail.is_none() && head.gate_at(line) > position {
            return None;
        }
        let entry = self.whole(line, head).try_take(calls);
        self.part(line, head);
        let entry = entry?;
        tally.add(1);
        Some(Taken { entry, watched: head.rare.watched })
    }

    fn try_take_many(
        &self,
        into: &mut Vec<P::Item>,
        most: usize,
        tally: &Tally,
        calls: &mut Calls,
    ) -> TakenMany {
        let mut both = self.head.lock_by(calls.are_by_task());
        let (line, head) = both.split();
        let most = most.min(into.capacity());
        let gate = head.gate_at(line);
        let count = if head.tail.is_none() && gate > head.end.position() {
            self.ends.look(&mut head.end);
            head.end.stop_at(gate);
            self.ends.take_many(&mut head.end, into, most)
        } else {
            let count = self.whole(line, head).take_many(into, most, calls);
            self.part(line, head);
            count
        };
        tally.add(count);
        TakenMany { count, watched: head.rare.watched }
    }

    #[inline(never)]
    fn poll_take(
        &self,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        tally: &Tally,
        calls: &mut Calls,
    ) -> Progress<Taken<P::Item>> {
        if self.looks_empty() {
            sleeper.prepare();
        }
        self.poll_whole(sleeper, turn.waits(), |whole, sleeper| {
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
        let mut both = self.head.lock();
        let (_, head) = both.split();
        head.rare.returned() == 0 && head.end.position() == self.ends.put_so_far()
    }

    #[inline]
    fn looks_full(&self) -> bool {
        self.ends.glance() >= self.capacity
    }

    #[inline]
    fn looks_empty(&self) -> bool {
        self.ends.look_forward();
        self.ends.glance() == 0
    }

    fn glance(&self) -> u64 {
        self.ends.glance()
    }

    fn rouse_consumers(&self, calls: &mut Calls) {
        self.head.lock().split().0.rouse(calls);
    }

    fn counts(&self) -> Counts {
        let mut both = self.head.lock();
        let (_, head) = both.split();
        let away = head.tail.is_none().then(|| self.tail.lock());
        let tail = away.as_ref().map_or(head.tail.as_ref(), |away| away.as_ref());
        let tail = tail.expect("the tail is here or there");
        let (put, taken) = (tail.end.position(), head.end.position());
        Counts {
            produced: put,
            removed: taken + head.rare.removed(),
            waiting: put - taken + head.rare.returned(),
            reserved: head.rare.reserved,
            weight: head.rare.weight(),
            high_water: tail.high_water,
        }
    }

    fn waiters(&self) -> (usize, usize) {
        let mut both = self.head.lock();
        let (line, head) = both.split();
        (head.rare.parked.len(), line.asleep() as usize)
    }
}

impl<P: Places> TwoLock<P> {
    /// Places a task's item where both ends are one, if nobody has to wait for it.
    #[inline(never)]
    fn put_whole(&self, item: P::Item) -> Result<(), P::Item> {
        if self.looks_full() {
            return Err(item);
        }
        let mut calls = Calls::by_task();
        self.with_whole(true, |whole| whole.try_put(item, &mut calls))
    }

    /// Takes the oldest item for a task where both ends are one, if nobody has to wait for it.
    #[inline(never)]
    fn take_whole(&self, tally: &Tally) -> Option<P::Item> {
        if self.looks_empty() {
            return None;
        }
        let mut calls = Calls::by_task();
        self.with_whole(true, |whole| {
            // Whoever watches wants it done in the desk's sight.
            let entry = if whole.rare.watched { None } else { whole.try_take(&mut calls) };
            entry.map(|entry| {
                tally.add(1);
                entry.item
            })
        })
    }

    /// Places the item beyond the tail's limit, if there is room.
    fn put_beyond(&self, tail: &mut Tail<P>, item: P::Item) -> Result<(), P::Item> {
        self.plan_one_put(tail);
        self.ends.put(&mut tail.end, item)
    }

    /// Takes the oldest item beyond the head's limit, the ends being apart.
    fn take_beyond(&self, line: &Line, head: &mut Head<P>) -> Option<P::Item> {
        if head.tail.is_some() {
            return None;
        }
        self.ends.look(&mut head.end);
        head.end.stop_at(head.gate_at(line));
        self.ends.take(&mut head.end)
    }
}

impl<P: Places> Drop for TwoLock<P> {
    fn drop(&mut self) {
        store::empty_out(self, || {}).resume();
    }
}

impl<P: Places> fmt::Debug for TwoLock<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwoLock").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

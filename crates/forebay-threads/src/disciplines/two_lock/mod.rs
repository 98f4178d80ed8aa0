//! A lock at each end: producers meet producers, consumers meet consumers, and the two sides meet in
//! two counts.
//!
//! M. M. Michael & M. L. Scott, *Simple, Fast, and Practical Non-Blocking and Blocking Concurrent
//! Queue Algorithms* (1996), the two-lock queue. [`slots`] gives it an array of exact capacity, the
//! discipline *ring*; [`nodes`] gives it a linked list, the discipline *linked*, which alone can be
//! unbounded. [`ends`] is how far the two sides see each other without a lock.
//!
//! # One comparison
//!
//! An end that is below its limit goes on: that is the whole fast path. Whatever else there is to be
//! looked at (others stand in line, somebody of the other side sleeps, entries have come back, the buffer is
//! closed, somebody watches) *stops* the end: it sets the limit to the position, so that the next put
//! or take looks at everything, carefully, under the same lock.
//!
//! # Sleeping
//!
//! A consumer that found nothing takes its place in line, then stops the tail under the tail's lock and
//! leaves word there that it wants to be called, and then looks again. A put that held that lock
//! before is seen by the look; one that holds it after sees the word. So no fence stands between "put"
//! and "does somebody sleep?". [`careful`] has all of this. Producers stand in line at the head, with
//! their items: [`parked`].
//!
//! Locks are taken in this order: line, head, tail; wakers are woken after all.

#![expect(clippy::inline_always, reason = "the two verbs are to vanish into the handles'")]

mod careful;
mod ends;
mod nodes;
mod parked;
mod slots;

use std::collections::BTreeMap;
use std::fmt;
use std::task::Waker;
use std::vec;

use crossbeam_utils::CachePadded;
use forebay_contract::{PutError, Refusal};

use self::ends::{Ends, Places};
use self::nodes::Nodes;
use self::parked::Line;
use self::slots::{Index, Slots};
use crate::gauge::Gauge;
use crate::pause;
use crate::share::Tally;
use crate::short_lock::{Guard, ShortLock};
use crate::store::{self, Closed, Counts, Entry, Progress, Store, Taken, TakenMany, Want};
use crate::waiter::{Calls, Turn, WaitList};

/// The places of [`slots`]: the default.
pub(crate) type Ring<T> = TwoLock<Slots<T>>;
/// The places of [`nodes`].
pub(crate) type Linked<T> = TwoLock<Nodes<T>>;

pub(crate) struct TwoLock<P: Places> {
    tail: CachePadded<ShortLock<Tail<P>>>,
    head: CachePadded<ShortLock<Head<P>>>,
    ends: Ends<P>,
    not_empty: WaitList,
    /// `u64::MAX` when unbounded.
    capacity: u64,
}

/// The producers' end.
struct Tail<P: Places> {
    end: ends::Tail<P::Tail>,
    /// Entries that came back and wait at the head.
    returned: u64,
    /// Places set aside.
    reserved: u64,
    high_water: u64,
    closed: bool,
    /// Producers stand in line.
    queued: bool,
    /// Consumers sleep: call them.
    call: bool,
    /// What is to be known of every put and take, if anything is. Changed under both locks by takes,
    /// under this one by puts.
    gauge: Option<Gauge>,
}

/// The consumers' end.
struct Head<P: Places> {
    end: ends::Head<P::Head>,
    /// Entries that came back: all older than what lies between the ends.
    returned: BTreeMap<u64, Entry<P::Item>>,
    /// Of those, how many were taken.
    removed: u64,
    /// Consumers stand in line: ask before passing them.
    queued: bool,
    /// Producers that wait for room.
    parked: Line<P::Item>,
    /// As at the tail; kept here too, so that those in line look under one lock.
    closed: bool,
    /// Somebody watches for the store to become empty.
    watched: bool,
    /// Takes are told to the gauge.
    gauged: bool,
}

impl<T> Ring<T> {
    /// `None` if there is no memory for so many places.
    pub(crate) fn new(capacity: usize, gauge: Option<Gauge>) -> Option<Self> {
        let slots = Slots::new(capacity)?;
        Some(Self::of(slots, Index::default(), Index::default(), Some(capacity), gauge))
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
        let gauged = gauge.is_some();
        let rest = pause::contention(capacity);
        let (ends, tail, head) = Ends::new(places, last, first);
        let tail = Tail {
            end: tail,
            returned: 0,
            reserved: 0,
            high_water: 0,
            closed: false,
            queued: false,
            call: false,
            gauge,
        };
        let head = Head {
            end: head,
            returned: BTreeMap::new(),
            removed: 0,
            queued: false,
            parked: Line::new(),
            closed: false,
            watched: false,
            gauged,
        };
        let passes = capacity.unwrap_or(usize::MAX);
        Self {
            tail: CachePadded::new(ShortLock::new(tail, rest)),
            head: CachePadded::new(ShortLock::new(head, rest)),
            ends,
            not_empty: WaitList::new(passes),
            capacity: capacity.map_or(u64::MAX, |capacity| capacity as u64),
        }
    }

    #[inline]
    fn lock_head_then_tail(&self) -> (Guard<'_, Head<P>>, Guard<'_, Tail<P>>) {
        let head = self.head.lock();
        (head, self.tail.lock())
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
        let mut tail = self.tail.lock();
        let Err(mut item) = self.ends.put(&mut tail.end, item) else { return Ok(()) };
        if tail.is_plain() {
            self.plan_one_put(&mut tail);
            match self.ends.put(&mut tail.end, item) {
                Ok(()) => return Ok(()),
                Err(back) => item = back,
            }
        }
        self.try_carefully(tail, item, weight, calls)
    }

    fn try_put_many(&self, items: &mut vec::IntoIter<P::Item>, calls: &mut Calls) -> u64 {
        let mut tail = self.tail.lock();
        if tail.closed || tail.queued || tail.gauge.is_some() {
            return 0;
        }
        let most = self.capacity.saturating_sub(tail.reserved + tail.returned);
        let waiting = self.ends.allow(&mut tail.end, most);
        let placed = self.ends.put_many(&mut tail.end, items);
        tail.high_water = tail.high_water.max(waiting + placed + tail.returned);
        self.plan_puts(&mut tail);
        let call = tail.call;
        drop(tail);
        if call {
            self.call_consumers(placed, calls);
        }
        placed
    }

    fn put_dropping(
        &self,
        item: P::Item,
        weight: u64,
        dropped: &mut Vec<Entry<P::Item>>,
        calls: &mut Calls,
    ) -> Result<bool, PutError<P::Item>> {
        let (mut head, mut tail) = self.lock_head_then_tail();
        let refusal = if tail.closed {
            Some(Refusal::Closed)
        } else if tail.queued || !tail.could_have_room(weight, self.capacity) {
            // Also where there is room for those in line: it is theirs, by now.
            Some(Refusal::Full)
        } else {
            while !self.has_room(&tail, weight) {
                dropped.push(self.take_under_both(&mut head, &mut tail, calls));
            }
            None
        };
        if let Some(refusal) = refusal {
            return Err(PutError { item, refusal });
        }
        self.place(&mut tail, item, weight, calls);
        let (call, watched) = (tail.call, head.watched);
        drop((head, tail));
        if call {
            self.call_consumers(1, calls);
        }
        Ok(watched)
    }

    fn poll_room(
        &self,
        want: &mut Want<P::Item>,
        weight: u64,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) -> Progress<Result<(), Closed>> {
        self.poll_in_line(want, weight, turn, waker, calls)
    }

    fn cancel_put(&self, want: &mut Want<P::Item>, turn: &mut Turn, calls: &mut Calls) {
        self.leave_line(want, turn, calls);
    }

    fn try_reserve(&self, weight: u64, calls: &mut Calls) -> Result<(), Refusal> {
        self.admit(self.tail.lock(), Want::Permit, weight, calls).map_err(|(_, refusal)| refusal)
    }

    fn put_reserved(
        &self,
        item: P::Item,
        weight: u64,
        reserved: u64,
        calls: &mut Calls,
    ) -> Result<(), P::Item> {
        let (mut head, mut tail) = self.lock_head_then_tail();
        tail.release(reserved);
        if tail.closed {
            return Err(item);
        }
        self.place(&mut tail, item, weight, calls);
        let call = u64::from(tail.call);
        // It may be lighter than its permit.
        let call = call + self.serve(&mut head, &mut tail, calls);
        drop((head, tail));
        self.call_consumers(call, calls);
        Ok(())
    }

    fn release(&self, reserved: u64, calls: &mut Calls) {
        let (mut head, mut tail) = self.lock_head_then_tail();
        tail.release(reserved);
        let call = self.serve(&mut head, &mut tail, calls);
        drop((head, tail));
        self.call_consumers(call, calls);
    }

    #[inline(always)]
    fn try_take(&self, tally: &Tally, calls: &mut Calls) -> Option<Taken<P::Item>> {
        let mut head = self.head.lock();
        let position = head.end.position();
        let mut item = self.ends.take(&mut head.end);
        if item.is_none() && head.is_plain() {
            self.plan_takes(&mut head);
            item = self.ends.take(&mut head.end);
        }
        match item {
            Some(item) => {
                tally.add(1);
                Some(Taken { entry: Entry::fresh(item, position), watched: false })
            }
            None => self.take_carefully(head, &mut Turn::default(), tally, calls),
        }
    }

    fn try_take_many(
        &self,
        into: &mut Vec<P::Item>,
        most: usize,
        tally: &Tally,
        calls: &mut Calls,
    ) -> TakenMany {
        let mut head = self.head.lock();
        if head.gauged || !head.returned.is_empty() {
            return TakenMany::default();
        }
        self.look(&mut head);
        let count = self.ends.take_many(&mut head.end, into, most.min(into.capacity()));
        tally.add(count);
        let mut call = 0;
        if head.parked.is_empty() {
            self.plan_takes(&mut head);
        } else {
            call = self.serve(&mut head, &mut self.tail.lock(), calls);
        }
        let watched = head.watched;
        drop(head);
        self.call_consumers(call, calls);
        TakenMany { count, watched }
    }

    fn poll_take(
        &self,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        tally: &Tally,
        calls: &mut Calls,
    ) -> Progress<Taken<P::Item>> {
        // Once before going to sleep, once after: what came in between is seen by the second.
        if let Some(taken) = self.take_carefully(self.head.lock(), turn, tally, calls) {
            return Progress::Done(taken);
        }
        self.wait_empty(turn, waker, calls);
        self.take_carefully(self.head.lock(), turn, tally, calls)
            .map_or(Progress::Asleep, Progress::Done)
    }

    fn cancel_take(&self, turn: &mut Turn, calls: &mut Calls) {
        self.leave_empty(turn, calls);
    }

    fn give_back(&self, entry: Entry<P::Item>, calls: &mut Calls) {
        let (mut head, mut tail) = self.lock_head_then_tail();
        if let Some(gauge) = &mut tail.gauge {
            gauge.give_back(entry.weight, calls);
        }
        head.returned.insert(entry.position, entry);
        tail.returned += 1;
        let depth = tail.end.position() - head.end.position() + tail.returned;
        tail.high_water = tail.high_water.max(depth);
        self.plan_takes(&mut head);
        self.plan_puts(&mut tail);
        drop((head, tail));
        self.call_consumers(1, calls);
    }

    fn close(&self, calls: &mut Calls) {
        let (mut head, mut tail) = self.lock_head_then_tail();
        head.closed = true;
        tail.closed = true;
        self.plan_puts(&mut tail);
        head.parked.rouse(calls);
        drop((head, tail));
        self.not_empty.rouse(calls);
    }

    fn is_closed(&self) -> bool {
        self.tail.lock().closed
    }

    fn watch(&self, on: bool) {
        let mut head = self.head.lock();
        head.watched = on;
        self.plan_takes(&mut head);
    }

    fn is_empty(&self) -> bool {
        self.is_drained(&self.head.lock())
    }

    #[inline]
    fn looks_full(&self) -> bool {
        self.ends.glance() >= self.capacity
    }

    #[inline]
    fn looks_empty(&self) -> bool {
        self.ends.glance() == 0
    }

    fn glance(&self) -> u64 {
        self.ends.glance()
    }

    fn rouse_consumers(&self, calls: &mut Calls) {
        self.not_empty.rouse(calls);
    }

    fn counts(&self) -> Counts {
        let (head, tail) = self.lock_head_then_tail();
        Counts {
            produced: tail.end.position(),
            removed: head.end.position() + head.removed,
            waiting: tail.end.position() - head.end.position() + tail.returned,
            reserved: tail.reserved,
            weight: tail.gauge.as_ref().map_or(0, Gauge::weight),
            high_water: tail.high_water,
        }
    }

    fn waiters(&self) -> (usize, usize) {
        (self.head.lock().parked.len(), self.not_empty.asleep())
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

//! Both ends in one hand: what there is to do when somebody waits, or anything else is rare.
//!
//! All of it is sequential, under the head's lock. After each step a producer in line is served while there is
//! room, and consumers in line are called while items wait.

use std::collections::BTreeMap;
use std::mem;

use forebay_contract::Refusal;

use super::ends::{self, Places};
use super::parked;
use super::sleepers::Line;
use super::{Head, Tail, TwoLock};
use crate::atomics::Ordering;
use crate::calls::Calls;
use crate::gauge::Gauge;
use crate::store::{Closed, Entry, Progress, Want};
use crate::waiter::{MOST_TURNS, Sleeper, Turn};

/// What is rare.
pub(super) struct Rare<T> {
    /// Entries that came back: all older than what lies between the ends.
    returned: BTreeMap<u64, Entry<T>>,
    /// Of those, how many were taken.
    removed: u64,
    /// Places set aside.
    pub(super) reserved: u64,
    /// Producers that wait for room.
    pub(super) parked: parked::Line<T>,
    /// What is to be known of every put and take, if anything is.
    gauge: Option<Gauge>,
    pub(super) closed: bool,
    /// Somebody watches for the store to become empty.
    pub(super) watched: bool,
}

impl<T> Rare<T> {
    pub(super) fn new(gauge: Option<Gauge>) -> Self {
        Self {
            returned: BTreeMap::new(),
            removed: 0,
            reserved: 0,
            parked: parked::Line::new(),
            gauge,
            closed: false,
            watched: false,
        }
    }

    /// Whether there is nothing of all this.
    #[inline(always)]
    fn is_quiet(&self) -> bool {
        self.parked.is_empty()
            && self.returned.is_empty()
            && self.reserved == 0
            && self.gauge.is_none()
            && !(self.closed || self.watched)
    }

    /// Entries that came back, and wait.
    pub(super) fn returned(&self) -> u64 {
        self.returned.len() as u64
    }

    /// Of those that came back, how many were taken.
    pub(super) fn removed(&self) -> u64 {
        self.removed
    }

    pub(super) fn weight(&self) -> u64 {
        self.gauge.as_ref().map_or(0, Gauge::weight)
    }
}

/// Both ends, the consumers' line, and what is rare.
pub(super) struct Whole<'a, P: Places> {
    store: &'a TwoLock<P>,
    line: &'a mut Line,
    head: &'a mut ends::Head<P::Head>,
    tail: &'a mut Tail<P>,
    pub(super) rare: &'a mut Rare<P::Item>,
}

impl<P: Places> TwoLock<P> {
    /// Makes both ends one, if they are not.
    #[inline(always)]
    pub(super) fn whole<'a>(&'a self, line: &'a mut Line, head: &'a mut Head<P>) -> Whole<'a, P> {
        let Head { end, tail, rare } = head;
        let tail = tail.get_or_insert_with(|| {
            end.stop();
            self.is_whole.store(true, Ordering::Relaxed);
            self.tail.lock().take().expect("the tail is here or there")
        });
        Whole { store: self, line, head: end, tail, rare }
    }

    /// Parts the ends again, if they are one and nothing is rare any more.
    #[inline(always)]
    pub(super) fn part(&self, line: &Line, head: &mut Head<P>) {
        if head.rare.is_quiet()
            && !line.is_due(head.turns())
            && let Some(mut tail) = head.tail.take()
        {
            self.plan_puts(&mut tail);
            self.is_whole.store(false, Ordering::Relaxed);
            *self.tail.lock() = Some(tail);
            self.ends.look(&mut head.end);
            head.end.stop_at(head.gate_at(line));
        }
    }
}

impl<P: Places> Whole<'_, P> {
    /// Items that wait.
    #[inline(always)]
    fn depth(&self) -> u64 {
        self.tail.end.position() - self.head.position() + self.rare.returned()
    }

    /// Takes so far, for those who count their turns.
    #[inline(always)]
    fn turns(&self) -> u64 {
        self.head.position() + self.rare.removed
    }

    /// Whether one more of this weight may wait.
    #[inline(always)]
    fn has_room(&self, weight: u64) -> bool {
        self.depth() + self.rare.reserved < self.store.capacity
            && self.rare.gauge.as_ref().is_none_or(|gauge| gauge.fits(weight))
    }

    /// Whether one of this weight would have room if nothing waited.
    fn could_have_room(&self, weight: u64) -> bool {
        self.rare.reserved < self.store.capacity
            && self.rare.gauge.as_ref().is_none_or(|gauge| gauge.could_fit(weight))
    }

    /// Puts the item, for which there is room.
    #[inline(always)]
    fn place(&mut self, item: P::Item, weight: u64, calls: &mut Calls) {
        self.store.ends.put_here(&mut self.tail.end, self.head, item);
        if let Some(gauge) = &mut self.rare.gauge {
            gauge.put(weight, calls);
        }
        self.mark();
    }

    #[inline(always)]
    fn mark(&mut self) {
        self.tail.high_water = self.tail.high_water.max(self.depth());
    }

    #[inline(always)]
    fn admit(&mut self, want: Want<P::Item>, weight: u64, calls: &mut Calls) {
        match want {
            Want::Item(item) => self.place(item, weight, calls),
            Want::Permit => {
                self.rare.reserved += 1;
                if let Some(gauge) = &mut self.rare.gauge {
                    gauge.reserve(weight);
                }
            }
            Want::Nothing => {}
        }
    }

    /// Ends a permit.
    fn release_one(&mut self, weight: u64) {
        self.rare.reserved -= 1;
        if let Some(gauge) = &mut self.rare.gauge {
            gauge.release(weight);
        }
    }

    /// The oldest entry, if anything waits.
    #[inline(always)]
    fn take_oldest(&mut self, calls: &mut Calls) -> Option<Entry<P::Item>> {
        if !self.rare.returned.is_empty()
            && let Some((_, entry)) = self.rare.returned.pop_first()
        {
            self.rare.removed += 1;
            if let Some(gauge) = &mut self.rare.gauge {
                gauge.take_returned(entry.weight, calls);
            }
            return Some(entry);
        }
        let position = self.head.position();
        let item = self.store.ends.take_here(self.head, &self.tail.end)?;
        let mut entry = Entry::fresh(item, position);
        if let Some(gauge) = &mut self.rare.gauge {
            entry.weight = gauge.take_fresh(calls);
        }
        Some(entry)
    }

    /// Serves producers in line while there is room; then calls consumers in line, if items wait.
    #[inline(always)]
    fn serve(&mut self, calls: &mut Calls) {
        if !self.rare.parked.is_empty() {
            self.serve_producers(calls);
        }
        self.call_consumers(calls);
    }

    #[inline(always)]
    fn serve_producers(&mut self, calls: &mut Calls) {
        while let Some(weight) = self.rare.parked.first_weight()
            && !self.rare.closed
            && self.has_room(weight)
            && let Some((want, weight)) = self.rare.parked.call_out(calls)
        {
            self.admit(want, weight, calls);
            // Release: pairs with the Acquire in `TwoLock::poll_room`: whoever sees itself served sees
            // all that came with it.
            self.store.served.store(self.rare.parked.served(), Ordering::Release);
        }
    }

    #[inline(always)]
    fn call_consumers(&mut self, calls: &mut Calls) {
        if self.line.asleep() > 0 {
            let (items, turns) = (self.depth(), self.turns());
            self.line.call_for(items, turns, self.store.head.shared(), calls);
        }
    }

    /// Whether the want may be admitted now: those in line come first.
    #[inline(always)]
    fn refusal(&self, weight: u64) -> Option<Refusal> {
        if self.rare.closed {
            Some(Refusal::Closed)
        } else if self.rare.parked.is_empty() && self.has_room(weight) {
            None
        } else {
            Some(Refusal::Full)
        }
    }

    pub(super) fn try_admit(
        &mut self,
        want: Want<P::Item>,
        weight: u64,
        calls: &mut Calls,
    ) -> Result<(), (Want<P::Item>, Refusal)> {
        if let Some(refusal) = self.refusal(weight) {
            return Err((want, refusal));
        }
        self.admit(want, weight, calls);
        self.call_consumers(calls);
        Ok(())
    }

    /// As [`try_admit`](Self::try_admit), for an item that nobody has weighed: where that is asked for, it
    /// comes back.
    #[inline(always)]
    pub(super) fn try_put(&mut self, item: P::Item, calls: &mut Calls) -> Result<(), P::Item> {
        if self.rare.gauge.is_some() || self.refusal(1).is_some() {
            return Err(item);
        }
        self.place(item, 1, calls);
        self.call_consumers(calls);
        Ok(())
    }

    pub(super) fn put_many(
        &mut self,
        items: &mut std::vec::IntoIter<P::Item>,
        calls: &mut Calls,
    ) -> u64 {
        let mut placed = 0;
        while self.refusal(1).is_none()
            && let Some(item) = items.next()
        {
            self.place(item, 1, calls);
            placed += 1;
        }
        self.call_consumers(calls);
        placed
    }

    pub(super) fn put_dropping(
        &mut self,
        item: P::Item,
        weight: u64,
        dropped: &mut Vec<Entry<P::Item>>,
        calls: &mut Calls,
    ) -> Result<bool, (P::Item, Refusal)> {
        if self.rare.closed {
            return Err((item, Refusal::Closed));
        }
        // Also where there is room for those in line: it is theirs, by now.
        if !self.rare.parked.is_empty() || !self.could_have_room(weight) {
            return Err((item, Refusal::Full));
        }
        while !self.has_room(weight) {
            dropped.push(self.take_oldest(calls).expect("what waits is in the way"));
        }
        self.place(item, weight, calls);
        self.call_consumers(calls);
        Ok(self.rare.watched)
    }

    pub(super) fn put_reserved(
        &mut self,
        item: P::Item,
        weight: u64,
        reserved: u64,
        calls: &mut Calls,
    ) -> Result<(), P::Item> {
        self.release_one(reserved);
        if self.rare.closed {
            return Err(item);
        }
        self.place(item, weight, calls);
        // It may be lighter than its permit.
        self.serve(calls);
        Ok(())
    }

    pub(super) fn release(&mut self, reserved: u64, calls: &mut Calls) {
        self.release_one(reserved);
        self.serve(calls);
    }

    /// Puts the entry back at its position, room or not.
    pub(super) fn give_back(&mut self, entry: Entry<P::Item>, calls: &mut Calls) {
        if let Some(gauge) = &mut self.rare.gauge {
            gauge.give_back(entry.weight, calls);
        }
        self.rare.returned.insert(entry.position, entry);
        self.mark();
        self.call_consumers(calls);
    }

    /// Whether the holder of this turn may take, or has to leave it to the oldest in line (C10).
    #[inline(always)]
    fn admits(&self, turn: &Turn) -> bool {
        self.line.gate() > self.turns()
            || turn.number().is_some_and(|number| self.line.is_oldest(number))
    }

    /// For one that does not stand in line.
    #[inline(always)]
    pub(super) fn try_take(&mut self, calls: &mut Calls) -> Option<Entry<P::Item>> {
        if !self.admits(&Turn::default()) {
            return None;
        }
        let entry = self.take_oldest(calls)?;
        self.serve(calls);
        Some(entry)
    }

    pub(super) fn take_many(
        &mut self,
        into: &mut Vec<P::Item>,
        most: usize,
        calls: &mut Calls,
    ) -> u64 {
        let before = into.len();
        while into.len() < most
            && self.admits(&Turn::default())
            && let Some(entry) = self.take_oldest(calls)
        {
            into.push(entry.item);
        }
        self.serve(calls);
        (into.len() - before) as u64
    }

    /// Places or sets aside what is wanted, or stands in line for it; or, in line already, sees how it
    /// stands. `None` if a copy of the waker is needed.
    #[inline(always)]
    pub(super) fn poll_room(
        &mut self,
        want: &mut Want<P::Item>,
        weight: u64,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        calls: &mut Calls,
    ) -> Option<Progress<Result<(), Closed>>> {
        let Some(number) = turn.number() else {
            return match self.refusal(weight) {
                None => {
                    self.admit(mem::replace(want, Want::Nothing), weight, calls);
                    self.call_consumers(calls);
                    Some(Progress::Done(Ok(())))
                }
                Some(Refusal::Closed) => Some(Progress::Done(Err(Closed))),
                Some(_) => {
                    let waker = sleeper.copy()?;
                    let wanted = mem::replace(want, Want::Nothing);
                    turn.set_number(self.rare.parked.join(wanted, weight, waker));
                    Some(Progress::Asleep)
                }
            };
        };
        if !self.rare.parked.contains(number) {
            turn.clear();
            return Some(Progress::Done(Ok(())));
        }
        if self.rare.closed {
            self.leave_room(want, turn, calls);
            return Some(Progress::Done(Err(Closed)));
        }
        self.rare.parked.sleep_on(number, sleeper, calls).then_some(Progress::Asleep)
    }

    /// Leaves the producers' line, if in it. What was wanted comes back, unless it has been served.
    pub(super) fn leave_room(
        &mut self,
        want: &mut Want<P::Item>,
        turn: &mut Turn,
        calls: &mut Calls,
    ) {
        let number = turn.number();
        turn.clear();
        if let Some(wanted) = number.and_then(|number| self.rare.parked.leave(number, calls)) {
            *want = wanted;
            // The next may be lighter.
            self.serve(calls);
        }
    }

    /// Takes the oldest entry, or stands in line for one. `None` if a copy of the waker is needed.
    #[inline(always)]
    pub(super) fn poll_take(
        &mut self,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        calls: &mut Calls,
    ) -> Option<Progress<Entry<P::Item>>> {
        if self.admits(turn)
            && let Some(entry) = self.take_oldest(calls)
        {
            if let Some(number) = turn.number() {
                turn.clear();
                self.line.leave(number, calls);
            }
            self.serve(calls);
            return Some(Progress::Done(entry));
        }
        if let Some(number) = turn.number() {
            if !self.line.sleep_on(number, sleeper, calls) {
                return None;
            }
        } else {
            let waker = sleeper.copy()?;
            let limit = self.turns() + 2 * (self.store.capacity.min(MOST_TURNS) + 1);
            turn.set_number(self.line.join(waker, limit));
        }
        // Where there are items, they are for one that was here before.
        self.call_consumers(calls);
        Some(Progress::Asleep)
    }

    /// Leaves the consumers' line, if in it; then there may be something for a producer in line, or for the
    /// next.
    pub(super) fn leave_empty(&mut self, turn: &mut Turn, calls: &mut Calls) {
        if let Some(number) = turn.number() {
            turn.clear();
            self.line.leave(number, calls);
            self.serve(calls);
        }
    }

    pub(super) fn close(&mut self, calls: &mut Calls) {
        self.rare.closed = true;
        self.rare.parked.rouse(calls);
        self.line.rouse(calls);
    }
}

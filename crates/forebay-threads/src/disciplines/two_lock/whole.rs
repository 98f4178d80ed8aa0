//! Both ends in one hand: what there is to do when somebody waits, or anything else is rare.
//!
//! All of it is sequential, under the head's lock. After each step a producer in line is served while there is
//! room, and consumers in line are called while items wait.

use std::collections::BTreeMap;
use std::mem;

use forebay_contract::Refusal;

use super::ends::{self, Ends, Places};
use super::parked;
use super::sleepers::{Line, Sleepers};
use super::{Head, Tail, TwoLock};
use crate::atomics::{Arc, Ordering};
use crate::gauge::Gauge;
use crate::store::{Closed, Entry, Progress, Want};
use crate::waiter::{Calls, MOST_TURNS, Sleeper, Turn};

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
    /// Consumers in line that are to be called if items come.
    due: u64,
    /// The oldest consumer in line, and the count of turns from which on nobody passes it.
    oldest: Option<(u64, u64)>,
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
            due: 0,
            oldest: None,
            gauge,
            closed: false,
            watched: false,
        }
    }

    /// Whether there is nothing of all this.
    fn is_quiet(&self) -> bool {
        self.due == 0
            && self.parked.is_empty()
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

    /// Notes how the consumers' line stands.
    pub(super) fn note_line(&mut self, line: &Line, turns: u64) {
        self.due = line.due(turns);
        self.oldest = line.oldest();
    }

    /// The count of turns from which on nobody passes the oldest in line.
    fn gate(&self) -> u64 {
        self.oldest.map_or(u64::MAX, |(_, limit)| limit)
    }

    /// The position of the head from which on nobody does.
    pub(super) fn gate_at(&self) -> u64 {
        self.gate().saturating_sub(self.removed)
    }

    pub(super) fn weight(&self) -> u64 {
        self.gauge.as_ref().map_or(0, Gauge::weight)
    }
}

/// Both ends, and what is rare.
pub(super) struct Whole<'a, P: Places> {
    ends: &'a Ends<P>,
    sleepers: &'a Arc<Sleepers>,
    capacity: u64,
    head: &'a mut ends::Head<P::Head>,
    tail: &'a mut Tail<P>,
    pub(super) rare: &'a mut Rare<P::Item>,
}

impl<P: Places> TwoLock<P> {
    /// Makes both ends one, if they are not.
    pub(super) fn whole<'a>(&'a self, head: &'a mut Head<P>) -> Whole<'a, P> {
        let Head { end, tail, rare } = head;
        let tail = tail.get_or_insert_with(|| {
            end.stop();
            self.is_whole.store(true, Ordering::Relaxed);
            self.tail.lock().take().expect("the tail is here or there")
        });
        Whole {
            ends: &self.ends,
            sleepers: &self.sleepers,
            capacity: self.capacity,
            head: end,
            tail,
            rare,
        }
    }

    /// Parts the ends again, if they are one and nothing is rare any more.
    #[inline]
    pub(super) fn part(&self, head: &mut Head<P>) {
        if head.rare.is_quiet()
            && let Some(mut tail) = head.tail.take()
        {
            self.plan_puts(&mut tail);
            self.is_whole.store(false, Ordering::Relaxed);
            *self.tail.lock() = Some(tail);
            self.ends.look(&mut head.end);
            head.end.stop_at(head.rare.gate_at());
        }
    }
}

impl<P: Places> Whole<'_, P> {
    /// Items that wait.
    fn depth(&self) -> u64 {
        self.tail.end.position() - self.head.position() + self.rare.returned()
    }

    /// Takes so far, for those who count their turns.
    fn turns(&self) -> u64 {
        self.head.position() + self.rare.removed
    }

    fn note_line(&mut self, line: &Line) {
        let turns = self.turns();
        self.rare.note_line(line, turns);
    }

    /// Whether one more of this weight may wait.
    fn has_room(&self, weight: u64) -> bool {
        self.depth() + self.rare.reserved < self.capacity
            && self.rare.gauge.as_ref().is_none_or(|gauge| gauge.fits(weight))
    }

    /// Whether one of this weight would have room if nothing waited.
    fn could_have_room(&self, weight: u64) -> bool {
        self.rare.reserved < self.capacity
            && self.rare.gauge.as_ref().is_none_or(|gauge| gauge.could_fit(weight))
    }

    /// Puts the item, for which there is room.
    fn place(&mut self, item: P::Item, weight: u64, calls: &mut Calls) {
        self.ends.allow(&mut self.tail.end, u64::MAX);
        assert!(self.ends.put(&mut self.tail.end, item).is_ok(), "a place where there is room");
        if let Some(gauge) = &mut self.rare.gauge {
            gauge.put(weight, calls);
        }
        self.mark();
    }

    fn mark(&mut self) {
        self.tail.high_water = self.tail.high_water.max(self.depth());
    }

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
        self.ends.look(self.head);
        let item = self.ends.take(self.head)?;
        self.head.stop();
        let mut entry = Entry::fresh(item, position);
        if let Some(gauge) = &mut self.rare.gauge {
            entry.weight = gauge.take_fresh(calls);
        }
        Some(entry)
    }

    /// Serves producers in line while there is room; then calls consumers in line, if items wait.
    fn serve(&mut self, calls: &mut Calls) {
        while let Some(weight) = self.rare.parked.first_weight()
            && !self.rare.closed
            && self.has_room(weight)
            && let Some((want, weight)) = self.rare.parked.call_out(calls)
        {
            self.admit(want, weight, calls);
        }
        self.call_consumers(calls);
    }

    #[inline]
    fn call_consumers(&mut self, calls: &mut Calls) {
        let items = self.depth();
        if self.rare.due > 0 && items > 0 {
            let mut line = self.sleepers.lock();
            self.sleepers.call_for(&mut line, items, self.turns(), calls);
            self.note_line(&line);
        }
    }

    /// Whether the want may be admitted now: those in line come first.
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
    #[inline]
    fn admits(&mut self, turn: &Turn) -> bool {
        self.rare.gate() > self.turns() || self.admits_at_the_gate(turn)
    }

    #[cold]
    fn admits_at_the_gate(&mut self, turn: &Turn) -> bool {
        // It may have been found absent meanwhile.
        self.note_line(&self.sleepers.lock());
        self.rare
            .oldest
            .is_none_or(|(oldest, limit)| limit > self.turns() || turn.number() == Some(oldest))
    }

    pub(super) fn try_take(&mut self, turn: &Turn, calls: &mut Calls) -> Option<Entry<P::Item>> {
        if !self.admits(turn) {
            return None;
        }
        let entry = self.take_oldest(calls)?;
        if !self.rare.parked.is_empty() {
            self.serve(calls);
        }
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
    pub(super) fn poll_room(
        &mut self,
        want: &mut Want<P::Item>,
        weight: u64,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        calls: &mut Calls,
    ) -> Option<Progress<Result<(), Closed>>> {
        let Some(number) = turn.number() else {
            let wanted = mem::replace(want, Want::Nothing);
            return match self.try_admit(wanted, weight, calls) {
                Ok(()) => Some(Progress::Done(Ok(()))),
                Err((back, Refusal::Closed)) => {
                    *want = back;
                    Some(Progress::Done(Err(Closed)))
                }
                Err((back, _)) => {
                    let Some(waker) = sleeper.copy() else {
                        *want = back;
                        return None;
                    };
                    turn.set_number(self.rare.parked.join(back, weight, waker));
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
    pub(super) fn poll_take(
        &mut self,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        calls: &mut Calls,
    ) -> Option<Progress<Entry<P::Item>>> {
        if let Some(entry) = self.try_take(turn, calls) {
            self.leave_empty(turn, calls);
            return Some(Progress::Done(entry));
        }
        let mut line = self.sleepers.lock();
        if let Some(number) = turn.number() {
            if !line.sleep_on(number, sleeper, calls) {
                return None;
            }
        } else {
            let waker = sleeper.copy()?;
            let limit = self.turns() + 2 * (self.capacity.min(MOST_TURNS) + 1);
            turn.set_number(line.join(waker, limit));
        }
        // Where there are items, they are for one that was here before.
        self.sleepers.call_for(&mut line, self.depth(), self.turns(), calls);
        self.note_line(&line);
        Some(Progress::Asleep)
    }

    /// Leaves the consumers' line, if in it; then the next may be called for what is left.
    pub(super) fn leave_empty(&mut self, turn: &mut Turn, calls: &mut Calls) {
        let Some(number) = turn.number() else { return };
        turn.clear();
        let mut line = self.sleepers.lock();
        line.leave(number, calls);
        self.sleepers.call_for(&mut line, self.depth(), self.turns(), calls);
        self.note_line(&line);
    }

    pub(super) fn close(&mut self, calls: &mut Calls) {
        self.rare.closed = true;
        self.rare.parked.rouse(calls);
        let mut line = self.sleepers.lock();
        line.rouse(calls);
        self.note_line(&line);
    }
}

//! Both ends in one hand: what there is to do when somebody waits, or anything else is rare.
//!
//! All of it is sequential, under the head's lock. After each step what can be served is served: a
//! producer in line while there is room, a consumer in line while an item waits. So nobody stands in line
//! for what is there.

use std::collections::BTreeMap;
use std::mem;

use forebay_contract::Refusal;

use super::ends::{self, Ends, Places};
use super::handed::Handed;
use super::parked;
use super::sleepers::{Line, Next, SleepOn, Sleepers};
use super::{Head, Tail, TwoLock};
use crate::atomics::{Arc, Ordering};
use crate::gauge::Gauge;
use crate::store::{Closed, Entry, Progress, Want};
use crate::waiter::{Calls, MOST_TURNS, Sleeper, Turn};

/// How many steps in a row must have found nothing rare before the ends part again, once a task has stood in
/// line: it soon does again. A thread that sleeps does so for longer than it takes to part and join.
const LINGER: u32 = if cfg!(any(loom, shuttle)) { 1 } else { 16 };

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
    /// Consumers in line that are to be called or handed an item.
    unserved: u64,
    /// The count of turns from which on nobody passes the first consumer in line.
    pub(super) gate: u64,
    pub(super) handed: Handed<T>,
    /// What is to be known of every put and take, if anything is.
    gauge: Option<Gauge>,
    pub(super) closed: bool,
    /// Somebody watches for the store to become empty.
    pub(super) watched: bool,
    /// Steps in a row that found nothing rare.
    quiet: u32,
    /// How many it takes.
    linger: u32,
}

impl<T> Rare<T> {
    pub(super) fn new(gauge: Option<Gauge>, max_leased: u64) -> Self {
        Self {
            returned: BTreeMap::new(),
            removed: 0,
            reserved: 0,
            parked: parked::Line::new(),
            unserved: 0,
            gate: u64::MAX,
            handed: Handed::new(max_leased),
            gauge,
            closed: false,
            watched: false,
            quiet: 0,
            linger: 0,
        }
    }

    /// Somebody stands in line.
    fn note_sleeper(&mut self, sleeper: &Sleeper<'_>) {
        self.linger = if sleeper.is_thread() { 0 } else { LINGER };
    }

    /// Whether there is nothing of all this.
    fn is_quiet(&self) -> bool {
        self.unserved == 0
            && self.parked.is_empty()
            && self.handed.waiting() == 0
            && self.returned.is_empty()
            && self.reserved == 0
            && self.gauge.is_none()
            && !(self.closed || self.watched)
    }

    /// Waiting, beside what lies between the ends.
    pub(super) fn waiting(&self) -> u64 {
        self.returned.len() as u64 + self.handed.waiting()
    }

    /// Entries that left, beside those that left the places between the ends, may be fewer than none.
    pub(super) fn removed(&self, from_places: u64) -> u64 {
        from_places + self.removed - self.handed.not_received()
    }

    /// Notes how the consumers' line stands.
    fn note_line(&mut self, line: &Line) {
        self.unserved = line.unserved();
        self.gate = line.limit();
    }

    /// The position of the head from which on nobody passes the first in line.
    pub(super) fn gate_at(&self) -> u64 {
        self.gate.saturating_sub(self.removed)
    }

    pub(super) fn weight(&self) -> u64 {
        let held = self.handed.waiting_weight();
        self.gauge.as_ref().map_or(0, |gauge| gauge.weight().saturating_add(held))
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
            rare.quiet = 0;
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

    /// Parts the ends again once it has been quiet for some steps.
    #[inline]
    pub(super) fn part(&self, head: &mut Head<P>) {
        if !head.rare.is_quiet() {
            head.rare.quiet = 0;
            return;
        }
        head.rare.quiet += 1;
        if head.rare.quiet > head.rare.linger
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
    fn depth(&self) -> u64 {
        self.tail.end.position() - self.head.position() + self.rare.waiting()
    }

    /// Items that can be taken.
    fn items(&self) -> u64 {
        self.tail.end.position() - self.head.position() + self.rare.returned.len() as u64
    }

    /// Takes so far, for those who count their turns.
    fn turns(&self) -> u64 {
        self.head.position() + self.rare.removed
    }

    /// Whether one more of this weight may wait.
    pub(super) fn has_room(&self, weight: u64) -> bool {
        self.depth() + self.rare.reserved < self.capacity
            && self.rare.gauge.as_ref().is_none_or(|gauge| {
                gauge.fits(weight.saturating_add(self.rare.handed.waiting_weight()))
            })
    }

    /// Whether one of this weight would have room if nothing waited that can be dropped.
    fn could_have_room(&self, weight: u64) -> bool {
        let held = &self.rare.handed;
        self.rare.reserved + held.waiting() < self.capacity
            && self
                .rare
                .gauge
                .as_ref()
                .is_none_or(|gauge| gauge.could_fit(weight.saturating_add(held.waiting_weight())))
    }

    /// Puts the item, for which there is room.
    fn place(&mut self, item: P::Item, weight: u64, calls: &mut Calls) {
        self.ends.allow(&mut self.tail.end, u64::MAX);
        assert!(self.ends.put(&mut self.tail.end, item).is_ok(), "a place where there is room");
        if let Some(gauge) = &mut self.rare.gauge {
            gauge.put(weight, calls);
        }
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

    /// Puts the entry back at its position, room or not.
    fn put_back(&mut self, entry: Entry<P::Item>, calls: &mut Calls) {
        if let Some(gauge) = &mut self.rare.gauge {
            gauge.give_back(entry.weight, calls);
        }
        self.rare.returned.insert(entry.position, entry);
    }

    /// Serves those in line, each side the oldest first, as far as can be.
    pub(super) fn serve(&mut self, calls: &mut Calls) {
        loop {
            if self.serve_consumer(calls) {
            } else if !self.rare.closed
                && let Some(weight) = self.rare.parked.first_weight()
                && self.has_room(weight)
                && let Some((want, weight)) = self.rare.parked.call_out(calls)
            {
                self.admit(want, weight, calls);
            } else {
                break;
            }
        }
        self.mark();
    }

    /// Hands an item to the next consumer in line, or calls it; false if there is no need.
    fn serve_consumer(&mut self, calls: &mut Calls) -> bool {
        let (items, turns) = (self.items(), self.turns());
        if items == 0 || (self.rare.unserved == 0 && self.rare.gate > turns) {
            return false;
        }
        let mut line = self.sleepers.lock();
        let next = line.next(items, turns, calls);
        self.rare.note_line(&line);
        drop(line);
        match next {
            Next::Nobody => return false,
            Next::Called => {}
            Next::Hand(number) => {
                let entry = self.take_oldest(calls).expect("something waits");
                self.rare.handed.hand(number, entry);
                if self.rare.unserved > 0 && !self.sleepers.is_alarmed() {
                    // Others wait behind one that may never come.
                    self.rare.handed.note_oldest();
                    self.sleepers.set_alarm(calls);
                }
            }
        }
        true
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
        self.serve(calls);
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
            self.serve(calls);
        }
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
        self.serve(calls);
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

    pub(super) fn give_back(&mut self, entry: Entry<P::Item>, calls: &mut Calls) {
        self.put_back(entry, calls);
        self.mark();
        self.serve(calls);
    }

    pub(super) fn try_take(&mut self, calls: &mut Calls) -> Option<Entry<P::Item>> {
        if self.rare.gate <= self.turns() {
            self.serve(calls);
        }
        let mut entry = self.take_oldest(calls);
        if entry.is_none() && self.look_after_absent(calls) {
            entry = self.take_oldest(calls);
        }
        if entry.is_some() {
            self.serve(calls);
        }
        entry
    }

    pub(super) fn take_many(
        &mut self,
        into: &mut Vec<P::Item>,
        most: usize,
        calls: &mut Calls,
    ) -> u64 {
        let before = into.len();
        if self.rare.gate <= self.turns() {
            self.serve(calls);
        }
        while into.len() < most
            && self.rare.gate > self.turns()
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
                    self.rare.note_sleeper(sleeper);
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

    /// Takes the oldest entry, or stands in line for one; or, in line already, sees what it was handed.
    /// `None` if a copy of the waker is needed.
    pub(super) fn poll_take(
        &mut self,
        turn: &mut Turn,
        sleeper: &mut Sleeper<'_>,
        calls: &mut Calls,
    ) -> Option<Progress<Entry<P::Item>>> {
        if let Some(number) = turn.number() {
            // Handed since it looked last, or taken back for it from one that does not come.
            let mut entry = self.rare.handed.receive(number);
            if entry.is_none() && self.look_after_absent(calls) {
                entry = self.rare.handed.receive(number);
            }
            if let Some(entry) = entry {
                turn.clear();
                self.serve(calls);
                return Some(Progress::Done(entry));
            }
            if self.items() > 0 {
                let entry = self.take_oldest(calls);
                self.leave_line(turn, calls);
                return entry.map(Progress::Done);
            }
            let mut line = self.sleepers.lock();
            let slept = line.sleep_on(number, sleeper, calls);
            self.rare.note_line(&line);
            match slept {
                SleepOn::Asleep => return Some(Progress::Asleep),
                SleepOn::NeedsCopy => return None,
                SleepOn::Lost => {}
            }
        }
        if let Some(entry) = self.try_take(calls) {
            turn.clear();
            return Some(Progress::Done(entry));
        }
        let waker = sleeper.copy()?;
        self.rare.note_sleeper(sleeper);
        let limit = self.turns() + 2 * (self.capacity.min(MOST_TURNS) + 1);
        let mut line = self.sleepers.lock();
        match turn.number() {
            Some(number) => line.join_again(number, waker, sleeper.is_thread(), limit),
            None => turn.set_number(line.join(waker, sleeper.is_thread(), limit)),
        }
        self.rare.note_line(&line);
        Some(Progress::Asleep)
    }

    /// Leaves the consumers' line; then whoever is next may be called for what is left.
    fn leave_line(&mut self, turn: &mut Turn, calls: &mut Calls) {
        let Some(number) = turn.number() else { return };
        turn.clear();
        let mut line = self.sleepers.lock();
        line.leave(number, calls);
        self.rare.note_line(&line);
        drop(line);
        self.serve(calls);
    }

    /// Leaves the consumers' line. What it was handed goes back.
    pub(super) fn leave_empty(&mut self, turn: &mut Turn, calls: &mut Calls) {
        let entry = turn.number().and_then(|number| self.rare.handed.take_back(number));
        match entry {
            Some(entry) => {
                turn.clear();
                self.give_back(entry, calls);
            }
            None => self.leave_line(turn, calls),
        }
    }

    /// Where items were handed and somebody finds nothing: sets the alarm, to see later whether they
    /// have come for them; and takes the item back from one that has not, true then.
    #[inline]
    fn look_after_absent(&mut self, calls: &mut Calls) -> bool {
        !self.rare.handed.is_empty() && !self.sleepers.is_alarmed() && self.take_back_absent(calls)
    }

    #[cold]
    fn take_back_absent(&mut self, calls: &mut Calls) -> bool {
        let rung = self.sleepers.lock().has_rung();
        let overdue = self.rare.handed.note_oldest().filter(|_| rung);
        let entry = overdue.and_then(|number| self.rare.handed.take_back(number));
        let taken_back = entry.is_some();
        if let Some(entry) = entry {
            self.give_back(entry, calls);
            self.rare.handed.note_oldest();
        }
        if !self.rare.handed.is_empty() {
            self.sleepers.set_alarm(calls);
        }
        taken_back
    }

    /// Takes back all that was handed: nobody is left who could come for it.
    pub(super) fn recall(&mut self, calls: &mut Calls) {
        while let Some(number) = self.rare.handed.oldest() {
            if let Some(entry) = self.rare.handed.take_back(number) {
                self.put_back(entry, calls);
            }
        }
    }

    pub(super) fn close(&mut self, calls: &mut Calls) {
        self.rare.closed = true;
        self.rare.parked.rouse(calls);
        self.rouse_consumers(calls);
    }

    /// Has all consumers in line look again.
    pub(super) fn rouse_consumers(&mut self, calls: &mut Calls) {
        let mut line = self.sleepers.lock();
        line.rouse(calls);
        self.rare.note_line(&line);
    }
}

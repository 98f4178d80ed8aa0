//! What an end does that has to look: room and order, those who wait, what came back.

use std::task::Waker;

use forebay_contract::{PutError, Refusal};

use super::ends::Places;
use super::{Head, Tail, TwoLock};
use crate::share::Tally;
use crate::short_lock::Guard;
use crate::store::{Entry, Taken, Want};
use crate::waiter::{Calls, Turn};

impl<P: Places> Tail<P> {
    /// Whether there is nothing to look at but the room.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        !(self.closed || self.queued || self.call || self.gauge.is_some())
    }

    /// Whether an item of this weight would have room if nothing waited.
    pub(super) fn could_have_room(&self, weight: u64, capacity: u64) -> bool {
        self.reserved < capacity && self.gauge.as_ref().is_none_or(|gauge| gauge.could_fit(weight))
    }

    pub(super) fn reserve(&mut self, weight: u64) {
        self.reserved += 1;
        if let Some(gauge) = &mut self.gauge {
            gauge.reserve(weight);
        }
    }

    /// Ends a permit.
    pub(super) fn release(&mut self, weight: u64) {
        self.reserved -= 1;
        if let Some(gauge) = &mut self.gauge {
            gauge.release(weight);
        }
    }
}

impl<P: Places> Head<P> {
    /// Takes so far, for those who count their turns.
    #[inline]
    pub(super) fn turns(&self) -> u64 {
        self.end.position() + self.removed
    }

    /// Whether there is nothing to look at but what lies between the ends.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        !(self.watched || self.gauged) && self.returned.is_empty() && self.parked.is_empty()
    }
}

impl<P: Places> TwoLock<P> {
    /// Whether there is room for one more of this weight, as it stands under the tail's lock. Takes go
    /// on meanwhile, and only make more.
    pub(super) fn has_room(&self, tail: &Tail<P>, weight: u64) -> bool {
        let waiting = tail.end.position() - self.ends.taken_so_far() + tail.returned;
        waiting + tail.reserved < self.capacity
            && tail.gauge.as_ref().is_none_or(|gauge| gauge.fits(weight))
    }

    /// Whether nothing waits, as it stands under the head's lock. Puts go on meanwhile.
    pub(super) fn is_drained(&self, head: &Head<P>) -> bool {
        head.returned.is_empty() && head.end.position() == self.ends.put_so_far()
    }

    /// Puts the item, for which there is room.
    pub(super) fn place(&self, tail: &mut Tail<P>, item: P::Item, weight: u64, calls: &mut Calls) {
        let waiting = self.ends.allow(&mut tail.end, u64::MAX);
        tail.high_water = tail.high_water.max(waiting + 1 + tail.returned);
        assert!(self.ends.put(&mut tail.end, item).is_ok(), "there is a place where there is room");
        if let Some(gauge) = &mut tail.gauge {
            gauge.put(weight, calls);
        }
        self.plan_puts(tail);
    }

    /// Sets the tail's limit: up to it, puts need not look. A put that raises the high-water mark
    /// does, which also tells how deep the other end has drained.
    #[inline]
    pub(super) fn plan_puts(&self, tail: &mut Tail<P>) {
        if tail.is_plain() {
            let depth = self.depth_for_puts(tail).min(tail.high_water);
            self.ends.allow(&mut tail.end, depth.saturating_sub(tail.returned));
        } else {
            tail.end.stop();
        }
    }

    /// Sets the limit of a plain tail for a put that comes now: beyond it, if there is room.
    #[inline]
    pub(super) fn plan_one_put(&self, tail: &mut Tail<P>) {
        let most = self.depth_for_puts(tail);
        let depth = self.ends.waiting(&tail.end) + tail.returned;
        if depth < most {
            tail.high_water = tail.high_water.max(depth + 1);
            self.ends.allow(&mut tail.end, most.min(tail.high_water) - tail.returned);
        }
    }

    /// How many may wait, returned ones included.
    #[inline]
    fn depth_for_puts(&self, tail: &Tail<P>) -> u64 {
        self.capacity.saturating_sub(tail.reserved)
    }

    /// Sets the head's limit: up to it, takes need not look.
    #[inline]
    pub(super) fn plan_takes(&self, head: &mut Head<P>) {
        if head.is_plain() {
            self.look(head);
        } else {
            head.end.stop();
        }
    }

    /// Sets the head's limit to what lies between the ends, or to where those in line let nobody pass.
    #[inline]
    pub(super) fn look(&self, head: &mut Head<P>) {
        self.ends.look(&mut head.end);
        if head.queued {
            let removed = head.removed;
            head.end.stop_at(self.not_empty.limit().saturating_sub(removed));
        }
    }

    /// Puts or reserves what is wanted, for which there is room.
    pub(super) fn admit_one(
        &self,
        tail: &mut Tail<P>,
        want: Want<P::Item>,
        weight: u64,
        calls: &mut Calls,
    ) {
        match want {
            Want::Item(item) => self.place(tail, item, weight, calls),
            Want::Permit => {
                tail.reserve(weight);
                self.plan_puts(tail);
            }
            Want::Nothing => {}
        }
    }

    /// Puts or reserves, looking at everything.
    #[cold]
    pub(super) fn admit(
        &self,
        mut tail: Guard<'_, Tail<P>>,
        want: Want<P::Item>,
        weight: u64,
        calls: &mut Calls,
    ) -> Result<(), (Want<P::Item>, Refusal)> {
        if tail.closed {
            return Err((want, Refusal::Closed));
        }
        // Where producers stand in line, what room there is is for them.
        if tail.queued || !self.has_room(&tail, weight) {
            return Err((want, Refusal::Full));
        }
        let call = tail.call && matches!(want, Want::Item(_));
        self.admit_one(&mut tail, want, weight, calls);
        drop(tail);
        if call {
            self.call_consumers(1, calls);
        }
        Ok(())
    }

    #[cold]
    pub(super) fn try_carefully(
        &self,
        tail: Guard<'_, Tail<P>>,
        item: P::Item,
        weight: u64,
        calls: &mut Calls,
    ) -> Result<(), PutError<P::Item>> {
        match self.admit(tail, Want::Item(item), weight, calls) {
            Err((Want::Item(item), refusal)) => Err(PutError { item, refusal }),
            _ => Ok(()),
        }
    }

    /// Takes, looking at everything.
    #[cold]
    pub(super) fn take_carefully(
        &self,
        mut head: Guard<'_, Head<P>>,
        turn: &mut Turn,
        tally: &Tally,
        calls: &mut Calls,
    ) -> Option<Taken<P::Item>> {
        if self.is_drained(&head) || !self.not_empty.admits(turn, head.turns()) {
            return None;
        }
        let mut call = 0;
        let entry = if head.returned.is_empty() && !head.gauged && head.parked.is_empty() {
            self.take_fresh(&mut head)
        } else {
            let mut tail = self.tail.lock();
            let entry = self.take_under_both(&mut head, &mut tail, calls);
            call = self.serve(&mut head, &mut tail, calls);
            entry
        };
        tally.add(1);
        let watched = head.watched;
        drop(head);
        self.call_consumers(call, calls);
        self.leave_empty(turn, calls);
        Some(Taken { entry, watched })
    }

    /// Takes the oldest entry, of which there must be one.
    pub(super) fn take_under_both(
        &self,
        head: &mut Head<P>,
        tail: &mut Tail<P>,
        calls: &mut Calls,
    ) -> Entry<P::Item> {
        let entry = if let Some((_, entry)) = head.returned.pop_first() {
            head.removed += 1;
            tail.returned -= 1;
            if let Some(gauge) = &mut tail.gauge {
                gauge.take_returned(entry.weight, calls);
            }
            entry
        } else {
            let mut entry = self.take_fresh(head);
            if let Some(gauge) = &mut tail.gauge {
                entry.weight = gauge.take_fresh(calls);
            }
            entry
        };
        self.plan_takes(head);
        self.plan_puts(tail);
        entry
    }

    /// Takes the oldest item between the ends, of which there must be one.
    fn take_fresh(&self, head: &mut Head<P>) -> Entry<P::Item> {
        let position = head.end.position();
        self.ends.look(&mut head.end);
        let item = self.ends.take(&mut head.end).expect("there is an item to take");
        self.plan_takes(head);
        Entry::fresh(item, position)
    }

    /// Goes to sleep in line for an item, to be called by puts, and asked by takes that come later.
    pub(super) fn wait_empty(&self, turn: &mut Turn, waker: &mut Option<Waker>, calls: &mut Calls) {
        let mut line = self.not_empty.lock();
        let mut head = self.head.lock();
        line.wait(turn, waker, head.turns(), calls);
        head.queued = true;
        head.end.stop();
        drop(head);
        let mut tail = self.tail.lock();
        tail.call = true;
        tail.end.stop();
    }

    /// Calls the first so many consumers that sleep, and has later puts call nobody once all are called.
    #[inline(never)]
    pub(super) fn call_consumers(&self, many: u64, calls: &mut Calls) {
        if many == 0 {
            return;
        }
        self.not_empty.call_many(many, calls);
        if self.not_empty.asleep() == 0 {
            let mut tail = self.tail.lock();
            // Whoever goes to sleep is counted before it stops the tail, so it stops it after this,
            // or is seen here.
            if tail.call && self.not_empty.asleep() == 0 {
                tail.call = false;
                self.plan_puts(&mut tail);
            }
        }
    }

    /// Leaves the consumers' line if in it, and passes the wake on if there is more to take.
    pub(super) fn leave_empty(&self, turn: &mut Turn, calls: &mut Calls) {
        if !turn.waits() {
            return;
        }
        let mut line = self.not_empty.lock();
        line.leave(turn, calls);
        let emptied = line.is_empty();
        let mut head = self.head.lock();
        if emptied {
            head.queued = false;
            self.plan_takes(&mut head);
        }
        let more = !self.is_drained(&head);
        drop(head);
        if emptied {
            let mut tail = self.tail.lock();
            tail.call = false;
            self.plan_puts(&mut tail);
        } else if more {
            line.call(calls);
        }
    }
}

//! What an end does that has to look: room and order, those who wait, what came back.

use std::task::Waker;

use forebay_contract::{PutError, Refusal};

use super::ends::Places;
use super::{Head, Tail, TwoLock};
use crate::share::Tally;
use crate::short_lock::Guard;
use crate::store::{Entry, Progress, Taken, Want};
use crate::waiter::{Admission, Calls, Turn};

/// Why a put or take got nothing.
pub(super) enum Refused {
    /// No room, or no entry.
    Nothing,
    /// There is, and it is for the one who waits longest.
    Due,
    Closed,
}

impl Refused {
    pub(super) fn as_refusal(&self) -> Refusal {
        match self {
            Self::Nothing | Self::Due => Refusal::Full,
            Self::Closed => Refusal::Closed,
        }
    }

    pub(super) fn as_progress<R>(&self) -> Progress<R> {
        match self {
            Self::Due => Progress::Due,
            Self::Nothing | Self::Closed => Progress::Asleep,
        }
    }
}

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
    /// Whether there is nothing to look at but what lies between the ends.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        !(self.queued || self.call || self.watched || self.gauged) && self.returned.is_empty()
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
            self.ends.look(&mut head.end);
        } else {
            head.end.stop();
        }
    }

    /// Puts or reserves, looking at everything.
    #[cold]
    pub(super) fn admit(
        &self,
        mut tail: Guard<'_, Tail<P>>,
        want: Want<P::Item>,
        weight: u64,
        turn: &mut Turn,
        calls: &mut Calls,
    ) -> Result<(), (Want<P::Item>, Refused)> {
        if tail.closed {
            return Err((want, Refused::Closed));
        }
        let admission = if tail.queued { self.not_full.admits(turn) } else { Admission::Free };
        if !self.has_room(&tail, weight) {
            if admission == Admission::Pass {
                self.not_full.excuse();
            }
            return Err((want, Refused::Nothing));
        }
        if admission == Admission::Refused {
            return Err((want, Refused::Due));
        }
        let mut call = false;
        match want {
            Want::Item(item) => {
                self.place(&mut tail, item, weight, calls);
                call = tail.call;
            }
            Want::Permit => {
                tail.reserve(weight);
                self.plan_puts(&mut tail);
            }
            Want::Nothing => {}
        }
        drop(tail);
        if call {
            self.not_empty.call(calls);
        }
        self.leave_full(turn, calls);
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
        match self.admit(tail, Want::Item(item), weight, &mut Turn::default(), calls) {
            Err((Want::Item(item), why)) => Err(PutError { item, refusal: why.as_refusal() }),
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
    ) -> Result<Taken<P::Item>, Refused> {
        let admission = if head.queued { self.not_empty.admits(turn) } else { Admission::Free };
        if head.returned.is_empty() && self.ends.put_so_far() == head.end.position() {
            if admission == Admission::Pass {
                self.not_empty.excuse();
            }
            return Err(Refused::Nothing);
        }
        if admission == Admission::Refused {
            return Err(Refused::Due);
        }
        let entry = if head.returned.is_empty() && !head.gauged {
            self.take_fresh(&mut head)
        } else {
            let mut tail = self.tail.lock();
            self.take_under_both(&mut head, &mut tail, calls)
        };
        tally.add(1);
        let (call, watched) = (head.call, head.watched);
        drop(head);
        if call {
            self.not_full.call(calls);
        }
        self.leave_empty(turn, calls);
        Ok(Taken { entry, watched })
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

    /// Goes to sleep in line for room, to be called by takes, and asked by puts that come later.
    pub(super) fn wait_full(&self, turn: &mut Turn, waker: &mut Option<Waker>, calls: &mut Calls) {
        let mut line = self.not_full.lock();
        line.wait(turn, waker, calls);
        let mut head = self.head.lock();
        head.call = true;
        head.end.stop();
        drop(head);
        let mut tail = self.tail.lock();
        tail.queued = true;
        tail.end.stop();
    }

    /// Goes to sleep in line for an item, to be called by puts, and asked by takes that come later.
    pub(super) fn wait_empty(&self, turn: &mut Turn, waker: &mut Option<Waker>, calls: &mut Calls) {
        let mut line = self.not_empty.lock();
        line.wait(turn, waker, calls);
        let mut head = self.head.lock();
        head.queued = true;
        head.end.stop();
        drop(head);
        let mut tail = self.tail.lock();
        tail.call = true;
        tail.end.stop();
    }

    /// Leaves the producers' line if in it, and passes the wake on if there is more room.
    pub(super) fn leave_full(&self, turn: &mut Turn, calls: &mut Calls) {
        if !turn.waits() {
            return;
        }
        let mut line = self.not_full.lock();
        line.leave(turn, calls);
        let emptied = line.is_empty();
        if emptied {
            let mut head = self.head.lock();
            head.call = false;
            self.plan_takes(&mut head);
        }
        let mut tail = self.tail.lock();
        if emptied {
            tail.queued = false;
            self.plan_puts(&mut tail);
        }
        let more = !emptied && self.has_room(&tail, 0);
        drop(tail);
        if more {
            line.call(calls);
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
        let more = !(head.returned.is_empty() && self.ends.put_so_far() == head.end.position());
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

//! Three lines: for room, for items, for nothing unfinished. First come, first called.
//!
//! Whoever stands in line is *called* when what it waits for is there: as many are called as can be served. It keeps
//! its place until it comes. Meanwhile a newcomer, who runs already, may pass it, so that no item waits for
//! a sleeper to get up; but only so often, and then the next place or item is kept (C10). One that was called and
//! does not come for long, because it was stopped, is overlooked until it does: a signal is the one thing that
//! weakens C10 here.

use forebay_contract::Fault;

use super::{Sleeper, Turn};
use crate::attachment::Attachment;
use crate::geometry::NONE;
use crate::waiter::{CALLED, Line, OVERLOOKED, STANDING, Waiter, Wish};
use crate::words::Word;

/// How long one that was called may take before others go first.
const OVERLOOK: u64 = 100_000_000;

/// A place in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Standing {
    pub(crate) waiter: u32,
    ticket: u64,
}

impl Standing {
    /// Whether there is something to look at: it was called, overlooked, or lost its place.
    pub(crate) fn has_news(self, buffer: &Attachment) -> Result<bool, Fault> {
        let waiter = buffer.waiter(self.waiter)?;
        Ok(waiter.state().read() != STANDING || waiter.ticket().get() != self.ticket)
    }
}

impl<'a> Turn<'a> {
    fn ends(&self, line: Line) -> &'a Word {
        match line {
            Line::Room => self.control.room_ends(),
            Line::Item => self.control.item_ends(),
            Line::Idle => self.control.idle_ends(),
        }
    }

    fn standing_in(&self, line: Line) -> &'a Word {
        match line {
            Line::Room => self.control.room_count(),
            Line::Item => self.control.item_count(),
            Line::Idle => self.control.idle_count(),
        }
    }

    fn passed(&self, line: Line) -> &'a Word {
        match line {
            Line::Item => self.control.item_passed(),
            _ => self.control.room_passed(),
        }
    }

    /// Those in line, first to last. Bounded, whatever the links say.
    pub(super) fn each(
        &self,
        line: Line,
        mut look: impl FnMut(u32, Waiter<'a>) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        if self.standing_in(line).get() == 0 {
            return Ok(());
        }
        let mut next = self.ends(line).halves().0;
        for _ in 0..self.buffer.geometry.waiters {
            if next == NONE {
                return Ok(());
            }
            let waiter = self.buffer.waiter(next)?;
            let after = waiter.links().halves().1;
            if !look(next, waiter)? {
                return Ok(());
            }
            next = after;
        }
        if next == NONE { Ok(()) } else { Err(Fault::Damaged) }
    }

    /// Whether the one who asks may be served before the others: one in line when it was called, a newcomer
    /// while those in line have not been passed too often.
    pub(crate) fn may_go(&mut self, line: Line, standing: Option<Standing>) -> Result<bool, Fault> {
        if let Some(standing) = standing {
            let waiter = self.buffer.waiter(standing.waiter)?;
            if !matches!(waiter.state().get(), CALLED | STANDING) {
                // Overlooked until now.
                waiter.state().set(STANDING);
                self.call(line)?;
            }
            return Ok(waiter.state().get() == CALLED);
        }
        if self.standing_in(line).get() == 0 {
            return Ok(true);
        }
        if self.has_passes_left(line)? {
            return Ok(true);
        }
        self.overlook(line)?;
        self.has_passes_left(line)
    }

    fn has_passes_left(&self, line: Line) -> Result<bool, Fault> {
        let most = self.buffer.settings.capacity.saturating_mul(2);
        let passed = self.passed(line).get();
        let leases_left = self.leases_left() > 0;
        let mut left = true;
        self.each(line, |_, waiter| {
            let wish = waiter.wish().ok_or(Fault::Damaged)?;
            // One that cannot be served, whoever goes first, is not passed.
            if waiter.state().get() == OVERLOOKED || wish.leases && !leases_left {
                return Ok(true);
            }
            left = passed.wrapping_sub(waiter.passed().get()) < most;
            Ok(false)
        })?;
        Ok(left)
    }

    /// The one who asked was served.
    pub(crate) fn went(&mut self, line: Line, standing: Option<Standing>) -> Result<(), Fault> {
        match standing {
            Some(standing) => self.step_out(line, standing.waiter),
            None if self.standing_in(line).get() > 0 => {
                self.passed(line).add(1);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Stands at the end of a line. `None` when the table of waiters is full.
    pub(crate) fn stand(&mut self, wish: Wish) -> Result<Option<Standing>, Fault> {
        self.stand_as(wish, self.me.participant, false)
    }

    /// As [`stand`](Self::stand), for a task: when it is called, this participant's bell is rung.
    pub(crate) fn stand_for(&mut self, wish: Wish, bell: u32) -> Result<Option<Standing>, Fault> {
        self.stand_as(wish, bell, true)
    }

    fn stand_as(
        &mut self,
        wish: Wish,
        participant: u32,
        task: bool,
    ) -> Result<Option<Standing>, Fault> {
        let index = self.control.free_waiter().halves().0;
        if index == NONE {
            return Ok(None);
        }
        let waiter = self.buffer.waiter(index)?;
        self.control.free_waiter().set(u64::from(waiter.links().halves().1));
        let ticket = self.control.next_ticket().get();
        self.control.next_ticket().set(ticket.wrapping_add(1));
        waiter.ticket().set(ticket);
        waiter.passed().set(self.passed(wish.line).get());
        waiter.set_wish(wish);
        waiter.set_owner(participant, task);
        let ends = self.ends(wish.line);
        let (first, last) =
            if self.standing_in(wish.line).get() == 0 { (NONE, NONE) } else { ends.halves() };
        waiter.links().set_halves(last, NONE);
        if last == NONE {
            ends.set_halves(index, index);
        } else {
            let before = self.buffer.waiter(last)?;
            before.links().set_halves(before.links().halves().0, index);
            ends.set_halves(first, index);
        }
        self.standing_in(wish.line).add(1);
        waiter.state().set(STANDING);
        self.book_for(wish.line, wish.blocks)?;
        // It may be first, and what it waits for be there, kept from newcomers.
        self.call(wish.line)?;
        Ok(Some(Standing { waiter: index, ticket }))
    }

    /// One that was called and found nothing: a newcomer was faster. It keeps its place.
    pub(crate) fn stay(&mut self, standing: Standing) -> Result<(), Fault> {
        let waiter = self.buffer.waiter(standing.waiter)?;
        if waiter.state().get() != STANDING {
            waiter.state().set(STANDING);
        }
        Ok(())
    }

    /// Whether the place is still one's own: a recovery keeps it, a repair does not.
    pub(crate) fn still_stands(&self, standing: Standing) -> Result<bool, Fault> {
        let waiter = self.buffer.waiter(standing.waiter)?;
        Ok(waiter.state().get() != 0 && waiter.ticket().get() == standing.ticket)
    }

    /// Leaves a line for good. If it was called, the next one is.
    pub(crate) fn leave(&mut self, line: Line, standing: Standing) -> Result<(), Fault> {
        if self.still_stands(standing)? {
            self.step_out(line, standing.waiter)?;
            self.call(line)?;
        }
        Ok(())
    }

    pub(super) fn step_out(&mut self, line: Line, index: u32) -> Result<(), Fault> {
        let waiter = self.buffer.waiter(index)?;
        let (before, after) = waiter.links().halves();
        let (mut first, mut last) = self.ends(line).halves();
        if before == NONE {
            first = after;
        } else {
            let links = self.buffer.waiter(before)?.links();
            links.set_halves(links.halves().0, after);
        }
        if after == NONE {
            last = before;
        } else {
            let links = self.buffer.waiter(after)?.links();
            links.set_halves(before, links.halves().1);
        }
        self.ends(line).set_halves(first, last);
        self.standing_in(line).subtract(1);
        self.free_waiter(index)?;
        self.hand_watch_over(Sleeper::Thread(index))
    }

    fn free_waiter(&self, index: u32) -> Result<(), Fault> {
        let waiter = self.buffer.waiter(index)?;
        waiter.state().set(0);
        waiter.links().set_halves(NONE, self.control.free_waiter().halves().0);
        self.control.free_waiter().set(u64::from(index));
        Ok(())
    }

    /// Calls as many in a line as can be served now.
    #[inline]
    pub(crate) fn call(&mut self, line: Line) -> Result<(), Fault> {
        // Most lines are empty.
        if self.standing_in(line).get() == 0 { Ok(()) } else { self.call_those_in(line) }
    }

    fn call_those_in(&mut self, line: Line) -> Result<(), Fault> {
        if self.call_by_the_books(line)? && self.settle_all()? {
            // There was more than the books said.
            for line in [Line::Item, Line::Room, Line::Idle] {
                self.call_by_the_books(line)?;
            }
        }
        Ok(())
    }

    /// Calls whoever can be served as the books stand. Says whether somebody was not called for want of what an ack, not
    /// booked yet, may have given free.
    fn call_by_the_books(&mut self, line: Line) -> Result<bool, Fault> {
        if self.standing_in(line).get() == 0 {
            return Ok(false);
        }
        match line {
            Line::Room => self.call_room(),
            Line::Item => self.call_item(),
            Line::Idle => self.call_idle().map(|()| false),
        }
    }

    fn call_room(&mut self) -> Result<bool, Fault> {
        if self.is_closed() {
            return self.call_whole(Line::Room).map(|()| false);
        }
        let settings = &self.buffer.settings;
        let mut places = settings.capacity.saturating_sub(self.taken_places());
        let mut slots = self.control.free_len().get();
        let mut weight =
            settings.capacity_bytes.map(|most| most.saturating_sub(self.control.weight().get()));
        let mut blocks = self.spare_blocks();
        let mut called = smallvec::SmallVec::<[u32; 8]>::new();
        let mut lacks_storage = false;
        self.each(Line::Room, |index, waiter| {
            let state = waiter.state().get();
            if state == OVERLOOKED {
                return Ok(true);
            }
            let wish = waiter.wish().ok_or(Fault::Damaged)?;
            let is_admitted = places > 0 && weight.is_none_or(|left| left >= wish.weight);
            let is_stored = slots > 0 && blocks >= u64::from(wish.blocks);
            if state == STANDING {
                if !is_admitted || !is_stored {
                    lacks_storage = is_admitted;
                    return Ok(false);
                }
                called.push(index);
            }
            slots = slots.saturating_sub(1);
            places = places.saturating_sub(1);
            weight = weight.map(|left| left.saturating_sub(wish.weight));
            blocks = blocks.saturating_sub(u64::from(wish.blocks));
            Ok(places > 0)
        })?;
        called.into_iter().try_for_each(|index| self.call_one(index))?;
        Ok(lacks_storage)
    }

    fn call_item(&mut self) -> Result<bool, Fault> {
        let mut items = self.control.waiting().get();
        if items == 0 && self.is_closed() {
            // Each finds out by itself whether it is the end.
            return self.call_whole(Line::Item).map(|()| false);
        }
        let mut leases = self.leases_left();
        let lacks_leases = leases < items.min(self.standing_in(Line::Item).get());
        let mut called = smallvec::SmallVec::<[u32; 8]>::new();
        self.each(Line::Item, |index, waiter| {
            if items == 0 {
                return Ok(false);
            }
            let state = waiter.state().get();
            let wish = waiter.wish().ok_or(Fault::Damaged)?;
            if state == OVERLOOKED || wish.leases && leases == 0 {
                return Ok(true);
            }
            if state == STANDING {
                called.push(index);
            }
            items -= 1;
            leases -= u64::from(wish.leases);
            Ok(true)
        })?;
        called.into_iter().try_for_each(|index| self.call_one(index))?;
        Ok(lacks_leases)
    }

    fn call_idle(&mut self) -> Result<(), Fault> {
        if self.unfinished() == 0 { self.call_whole(Line::Idle) } else { Ok(()) }
    }

    fn call_whole(&mut self, line: Line) -> Result<(), Fault> {
        let mut standing = smallvec::SmallVec::<[u32; 8]>::new();
        self.each(line, |index, waiter| {
            if waiter.state().get() != CALLED {
                standing.push(index);
            }
            Ok(true)
        })?;
        standing.into_iter().try_for_each(|index| self.call_one(index))
    }

    /// Calls everybody who may hear of a close: they look for themselves. To be called is all that a join waits
    /// for, so joins are not.
    pub(super) fn call_all(&mut self) -> Result<(), Fault> {
        self.call_whole(Line::Room)?;
        self.call_whole(Line::Item)
    }

    fn call_one(&mut self, index: u32) -> Result<(), Fault> {
        let waiter = self.buffer.waiter(index)?;
        waiter.called_at().set(Self::now());
        // What was done before is visible to whoever sees this without the lock.
        waiter.state().release(CALLED);
        self.wake_one(index, waiter);
        Ok(())
    }

    /// Wakes whoever was called and has not come, once more.
    pub(super) fn wake_called(&mut self) -> Result<(), Fault> {
        for line in [Line::Room, Line::Item, Line::Idle] {
            let mut called = smallvec::SmallVec::<[u32; 8]>::new();
            self.each(line, |index, waiter| {
                if waiter.state().get() == CALLED {
                    called.push(index);
                }
                Ok(true)
            })?;
            for index in called {
                self.wake_one(index, self.buffer.waiter(index)?);
            }
        }
        Ok(())
    }

    /// Wakes the one who stands there, once the turn is over.
    fn wake_one(&mut self, index: u32, waiter: Waiter<'_>) {
        let (participant, task) = waiter.owner();
        let standing = Standing { waiter: index, ticket: waiter.ticket().get() };
        let called = self.called.get_or_insert_default();
        if !task {
            called.threads.push(index);
        } else if let Some(waker) = self.buffer.lock_tasks().get(&standing) {
            called.tasks.push(waker.clone());
        } else if !called.bells.contains(&participant) {
            called.bells.push(participant);
        }
    }

    /// Passes by those who were called and have not come for long.
    pub(crate) fn overlook(&mut self, line: Line) -> Result<(), Fault> {
        let now = Self::now();
        let mut late = smallvec::SmallVec::<[u32; 8]>::new();
        self.each(line, |index, waiter| {
            // What was called in the future, somebody else wrote.
            let is_late =
                waiter.state().get() == CALLED && now.abs_diff(waiter.called_at().get()) > OVERLOOK;
            if is_late {
                late.push(index);
            }
            Ok(true)
        })?;
        if late.is_empty() {
            return Ok(());
        }
        for index in late {
            self.buffer.waiter(index)?.state().set(OVERLOOKED);
        }
        self.call(line)
    }

    /// Takes whoever belonged to this participant out of every line.
    pub(super) fn dismiss(&mut self, participant: u32) -> Result<(), Fault> {
        for line in [Line::Room, Line::Item, Line::Idle] {
            let mut gone = Vec::new();
            self.each(line, |index, waiter| {
                if waiter.owner().0 == participant {
                    gone.push(index);
                }
                Ok(true)
            })?;
            let any = !gone.is_empty();
            for index in gone {
                self.step_out(line, index)?;
            }
            if any {
                self.call(line)?;
            }
        }
        self.hand_watch_over(Sleeper::Bell(participant))
    }

    /// Forms the lines anew, of those waiters whose participants live, and calls them all.
    pub(super) fn rebuild_lines(&mut self, is_alive: impl Fn(u32) -> bool) -> Result<(), Fault> {
        let mut standing = Vec::new();
        self.control.free_waiter().set(u64::from(NONE));
        for line in [Line::Room, Line::Item, Line::Idle] {
            self.ends(line).set_halves(NONE, NONE);
            self.standing_in(line).set(0);
        }
        for index in (0..self.buffer.geometry.waiters).rev() {
            let waiter = self.buffer.waiter(index)?;
            let state = waiter.state().get();
            let wish = waiter.wish();
            match wish {
                Some(wish) if state != 0 && is_alive(waiter.owner().0) => {
                    standing.push((waiter.ticket().get(), index, wish.line));
                }
                _ => self.free_waiter(index)?,
            }
        }
        standing.sort_unstable_by_key(|(ticket, _, _)| *ticket);
        for (ticket, index, line) in standing {
            let waiter = self.buffer.waiter(index)?;
            let last = self.ends(line).halves().1;
            waiter.links().set_halves(last, NONE);
            if last == NONE {
                self.ends(line).set_halves(index, index);
            } else {
                let before = self.buffer.waiter(last)?.links();
                before.set_halves(before.halves().0, index);
                self.ends(line).set_halves(self.ends(line).halves().0, index);
            }
            self.standing_in(line).add(1);
            let next = self.control.next_ticket();
            next.set(next.get().max(ticket.wrapping_add(1)));
            if line == Line::Idle {
                waiter.state().set(STANDING);
            } else {
                self.call_one(index)?;
            }
        }
        // Whoever was done meanwhile found no line to look at.
        self.book_all()?;
        self.call(Line::Idle)
    }
}

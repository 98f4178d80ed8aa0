//! A turn: the moment in which one participant has the lock, and the buffer is a sequential object.
//!
//! Everything that a buffer does is done here, in the order of the reference model, by whoever's turn it is.
//! What a turn changes falls into two kinds. An *item's step* is one store to the word of its slot, and holds
//! from there on, whatever dies. All else (which slots are free, which item is next, how many wait) is made out from the
//! slots again when a turn was not ended by the one who began it; so no order of these stores matters.
//!
//! - [`admission`]: puts, and places set aside. [`lending`]: leases and takes. [`answers`], [`done`]: their ends.
//! - [`order`]: which item is next. [`blocks`], [`content`]: the bytes of items. [`tally`]: what was finished and dropped.
//! - [`lines`]: who waits, and who is called.
//! - [`watch`], [`sweep`], [`recovery`]: who looks for the dead, and what they leave behind.

mod admission;
mod answers;
mod blocks;
mod content;
mod dead;
mod done;
mod examination;
mod heap;
mod items;
mod lending;
mod lines;
mod order;
mod presence;
mod recovery;
#[cfg(test)]
pub(crate) mod scene;
mod sweep;
mod tally;
mod watch;

use std::task::Waker;
use std::thread;

use forebay_contract::Fault;

use crate::attachment::Attachment;
use crate::clock;
use crate::control::Control;
use crate::lock::{self, Got, Holder, Limit};
use crate::slot::Slot;

pub(crate) use admission::{Content, Place, longest};
pub use dead::Letter;
pub(crate) use done::{Ack, is_done};
pub use examination::Findings;
pub use items::Item;
pub(crate) use lending::{Loan, Nothing};
pub(crate) use lines::Standing;
pub(crate) use recovery::Trust;
pub(crate) use watch::{Sleeper, Task};

/// Who has a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Me {
    pub(crate) participant: u32,
    pub(crate) generation: u32,
}

/// The lock, held. Ends when dropped; then those who were called are woken.
pub(crate) struct Turn<'a> {
    pub(crate) buffer: &'a Attachment,
    pub(crate) control: Control<'a>,
    pub(crate) me: Me,
    /// When it began, in nanoseconds since 1970.
    pub(crate) wall: u64,
    /// Most turns call nobody.
    called: Option<Box<Called>>,
}

/// Those to wake once the turn is over.
#[derive(Default)]
struct Called {
    /// Threads, by waiter.
    threads: Vec<u32>,
    /// Tasks of this process.
    tasks: Vec<Waker>,
    /// Participants whose tasks, in other processes, were called.
    bells: Vec<u32>,
}

/// What a turn is for: a poisoned buffer can still be looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Use,
    Care,
    /// To become a participant, or to bury the one that was at this entry.
    Join,
}

/// Every so often one looks whether the file is still the one that others find: a system call.
const LOOK_AT_NAME: u64 = 1 << 13;

/// How long the dead may go unseen while everybody is busy, in nanoseconds.
const SWEEP: u64 = 40_000_000;

impl<'a> Turn<'a> {
    pub(crate) fn begin(
        buffer: &'a Attachment,
        me: Me,
        limit: Limit,
        purpose: Purpose,
    ) -> Result<Self, Fault> {
        let control = buffer.control()?;
        let is_new = purpose == Purpose::Join;
        let holder = if is_new {
            Holder::coming(me.participant, control.arrivals().draw())
        } else {
            Holder::new(me.participant, me.generation)
        };
        let got = lock::acquire(control.lock(), holder, is_new, limit, buffer)?;
        let mut turn = Self { buffer, control, me, wall: clock::wall(), called: None };
        let turns = control.turns().get();
        // Odd inside. After a death it may have been left odd.
        control.turns().set((turns | 1).wrapping_add(if turns & 1 == 1 { 2 } else { 0 }));
        if got == Got::Stolen || control.suspect().get() != 0 {
            turn.recover()?;
        } else if purpose == Purpose::Join && turn.is_of_another_start() {
            turn.rebuild(Trust::Nothing)?;
        }
        buffer.check()?;
        if purpose == Purpose::Use && control.poisoned().get() != 0 {
            return Err(Fault::Poisoned);
        }
        // Now and then, whether anybody else would find what is done here.
        if purpose == Purpose::Use && turns.is_multiple_of(LOOK_AT_NAME) {
            buffer.check_name()?;
        }
        // Where everybody is busy, nobody waits who would look for the dead.
        if purpose == Purpose::Use && turn.wall.abs_diff(control.swept_wall().get()) > SWEEP {
            turn.sweep()?;
        }
        if purpose == Purpose::Use && buffer.settings.lease_time.is_some() {
            turn.expire()?;
        }
        Ok(turn)
    }

    pub(crate) fn slot(&self, index: u32) -> Result<Slot<'a>, Fault> {
        self.buffer.slot(index)
    }

    /// Items that are not finished (C7).
    pub(crate) fn unfinished(&self) -> u64 {
        let control = self.control;
        let held = control.leased().get().saturating_add(control.taking().get());
        control.waiting().get().saturating_add(held)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.control.closed().get() != 0
    }

    /// Refuses all further puts (C6), and wakes whoever waits for what cannot come any more.
    pub(crate) fn close(&mut self) -> Result<(), Fault> {
        if !self.is_closed() {
            self.control.closed().commit(1);
            self.book_all()?;
            self.call_all()?;
        }
        Ok(())
    }

    /// The moment, for deadlines.
    pub(crate) fn now() -> u64 {
        clock::since_boot()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.control.suspect().set(1);
        }
        self.control.turns().add(1);
        lock::release(self.control.lock());
        if let Some(mut called) = self.called.take() {
            called.wake(self.buffer);
        }
    }
}

impl Called {
    fn wake(&mut self, buffer: &Attachment) {
        for waiter in self.threads.drain(..) {
            if let Ok(waiter) = buffer.waiter(waiter) {
                lock::wake(waiter.state(), 1);
            }
        }
        for participant in self.bells.drain(..) {
            if let Ok(entry) = buffer.entry(participant) {
                entry.bell().increase();
                lock::wake(entry.bell(), 1);
            }
        }
        for task in self.tasks.drain(..) {
            task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::lock::Limit;
    use crate::turn::scene::{A_LEASE, Failure, scene};
    use crate::waiter::Line;
    use crate::{Buffer, Bytes, Overflow, Raw, Settings};

    /// A task of this process was served, and has not run since; meanwhile its waiter is that of another process's task.
    #[test]
    fn one_is_not_woken_in_the_place_of_another() -> Result<(), Failure> {
        let (_folder, buffer) = scene(&Settings::new(4))?;
        let own = buffer.consumer::<Bytes, _>(Raw)?;
        let other = Buffer::open(buffer.path())?.consumer::<Bytes, _>(Raw)?;
        let (own, other) = (&own.party, &other.party);
        let mut turn = own.turn(Limit::Forever)?;
        let served = turn.stand_for(A_LEASE, own.me.participant)?.ok_or("a waiter")?;
        own.buffer.lock_tasks().insert(served, Waker::noop().clone());
        turn.leave(Line::Item, served)?;
        drop(turn);
        let mut turn = other.turn(Limit::Forever)?;
        let waits = turn.stand_for(A_LEASE, other.me.participant)?.ok_or("a waiter")?;
        drop(turn);
        assert_eq!(waits.waiter, served.waiter);
        let content = Content::new(&own.buffer, b"item", 0).map_err(|_| "it can be held")?;
        let mut turn = own.turn(Limit::Forever)?;
        turn.put(&content, Overflow::Wait, None)?.map_err(|_| "room")?;
        let Called { threads, tasks, bells } = *turn.called.take().ok_or("nobody")?;
        assert_eq!((threads.len(), tasks.len(), bells), (0, 0, vec![other.me.participant]));
        Ok(())
    }
}

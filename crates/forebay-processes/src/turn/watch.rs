//! The watch: of all who sleep in a buffer's lines, one looks after it, and the others may sleep long.
//!
//! It looks for the dead, for leases that have run out, and for those who were called and do not come: every
//! [`TICK`] while there is something that others wait for in vain if its holder dies. Where there is nothing, it
//! *rests*, and sleeps as long as the others do; whoever then leases or sets something aside wakes it. Whoever leaves its
//! line hands the watch over.

use std::time::Duration;

use forebay_contract::Fault;

use super::Turn;
use crate::attachment::Attachment;
use crate::lock::Others as _;
use crate::party::{REST, TICK};
use crate::waiter::{CALLED, Line, STANDING};

/// Looks that find nothing to look after, before one rests.
const QUIET: u32 = 8;

/// Of a bell; the rest is its participant.
const BELL: u32 = 1 << 31;

/// One who sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sleeper {
    /// A thread in line, by its waiter.
    Thread(u32),
    /// The bell of tasks in line, by its participant.
    Bell(u32),
}

/// What one who wakes for no reason has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// Another one has the watch.
    None,
    /// Somebody has just looked.
    Done,
    /// To look.
    Look,
}

impl Sleeper {
    fn name(self) -> u32 {
        match self {
            Self::Thread(waiter) => waiter + 1,
            Self::Bell(participant) => BELL | participant,
        }
    }

    fn named(name: u32) -> Option<Self> {
        if name & BELL != 0 {
            return Some(Self::Bell(name & !BELL));
        }
        name.checked_sub(1).map(Self::Thread)
    }

    pub(crate) fn has_watch(self, buffer: &Attachment) -> Result<bool, Fault> {
        Ok(buffer.control()?.watch().halves().0 == self.name())
    }

    /// What falls to it now. Needs no turn.
    pub(crate) fn task(self, buffer: &Attachment) -> Result<Task, Fault> {
        let control = buffer.control()?;
        let (name, quiet) = control.watch().halves();
        let age = Duration::from_nanos(Turn::now().abs_diff(control.swept_at().get()));
        let keeper = match Self::named(name) {
            Some(Self::Thread(waiter)) if name != self.name() => buffer.waiter(waiter)?.owner().0,
            Some(Self::Bell(participant)) if name != self.name() => participant,
            _ => return Ok(if age < TICK * 4 / 5 { Task::Done } else { Task::Look }),
        };
        let pause = if quiet < QUIET { TICK } else { REST };
        let is_kept = age < pause + 2 * TICK && buffer.is_alive(keeper)?;
        Ok(if is_kept { Task::None } else { Task::Look })
    }
}

impl Turn<'_> {
    /// Has the watch, and looks. Returns how long one may sleep until the next look.
    pub(crate) fn watch(&mut self, sleeper: Sleeper) -> Result<Duration, Fault> {
        let watch = self.control.watch();
        let (name, quiet) = watch.halves();
        let quiet = if name == sleeper.name() { quiet } else { 0 };
        // A turn begins with the same, if nobody has for longer.
        if self.control.swept_wall().get() != self.wall {
            self.sweep()?;
        }
        self.book_all()?;
        let quiet = if self.is_at_risk()? { 0 } else { (quiet + 1).min(QUIET) };
        watch.set_halves(sleeper.name(), quiet);
        Ok(if quiet < QUIET { TICK } else { REST })
    }

    /// Whether somebody holds what others may wait for.
    fn is_at_risk(&self) -> Result<bool, Fault> {
        let control = self.control;
        let held = [control.leased(), control.taking(), control.reserved()];
        if held.iter().any(|count| count.get() > 0) {
            return Ok(true);
        }
        let mut is_called = false;
        for line in [Line::Room, Line::Item] {
            self.each(line, |_, waiter| {
                is_called |= waiter.state().get() == CALLED;
                Ok(!is_called)
            })?;
        }
        Ok(is_called)
    }

    /// Something is held from now on: whoever rests has to look after it.
    #[inline]
    pub(super) fn end_rest(&mut self) {
        let (name, quiet) = self.control.watch().halves();
        if quiet < QUIET {
            return;
        }
        self.control.watch().set_halves(name, 0);
        if let Some(sleeper) = Sleeper::named(name) {
            self.rouse(sleeper);
        }
    }

    /// One who sleeps no more leaves the watch to the next one, if it has it.
    pub(crate) fn hand_watch_over(&mut self, sleeper: Sleeper) -> Result<(), Fault> {
        if self.control.watch().halves().0 != sleeper.name() {
            return Ok(());
        }
        self.control.watch().set(0);
        let mut next = None;
        for line in [Line::Item, Line::Room, Line::Idle] {
            self.each(line, |index, waiter| {
                if next.is_none() && waiter.state().get() == STANDING {
                    let (participant, is_task) = waiter.owner();
                    let other =
                        if is_task { Sleeper::Bell(participant) } else { Sleeper::Thread(index) };
                    next = Some(other).filter(|other| *other != sleeper);
                }
                Ok(next.is_none())
            })?;
        }
        if let Some(next) = next {
            self.rouse(next);
        }
        Ok(())
    }

    /// Wakes one who sleeps, once the turn is over; it finds that the watch is its own.
    fn rouse(&mut self, sleeper: Sleeper) {
        let called = self.called.get_or_insert_default();
        match sleeper {
            Sleeper::Thread(waiter) => called.threads.push(waiter),
            Sleeper::Bell(participant) => called.bells.push(participant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::Limit;
    use crate::turn::scene::{A_LEASE, Failure, Of, is_called, put, scene, sleeper};
    use crate::turn::{Content, Standing};
    use crate::waiter::Wish;
    use crate::{Bytes, Overflow, Raw, Settings};

    const ROOM: Wish = Wish { line: Line::Room, leases: false, weight: 0, blocks: 0 };

    /// As if it had slept as long as it may.
    fn wake(consumer: &Of, standing: Standing) -> Result<Duration, Fault> {
        let control = consumer.party.buffer.control()?;
        control.swept_at().set(0);
        control.swept_wall().set(0);
        consumer.party.keep_watch(Sleeper::Thread(standing.waiter))
    }

    fn has_watch(consumer: &Of, standing: Standing) -> Result<bool, Fault> {
        Sleeper::Thread(standing.waiter).has_watch(&consumer.party.buffer)
    }

    #[test]
    fn one_watches_and_the_others_sleep_on() -> Result<(), Failure> {
        let (_folder, buffer) = scene(&Settings::new(4))?;
        let (first, at) = sleeper(&buffer)?;
        let (second, behind) = sleeper(&buffer)?;
        assert_eq!(wake(&first, at)?, TICK);
        assert_eq!(second.party.keep_watch(Sleeper::Thread(behind.waiter))?, REST);
        assert!(has_watch(&first, at)?);
        // Nobody has looked for long: whoever has the watch does not keep it.
        assert_eq!(wake(&second, behind)?, TICK);
        assert!(has_watch(&second, behind)?);
        Ok(())
    }

    #[test]
    fn one_rests_until_somebody_holds_something() -> Result<(), Failure> {
        let (_folder, buffer) = scene(&Settings::new(4))?;
        let (first, at) = sleeper(&buffer)?;
        for _ in 1..QUIET {
            assert_eq!(wake(&first, at)?, TICK);
        }
        assert_eq!(wake(&first, at)?, REST);
        let producer = buffer.producer::<Bytes, _>(Raw)?;
        let content = Content::new(&first.party.buffer, b"item", 0).map_err(|_| "room")?;
        let mut turn = producer.party.turn(Limit::Forever)?;
        turn.put(&content, Overflow::Wait, None)?.map_err(|_| "room")?;
        assert!(turn.called.take().is_some_and(|called| called.threads == [at.waiter]));
        drop(turn);
        // Somebody faster has the item: it has to be told, though it is in line for the next one.
        let other = buffer.consumer::<Bytes, _>(Raw)?;
        let mut turn = other.party.turn(Limit::Forever)?;
        let loan = turn.lend(false, None)?.map_err(|_| "an item")?;
        assert!(turn.called.take().is_some_and(|called| called.threads == [at.waiter]));
        turn.stay(at)?;
        drop(turn);
        for _ in 0..2 * QUIET {
            assert_eq!(wake(&first, at)?, TICK);
        }
        let _ = other.party.turn(Limit::Forever)?.finish(&loan)?;
        for _ in 1..QUIET {
            assert_eq!(wake(&first, at)?, TICK);
        }
        assert_eq!(wake(&first, at)?, REST);
        Ok(())
    }

    #[test]
    fn one_who_leaves_hands_the_watch_over() -> Result<(), Failure> {
        let (_folder, buffer) = scene(&Settings::new(4))?;
        let (first, at) = sleeper(&buffer)?;
        let (second, behind) = sleeper(&buffer)?;
        wake(&first, at)?;
        let mut turn = first.party.turn(Limit::Forever)?;
        turn.leave(Line::Item, at)?;
        assert!(turn.called.take().is_some_and(|called| called.threads == [behind.waiter]));
        drop(turn);
        assert_eq!(wake(&second, behind)?, TICK);
        assert!(has_watch(&second, behind)?);
        Ok(())
    }

    /// Tasks of its own stand first in two lines.
    #[test]
    fn a_bell_hands_the_watch_to_the_first_who_is_another() -> Result<(), Failure> {
        let (_folder, buffer) = scene(&Settings::new(1))?;
        let producer = buffer.producer::<Bytes, _>(Raw)?;
        let _all_room = producer.try_reserve()?;
        let bell = producer.party.me.participant;
        let own = Sleeper::Bell(bell);
        producer.party.turn(Limit::Forever)?.stand_for(A_LEASE, bell)?.ok_or("a waiter")?;
        let (_other, at) = sleeper(&buffer)?;
        let mut turn = producer.party.turn(Limit::Forever)?;
        turn.stand_for(ROOM, bell)?.ok_or("a waiter")?;
        let _ = turn.watch(own)?;
        turn.hand_watch_over(own)?;
        let called = turn.called.take().ok_or("nobody")?;
        assert_eq!((&*called.threads, &*called.bells), ([at.waiter].as_slice(), [].as_slice()));
        Ok(())
    }

    /// Also where others look for the dead so often that the one on watch has nothing to do.
    #[test]
    fn one_who_does_not_come_is_passed_by_whoever_looks() -> Result<(), Failure> {
        let (_folder, buffer) = scene(&Settings::new(4))?;
        let (first, at) = sleeper(&buffer)?;
        let (second, behind) = sleeper(&buffer)?;
        put(&buffer, 1)?;
        assert!(is_called(&first, at)? && !is_called(&second, behind)?);
        first.party.buffer.waiter(at.waiter)?.called_at().set(0);
        second.party.turn(Limit::Forever)?.sweep()?;
        assert!(is_called(&second, behind)?);
        Ok(())
    }
}

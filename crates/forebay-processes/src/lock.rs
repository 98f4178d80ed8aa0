//! The one lock, in shared memory, held for moments.
//!
//! A futex after U. Drepper (*Futexes Are Tricky*, 2004): free, held, or held with somebody asleep. What is
//! added is who holds it, so that whoever has waited long asks the kernel whether the holder lives, and takes
//! the lock of a dead one over.

use std::hint;
use std::time::{Duration, Instant};

use forebay_contract::Fault;

use crate::clock;
pub(crate) use crate::futex::{wait, wake};
use crate::pause;
use crate::words::Word32;

const FREE: u32 = 0;
/// Somebody sleeps: to be woken when it is let go.
const CONTENDED: u32 = 1 << 31;

/// Looks before the processor is given up, each after twice the pause: 255 pauses in all, about ten microseconds.
const SPINS: u32 = if cfg!(loom) { 0 } else { 8 };
/// Times that the processor is given up before sleeping: a holder that lost it gets it.
const YIELDS: u32 = if cfg!(loom) { 0 } else { 4 };
/// How long a waiter sleeps before it asks whether the holder lives.
const ASK: Duration = Duration::from_millis(20);
/// For how long one who recovers may seem to do nothing: it sorts, and has little to show meanwhile.
const RECOVERY: Duration = Duration::from_millis(200);

/// What a holder writes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder(u32);

impl Holder {
    /// The generation tells apart those who had the same entry.
    pub(crate) fn new(participant: u32, generation: u32) -> Self {
        Self((participant + 1) | (generation & 0x3fff) << 16)
    }

    /// One who has no generation yet, or clears up at the entry of another. A ticket of its own tells it apart from
    /// whoever died there in the same state: to one who has asked after that one, and is about to take over, the
    /// lock must not look as it did.
    pub(crate) fn coming(participant: u32, ticket: u64) -> Self {
        Self((participant + 1) | (0x4000 | ticket as u32 & 0x3fff) << 16)
    }

    /// Who holds a lock in this state.
    fn of(state: u32) -> Option<u32> {
        (state & 0xffff).checked_sub(1)
    }
}

/// How the lock was got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Got {
    /// It was free.
    Free,
    /// Its holder was dead: what it guards may be half done.
    Stolen,
}

/// How long one may wait for the lock.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    Forever,
    Until(Instant),
    /// So long from the first look that found it held.
    For(Duration),
}

/// What a waiter has to know about others.
pub(crate) trait Others {
    /// Whether this participant, which is not the one that asks, lives.
    fn is_alive(&self, participant: u32) -> Result<bool, Fault>;
    /// The process of this participant.
    fn process(&self, participant: u32) -> u32;
    /// Counts up with everything that is done under the lock: one who holds it again is told apart.
    fn turns(&self) -> u64;
    /// Whether the holder is known to be about something that takes long.
    fn is_recovering(&self) -> bool;
}

/// Takes the lock. One who `is_new` has not had it yet as this participant: whoever had it as the same one is dead, since
/// no two live at one entry.
pub(crate) fn acquire(
    word: &Word32,
    me: Holder,
    is_new: bool,
    limit: Limit,
    others: &impl Others,
) -> Result<Got, Fault> {
    if word.acquire(FREE, me.0).is_ok() {
        return Ok(Got::Free);
    }
    for turn in 0..SPINS + YIELDS {
        if turn < SPINS {
            // Longer and longer: who has the lock's line nearby takes several turns in a row meanwhile.
            for _ in 0..1 << turn {
                hint::spin_loop();
            }
        } else if !pause::yield_now(|| others.turns()) {
            break;
        }
        if word.get() == FREE && word.acquire(FREE, me.0).is_ok() {
            return Ok(Got::Free);
        }
    }
    sleep_for(word, me, is_new, limit, others)
}

#[cold]
fn sleep_for(
    word: &Word32,
    me: Holder,
    is_new: bool,
    limit: Limit,
    others: &impl Others,
) -> Result<Got, Fault> {
    let start = clock::now();
    let deadline = match limit {
        Limit::Forever => None,
        Limit::Until(deadline) => Some(deadline),
        Limit::For(time) => start.checked_add(time),
    };
    // What was seen there, and since when.
    let mut seen = (FREE, 0, start);
    loop {
        let state = word.get();
        if state == FREE {
            // Others may sleep still; whoever wakes cannot know, and says that they do.
            if word.acquire(FREE, me.0 | CONTENDED).is_ok() {
                return Ok(Got::Free);
            }
            continue;
        }
        if state & CONTENDED == 0 {
            // Nothing is published by this: only the holder's letting go is.
            let _ = word.acquire(state, state | CONTENDED);
            continue;
        }
        let now = clock::now();
        let turns = others.turns();
        if (seen.0, seen.1) != (state, turns) {
            seen = (state, turns, now);
        }
        let since = now.duration_since(seen.2);
        let holder = Holder::of(state);
        let is_mine = holder == Holder::of(me.0);
        if is_mine && is_new || since >= ASK {
            let lives = match holder {
                // One's own handle, used by another thread, is alive: this code runs.
                Some(_) if is_mine => !is_new,
                Some(participant) => others.is_alive(participant)?,
                None => false,
            };
            if !lives && word.acquire(state, me.0 | CONTENDED).is_ok() {
                return Ok(Got::Stolen);
            }
        }
        let is_over = deadline.is_some_and(|deadline| now >= deadline);
        let still = if others.is_recovering() { RECOVERY } else { ASK };
        // Many who take turns stall nobody, however long they make one wait; nor does one who recovers, while it does.
        if is_over && since >= still {
            let holder = holder.map_or(0, |participant| others.process(participant));
            return Err(Fault::Stalled { holder, since });
        }
        let nap = deadline.map_or(ASK, |deadline| {
            deadline.saturating_duration_since(now).clamp(Duration::from_micros(100), ASK)
        });
        wait(word, state, nap)?;
    }
}

/// Lets it go, and wakes one who sleeps.
pub(crate) fn release(word: &Word32) {
    if word.release(FREE) & CONTENDED != 0 {
        wake(word, 1);
    }
}

/// Lets a lock go that whoever had this entry before may have died with. For one who has just come to live there.
pub(crate) fn release_of_dead(word: &Word32, participant: u32) {
    let mut state = word.get();
    while Holder::of(state) == Some(participant) {
        match word.acquire(state, FREE) {
            Ok(()) => return wake(word, 1),
            // Somebody has just gone to sleep for it, or has taken it over.
            Err(now) => state = now,
        }
    }
}

/// The participant that has it now, if any has.
pub(crate) fn holder(word: &Word32) -> Option<u32> {
    Holder::of(word.get())
}

/// Takes the lock if it is free now.
pub(crate) fn try_acquire(word: &Word32, me: Holder) -> bool {
    word.acquire(FREE, me.0).is_ok()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::region::Region;

    /// The kernel's witness, which is slow to tell: meanwhile another comes to the entry of the dead, and takes the
    /// lock over.
    struct SlowWitness<'w> {
        word: &'w Word32,
        next: Holder,
        has_come: Cell<bool>,
    }

    impl Others for SlowWitness<'_> {
        fn is_alive(&self, _: u32) -> Result<bool, Fault> {
            if !self.has_come.replace(true) {
                let got = acquire(self.word, self.next, true, Limit::Forever, self)?;
                assert_eq!(got, Got::Stolen);
                return Ok(false);
            }
            Ok(true)
        }

        fn process(&self, _: u32) -> u32 {
            7
        }

        fn turns(&self) -> u64 {
            0
        }

        fn is_recovering(&self) -> bool {
            false
        }
    }

    #[test]
    fn the_lock_of_one_who_has_just_come_is_not_taken_for_that_of_the_dead() -> Result<(), Fault> {
        let file = tempfile::tempfile().expect("a file can be made");
        file.set_len(4096).expect("it can be as long");
        let region = Region::map(&file, 4096, true).expect("it can be mapped");
        let word = region.word32(0)?;
        let (dead, next) = (Holder::coming(3, 1), Holder::coming(3, 2));
        assert_eq!(Holder::of(next.0), Some(3));
        let witness = SlowWitness { word, next, has_come: Cell::new(false) };
        acquire(word, dead, true, Limit::Forever, &witness)?;
        let limit = Limit::For(Duration::from_millis(60));
        let got = acquire(word, Holder::new(4, 1), false, limit, &witness);
        assert!(matches!(got, Err(Fault::Stalled { holder: 7, .. })), "{got:?}");
        Ok(())
    }
}

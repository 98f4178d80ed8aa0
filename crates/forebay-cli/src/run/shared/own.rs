//! The items of a run that brings them into a shared buffer itself: which of them are there already from an earlier
//! life of it, and which are unfinished.
//!
//! Items are known by their bytes; of equal ones it is known how many there are. What an earlier life, killed at
//! any point, may have left behind:
//!
//! - an item that waits, or is leased by a process that is about to be found dead: it is met in the input again,
//!   and not put a second time;
//! - a dead letter: it has failed, and stays one until somebody retries or purges it;
//! - an item whose line is in the joblog, but which was not acked: its position tells, and it is acked when it
//!   comes. Until then it is none of those.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many there are of each.
type Counts = HashMap<Box<[u8]>, u64>;

fn add(counts: &mut Counts, bytes: &[u8]) {
    match counts.get_mut(bytes) {
        Some(count) => *count += 1,
        None => drop(counts.insert(bytes.into(), 1)),
    }
}

/// Takes one away, if there is one.
fn strike(counts: &mut Counts, bytes: &[u8]) -> bool {
    match counts.get_mut(bytes) {
        None => return false,
        Some(count) if *count > 1 => *count -= 1,
        Some(_) => drop(counts.remove(bytes)),
    }
    true
}

/// How an item of the input stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Met {
    /// It is to be put.
    New,
    /// It is in the buffer, unfinished.
    Unfinished,
    /// It is a dead letter.
    Dead,
}

/// Figures about the run's items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Put by this life of the run or an earlier one, as far as they were met in its input.
    pub(crate) produced: u64,
    pub(crate) finished: u64,
    pub(crate) failed: u64,
    /// Of the failed, those that were dead letters before.
    pub(crate) failed_before: u64,
    /// Of the failed, those whose bytes somebody has written over.
    pub(crate) unreadable: u64,
    /// Finished or failed by others.
    pub(crate) elsewhere: u64,
    pub(crate) unfinished: u64,
    /// Dropped for lack of room.
    pub(crate) dropped: u64,
}

/// What is known of the run's items.
#[derive(Debug, Default)]
pub(crate) struct Own {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    unfinished: Counts,
    figures: Figures,
    all_put: bool,
    /// Not met in the input so far.
    present: Counts,
    dead: Counts,
    /// Those that died here.
    died: Counts,
    /// Positions of items that have finished, and were not acked.
    done: HashSet<u64>,
}

/// An item that is in the buffer when a run begins.
#[derive(Debug)]
pub(crate) struct Left<'a> {
    pub(crate) position: u64,
    pub(crate) bytes: &'a [u8],
    pub(crate) is_dead: bool,
    /// The joblog has a line that says it has finished.
    pub(crate) is_done: bool,
}

impl Own {
    /// What there is when the run begins.
    pub(crate) fn new<'a>(left: impl Iterator<Item = Left<'a>>) -> Self {
        let mut state = State::default();
        for item in left {
            if item.is_done {
                state.done.insert(item.position);
            } else if item.is_dead {
                add(&mut state.dead, item.bytes);
            } else {
                add(&mut state.present, item.bytes);
            }
        }
        Self { state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An item of the input. What is to be put counts as unfinished from here on.
    pub(crate) fn meet(&self, bytes: &[u8]) -> Met {
        let state = &mut *self.lock();
        state.figures.produced += 1;
        if strike(&mut state.present, bytes) {
            add(&mut state.unfinished, bytes);
            state.figures.unfinished += 1;
            return Met::Unfinished;
        }
        if strike(&mut state.dead, bytes) {
            state.figures.failed += 1;
            state.figures.failed_before += 1;
            return Met::Dead;
        }
        add(&mut state.unfinished, bytes);
        state.figures.unfinished += 1;
        Met::New
    }

    /// An item that was to be put was not.
    pub(crate) fn withdraw(&self, bytes: &[u8]) {
        let state = &mut *self.lock();
        if strike(&mut state.unfinished, bytes) {
            state.figures.unfinished -= 1;
            state.figures.produced -= 1;
        }
    }

    /// An item that was to be put was dropped for lack of room.
    pub(crate) fn drop_one(&self, bytes: &[u8]) {
        let state = &mut *self.lock();
        if strike(&mut state.unfinished, bytes) {
            state.figures.unfinished -= 1;
            state.figures.dropped += 1;
        }
    }

    /// There is nothing more to come.
    pub(crate) fn end(&self) {
        self.lock().all_put = true;
    }

    /// An item has come to its end; somebody else's may have.
    pub(crate) fn settle(&self, bytes: &[u8], has_failed: bool) {
        let state = &mut *self.lock();
        if strike(&mut state.unfinished, bytes) {
            state.figures.unfinished -= 1;
            if has_failed {
                add(&mut state.died, bytes);
                state.figures.failed += 1;
            } else {
                state.figures.finished += 1;
            }
        }
    }

    /// Whether the item at this position has finished, and is only to be acked.
    pub(crate) fn is_done(&self, position: u64) -> bool {
        let mut state = self.lock();
        !state.done.is_empty() && state.done.remove(&position)
    }

    /// Whether all are put, none is unfinished, and none is still to be acked.
    pub(crate) fn has_ended(&self) -> bool {
        let state = self.lock();
        state.all_put && state.unfinished.is_empty() && state.done.is_empty()
    }

    /// Those that have finished and are not to be acked any more, since they are `there` no longer.
    pub(crate) fn forget_done(&self, there: impl Fn(u64) -> bool) {
        self.lock().done.retain(|position| there(*position));
    }

    /// Whether all are put.
    pub(crate) fn all_put(&self) -> bool {
        self.lock().all_put
    }

    /// Compares with what is in the buffer now, each with whether it is a dead letter: what is not there any
    /// more, or dead, was brought to its end by others; unless it is among those `unreadable` that have died since the
    /// run began. To be called when all are put.
    pub(crate) fn compare<'a>(&self, now: impl Iterator<Item = (&'a [u8], bool)>, unreadable: u64) {
        let state = &mut *self.lock();
        let (mut there, mut dead) = (Counts::new(), Counts::new());
        for (bytes, is_dead) in now {
            add(if is_dead { &mut dead } else { &mut there }, bytes);
        }
        let figures = &mut state.figures;
        // Which these were nobody can tell any more.
        let mut lost = unreadable.saturating_sub(figures.unreadable);
        state.unfinished.retain(|bytes, count| {
            let left = there.get(bytes).copied().unwrap_or(0).min(*count);
            let gone = *count - left;
            // Those that were dead before, or died here, were told apart already.
            let known = |counts: &Counts| counts.get(bytes).copied().unwrap_or(0);
            let before = known(&state.dead) + known(&state.died);
            let died = dead.get(bytes).copied().unwrap_or(0).saturating_sub(before).min(gone);
            let unreadable = lost.min(gone - died);
            lost -= unreadable;
            figures.unreadable += unreadable;
            figures.failed += died + unreadable;
            figures.finished += gone - died - unreadable;
            figures.elsewhere += gone - unreadable;
            figures.unfinished -= gone;
            *count = left;
            left > 0
        });
    }

    pub(crate) fn figures(&self) -> Figures {
        self.lock().figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(list: &[(u64, &'static str, bool, bool)]) -> Own {
        Own::new(list.iter().map(|(position, bytes, is_dead, is_done)| Left {
            position: *position,
            bytes: bytes.as_bytes(),
            is_dead: *is_dead,
            is_done: *is_done,
        }))
    }

    #[test]
    fn what_an_earlier_life_has_put_is_not_put_again() {
        let own = left(&[
            (1, "a", false, false),
            (2, "a", false, false),
            (3, "b", true, false),
            (4, "c", false, true),
        ]);
        let met = ["a", "a", "a", "b", "b", "c"].map(|bytes| own.meet(bytes.as_bytes()));
        assert_eq!(
            met,
            [Met::Unfinished, Met::Unfinished, Met::New, Met::Dead, Met::New, Met::New],
            "the joblog's own c was left out before this; another one is new"
        );
        assert!(own.is_done(4) && !own.is_done(4) && !own.is_done(1));
        let Figures { produced, failed, unfinished, .. } = own.figures();
        assert_eq!((produced, failed, unfinished), (6, 1, 5));
    }

    #[test]
    fn it_ends_when_its_own_items_have() {
        let own = left(&[]);
        for bytes in [b"a", b"a", b"b"] {
            own.meet(bytes);
        }
        own.settle(b"a", false);
        own.settle(b"somebody else's", false);
        own.settle(b"b", true);
        own.end();
        assert!(!own.has_ended());
        own.settle(b"a", false);
        assert!(own.has_ended());
        let Figures { produced, finished, failed, .. } = own.figures();
        assert_eq!((produced, finished, failed), (3, 2, 1));
    }

    #[test]
    fn others_may_have_finished_them() {
        let own = left(&[(1, "d", true, false)]);
        for bytes in [b"a", b"a", b"b", b"c"] {
            own.meet(bytes);
        }
        own.end();
        own.compare([(&b"a"[..], false), (b"c", true), (b"d", true)].into_iter(), 0);
        let Figures { finished, failed, elsewhere, unfinished, .. } = own.figures();
        assert_eq!((finished, failed, elsewhere, unfinished), (2, 1, 3, 1));
        own.compare(std::iter::empty(), 0);
        assert!(own.has_ended());
    }

    #[test]
    fn what_cannot_be_read_any_more_has_failed() {
        let own = left(&[]);
        for bytes in [b"a", b"b", b"c"] {
            own.meet(bytes);
        }
        own.end();
        let a = || [(&b"a"[..], false)].into_iter();
        own.compare(a(), 1);
        own.compare(a(), 1);
        let Figures { finished, failed, elsewhere, unreadable, unfinished, .. } = own.figures();
        assert_eq!((finished, failed, elsewhere, unreadable, unfinished), (1, 1, 1, 1, 1));
    }

    #[test]
    fn what_has_finished_is_acked_before_the_end_or_is_gone() {
        let own = left(&[(1, "a", false, true), (2, "b", false, true)]);
        own.end();
        assert!(!own.has_ended());
        assert!(own.is_done(1) && !own.has_ended());
        own.forget_done(|position| position == 2);
        assert!(!own.has_ended());
        own.forget_done(|_| false);
        assert!(own.has_ended());
    }
}

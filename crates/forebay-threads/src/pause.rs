//! What a thread does before it sleeps, and between looks at a lock: spin, yield, sleep a little.
//!
//! Measured, design by design: `docs/decisions/0005-waiting-without-sleeping.md`.

use std::time::Duration;

use crate::atomics::counters::{AtomicU32, Ordering};
use crate::atomics::thread;

/// How a handle's waits have ended lately, and so what its next one begins with.
///
/// To spin pays when the other side runs on another processor; to yield, when it needs this one; and
/// neither when the other side takes its time. Which of these it is changes seldom, so each wait begins
/// with what ended the last ones, and tries another now and then.
#[derive(Debug, Default)]
pub(crate) struct Mood {
    habit: AtomicU32,
    waits: AtomicU32,
    /// Trials of spinning in a row that failed, up to a few.
    in_vain: AtomicU32,
    /// Waits lately that ended in a long sleep.
    long_sleeps: AtomicU32,
}

/// How the other side is expected to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// One item at a time.
    OneByOne,
    /// Many at a time, and so several times as fast.
    ByBatches,
}

impl Pace {
    /// How many items pass in the time of one.
    fn items(self) -> u32 {
        match self {
            Self::OneByOne => 1,
            Self::ByBatches => 4,
        }
    }
}

const SPINNING: u32 = 0;
const YIELDING: u32 = 1;
const SLEEPING: u32 = 2;

const YIELDS: u32 = 48;
/// A handle that does not spin tries it again each so many waits, and less often the more often that was
/// in vain, down to each so many times 2⁵.
const SPIN_AGAIN: u32 = 8;
/// A yielding handle sleeps each so many waits: being woken, a thread may be put on an idle processor,
/// where yielding would have kept it beside the thread that it waits for.
const SLEEP_ANYWAY: u32 = 32;
/// A sleeping handle yields again each so many waits.
const YIELD_AGAIN: u32 = 128;
/// It pays to yield if so few do: among more, what was waited for came by itself.
const FEW_YIELDS: u32 = 8;
/// A handle has the habit of sleeping after so many long sleeps, short ones counted against them
/// several times.
const LONG_SLEEPS: u32 = 8;
const MOST_LONG_SLEEPS: u32 = 2 * LONG_SLEEPS;
const FOR_A_SHORT_ONE: u32 = 4;
const LONG: Duration = Duration::from_micros(60);

impl Mood {
    /// Spins a bounded time, some µs, until it looks `ready`, if that has paid lately. Not counted as
    /// waiting, since two looks at the clock would take as long.
    pub(crate) fn spin(
        &self,
        capacity: Option<usize>,
        pace: Pace,
        ready: impl Fn() -> bool,
    ) -> bool {
        let nth = self.waits.load(Ordering::Relaxed).wrapping_add(1);
        self.waits.store(nth, Ordering::Relaxed);
        let in_vain = self.in_vain.load(Ordering::Relaxed);
        if self.habit.load(Ordering::Relaxed) != SPINNING
            && !nth.is_multiple_of(SPIN_AGAIN << in_vain)
        {
            return false;
        }
        if spin_until(rest(capacity) / pace.items(), ready) {
            self.keep(SPINNING);
            self.in_vain.store(0, Ordering::Relaxed);
            return true;
        }
        self.in_vain.store((in_vain + 1).min(5), Ordering::Relaxed);
        false
    }

    /// Yields a bounded time until it looks `ready`, if that has paid lately: well below the 50 µs of
    /// C5, unless other threads use the time.
    pub(crate) fn yield_now(&self, ready: impl Fn() -> bool) -> bool {
        let nth = self.waits.load(Ordering::Relaxed);
        let most = match self.habit.load(Ordering::Relaxed) {
            SPINNING => YIELDS,
            YIELDING if !nth.is_multiple_of(SLEEP_ANYWAY) => YIELDS,
            SLEEPING if nth.is_multiple_of(YIELD_AGAIN) => FEW_YIELDS,
            _ => 0,
        };
        let Some(yields) = yield_until(most, ready) else { return false };
        if yields < FEW_YIELDS {
            self.keep(YIELDING);
        }
        true
    }

    fn keep(&self, habit: u32) {
        self.habit.store(habit, Ordering::Relaxed);
        self.long_sleeps.store(0, Ordering::Relaxed);
    }

    /// Notes that a wait has ended in sleep, and how long it took.
    pub(crate) fn slept(&self, time: Duration) {
        let long = self.long_sleeps.load(Ordering::Relaxed);
        let long = if time < LONG {
            long.saturating_sub(FOR_A_SHORT_ONE)
        } else {
            (long + 1).min(MOST_LONG_SLEEPS)
        };
        self.long_sleeps.store(long, Ordering::Relaxed);
        let habit = if long >= LONG_SLEEPS { SLEEPING } else { YIELDING };
        self.habit.store(habit, Ordering::Relaxed);
    }
}

/// How many yields it took until it was ready.
fn yield_until(most: u32, ready: impl Fn() -> bool) -> Option<u32> {
    (0..if cfg!(any(loom, shuttle)) { 0 } else { most }).find(|_| {
        thread::yield_now();
        ready()
    })
}

/// Looks at the least, with a spin between two: some µs, so that a side that spins finds the other one out
/// also while that one still yields. With a quarter of it, both kept yielding: four threads at capacity 1
/// came to a tenth.
const LOOKS: u32 = 256;

/// The first rest is about as long as the other side takes for the whole buffer: while this side is
/// away, it goes on alone, and the items cross from cache to cache many at a time.
fn spin_until(rest: u32, ready: impl Fn() -> bool) -> bool {
    if cfg!(any(loom, shuttle)) {
        return false;
    }
    spin(rest);
    let between = 1 + rest / 8;
    for _ in 0..(LOOKS + 2 * rest) / between {
        if ready() {
            return true;
        }
        spin(between);
    }
    ready()
}

/// About the time for so many puts or takes, in spins; of a large buffer, for a part.
fn rest(capacity: Option<usize>) -> u32 {
    const SPINS_FOR_1024_ITEMS: usize = 176;
    let capacity = capacity.map_or(1024, |capacity| capacity.min(1024));
    u32::try_from(capacity * SPINS_FOR_1024_ITEMS / 1024).unwrap_or(0)
}

fn spin(times: u32) {
    (0..times).for_each(|_| std::hint::spin_loop());
}

/// How long who finds a short lock held stays away at first, in spins.
pub(crate) fn contention(capacity: Option<usize>) -> u32 {
    1 + rest(capacity) / 5
}

/// Rests between looks at a [short lock](crate::short_lock) that is held.
#[cfg(any(not(any(loom, shuttle)), all(loom, test)))]
#[derive(Debug)]
pub(crate) struct Contention {
    first: u32,
    rests: u32,
    by_task: bool,
}

#[cfg(any(not(any(loom, shuttle)), all(loom, test)))]
impl Contention {
    pub(crate) fn new(first: u32, by_task: bool) -> Self {
        Self { first, rests: 0, by_task }
    }

    /// Rests once, longer than the last time. The owner is usually some instructions from done; if it
    /// was switched out, spinning would only keep it out, and for one of lower priority so would
    /// yielding. A task's rest soon becomes a sleep: while it is away, the other worker goes on alone, its
    /// data warm, and has what this one would do, too.
    pub(crate) fn rest(&mut self) {
        if cfg!(loom) {
            // To loom, the one who yields waits for the other.
            return thread::yield_now();
        }
        if self.by_task {
            self.rest_of_task();
        } else {
            self.rest_of_thread();
        }
        self.rests = self.rests.saturating_add(1);
    }

    fn rest_of_task(&self) {
        match self.rests {
            nth @ ..2 => spin(20 << nth),
            _ => std::thread::sleep(Duration::from_micros(100)),
        }
    }

    fn rest_of_thread(&self) {
        const SPINS: u32 = 6;
        const YIELDS: u32 = SPINS + 32;
        match self.rests {
            nth @ ..SPINS => spin(self.first << nth.min(3)),
            SPINS..YIELDS => thread::yield_now(),
            nth => std::thread::sleep(Duration::from_micros(50 << (nth - YIELDS).min(4))),
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Ready at the look of this number.
    fn ready_at(nth: u32) -> impl Fn() -> bool {
        let looks = Cell::new(0);
        move || {
            looks.set(looks.get() + 1);
            looks.get() >= nth
        }
    }

    fn habit(mood: &Mood) -> u32 {
        mood.habit.load(Ordering::Relaxed)
    }

    fn sleep_long(mood: &Mood, times: u32) {
        (0..times).for_each(|_| mood.slept(LONG));
    }

    #[test]
    fn a_handle_that_sleeps_long_again_and_again_sleeps_at_once() {
        let mood = Mood::default();
        sleep_long(&mood, LONG_SLEEPS - 1);
        assert_eq!(habit(&mood), YIELDING);
        sleep_long(&mood, 1);
        assert_eq!(habit(&mood), SLEEPING);
        mood.waits.store(1, Ordering::Relaxed);
        assert!(!mood.yield_now(|| panic!("it does not even look")));
    }

    /// An item that comes by itself while a handle yields is no reason to go on yielding.
    #[test]
    fn only_a_yield_among_the_first_pays() {
        let mood = Mood::default();
        mood.slept(LONG);
        mood.waits.store(1, Ordering::Relaxed);
        assert!(mood.yield_now(ready_at(FEW_YIELDS + 1)));
        sleep_long(&mood, LONG_SLEEPS - 1);
        assert_eq!(habit(&mood), SLEEPING, "the late one did not count");

        mood.waits.store(YIELD_AGAIN, Ordering::Relaxed);
        assert!(mood.yield_now(ready_at(FEW_YIELDS)));
        assert_eq!(habit(&mood), YIELDING);
    }

    #[test]
    fn a_short_sleep_does_not_undo_many_long_ones() {
        let mood = Mood::default();
        sleep_long(&mood, MOST_LONG_SLEEPS);
        mood.slept(Duration::ZERO);
        assert_eq!(habit(&mood), SLEEPING);
        (0..2).for_each(|_| mood.slept(Duration::ZERO));
        assert_eq!(habit(&mood), YIELDING);
    }
}

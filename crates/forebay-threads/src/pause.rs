//! Short rests of a thread that expects to go on in a moment.

use crate::atomics::thread;

/// Spins, each twice as long as the last, about 2 µs in all: for what another processor is doing just
/// now. Not counted as waiting, since two looks at the clock would take as long.
///
/// Only for a buffer so small that the other side cannot get far ahead anyway. In a larger one it is
/// better to stay away longer: the other side then fills, or empties, many places in one go instead
/// of handing each over from one processor's cache to the other's.
pub(crate) fn spins(capacity: Option<usize>) -> impl Iterator<Item = ()> {
    (0..if is_small(capacity) && cfg!(not(loom)) { SPINS } else { 0 }).map(spin)
}

/// Yields: for what another thread of this processor could do if it were let. Bounded, and well below
/// the 50 µs of C5 unless other threads use the time. More of them where the buffer is small and each
/// sleep is for a few items only.
pub(crate) fn yields(capacity: Option<usize>) -> impl Iterator<Item = ()> {
    let most = if is_small(capacity) { YIELDS_IF_SMALL } else { YIELDS };
    (0..if cfg!(loom) { 0 } else { most }).map(|_| thread::yield_now())
}

/// Whether spinning pays; measured, see `docs/decisions/0003-before-sleeping.md`.
fn is_small(capacity: Option<usize>) -> bool {
    capacity.is_some_and(|capacity| capacity <= 16)
}

const SPINS: u32 = 6;
const YIELDS: u32 = 4;
const YIELDS_IF_SMALL: u32 = 16;

fn spin(nth: u32) {
    (0..1 << nth).for_each(|_| std::hint::spin_loop());
}

/// Rests between looks at an operation of another thread that is halfway: spins, then yields, then
/// short sleeps. That thread is usually a few instructions from done; if it was switched out in
/// between, spinning would only keep it out.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    rests: u32,
}

impl Pause {
    /// Rests once, longer than the last time.
    #[cfg(not(loom))]
    pub(crate) fn rest(&mut self) {
        const YIELDS: u32 = SPINS + 16;
        match self.rests {
            nth @ ..SPINS => spin(nth),
            SPINS..YIELDS => thread::yield_now(),
            nth => thread::sleep(std::time::Duration::from_micros(50 << (nth - YIELDS).min(4))),
        }
        self.rests = self.rests.saturating_add(1);
    }

    #[cfg(loom)]
    pub(crate) fn rest(&mut self) {
        self.rests += 1;
        thread::yield_now();
    }
}

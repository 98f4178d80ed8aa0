//! What one producer or consumer of a race does, whatever the medium.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::item::{Item, item, number};

/// The producing side of a medium.
pub(crate) trait Put {
    /// Places the items in their order, waiting for room. Of several, the medium may make one batch.
    fn put(&mut self, items: &[Item]) -> Result<(), String>;
}

/// The consuming side of a medium.
pub(crate) trait Take {
    /// Takes at least one item and at most so many, waiting for the first; hands each to `done`, and then
    /// finishes them, where the medium knows such a thing. False at the end.
    fn take(
        &mut self,
        most: usize,
        done: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<bool, String>;
}

/// What one producer or consumer did.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Leg {
    pub(crate) items: u64,
    /// Of the items' numbers, wrapping.
    pub(crate) sum: u64,
    /// By [`clock::now`].
    pub(crate) begun: u64,
    pub(crate) ended: u64,
}

impl Leg {
    fn begin() -> Self {
        let now = clock::now();
        Self { items: 0, sum: 0, begun: now, ended: now }
    }

    fn count(&mut self, number: u64) {
        self.items += 1;
        self.sum = self.sum.wrapping_add(number);
    }

    fn end(self) -> Self {
        Self { ended: clock::now(), ..self }
    }
}

/// Puts for so long, `batch` items at a time, but no more than `most`.
pub(crate) fn produce(
    medium: &mut dyn Put,
    hand: u64,
    batch: usize,
    lasting: Duration,
    most: u64,
) -> Result<Leg, String> {
    let mut leg = Leg::begin();
    let mut items = vec![item(0); batch];
    let mut looks = Looks::until(leg.begun + lasting.as_nanos() as u64);
    while leg.items + batch as u64 <= most && !looks.over() {
        for place in &mut items {
            let number = hand << 48 | leg.items;
            *place = item(number);
            leg.count(number);
        }
        medium.put(&items)?;
    }
    Ok(leg.end())
}

/// Takes until the end, at most `batch` items at a time.
pub(crate) fn consume(medium: &mut dyn Take, batch: usize) -> Result<Leg, String> {
    let mut leg = Leg::begin();
    while medium.take(batch, &mut |bytes| {
        leg.count(number(bytes)?);
        Ok(())
    })? {}
    Ok(leg.end())
}

/// Looks at the clock seldom where items are quick, often where they are slow.
struct Looks {
    until: u64,
    last: u64,
    /// Items between two looks, and those that are still to come before the next.
    apart: u32,
    left: u32,
}

impl Looks {
    /// So many items at most go unlooked at.
    const APART: u32 = 64;
    /// Nanoseconds between two looks that are often enough.
    const OFTEN: u64 = 100_000;

    fn until(until: u64) -> Self {
        Self { until, last: clock::now(), apart: 1, left: 1 }
    }

    #[inline]
    fn over(&mut self) -> bool {
        self.left -= 1;
        if self.left > 0 {
            return false;
        }
        let now = clock::now();
        let quick = now - self.last < Self::OFTEN;
        self.apart = if quick { (self.apart * 2).min(Self::APART) } else { 1 };
        (self.last, self.left) = (now, self.apart);
        now >= self.until
    }
}

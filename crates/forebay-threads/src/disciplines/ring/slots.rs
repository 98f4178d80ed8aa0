//! The slots of the ring: claiming, filling and emptying them without a lock.

#![expect(unsafe_code, reason = "slots are written and read without a lock")]

use std::mem::MaybeUninit;

use crossbeam_utils::CachePadded;

use super::word::{FLAGS, Layout, PUBLISHED};
use crate::atomics::{AtomicU64, Ordering, UnsafeCell};

pub(super) struct Slots<T> {
    pub(super) tail: CachePadded<Tail>,
    /// Position of the next take, and flags. Moved by consumers; flagged by either side.
    pub(super) head: CachePadded<AtomicU64>,
    array: Box<[Slot<T>]>,
    pub(super) layout: Layout,
}

pub(super) struct Tail {
    /// Position of the next put, and flags. Moved by producers; flagged by either side.
    pub(super) word: AtomicU64,
    /// The greatest depth seen. Written by whoever sees a greater one.
    pub(super) high_water: AtomicU64,
    /// A tail past this may mean a depth above `high_water`; to be looked at then. Written by
    /// producers.
    mark: AtomicU64,
}

struct Slot<T> {
    /// Says whose turn it is; written by who has just had it.
    stamp: AtomicU64,
    item: UnsafeCell<MaybeUninit<T>>,
}

/// What came of trying to claim a slot.
pub(super) enum Claim<S> {
    /// The slot is the caller's.
    Slot(S),
    /// Full for a producer, empty for a consumer.
    Nothing,
    /// There is something, but another has not finished with the slot.
    InFlight,
    /// One of the flags that the caller does not want to meet is up.
    Flagged,
}

/// A claimed slot without an item, to be [filled](Slots::fill). Made by a claim alone.
#[must_use]
pub(super) struct Free {
    position: u64,
    /// Of the word that was swapped.
    pub(super) flags: u64,
}

/// A claimed slot with an item, to be [emptied](Slots::empty). Made by a claim alone.
#[must_use]
pub(super) struct Filled {
    pub(super) position: u64,
    /// Of the word that was swapped.
    pub(super) flags: u64,
}

// SAFETY: items are moved in and out by value, each slot by one thread at a time as its stamp says,
// so the slots may go and be shared wherever its items may go.
unsafe impl<T: Send> Send for Slots<T> {}
// SAFETY: as above; no reference to an item is ever given out.
unsafe impl<T: Send> Sync for Slots<T> {}

impl<T> Slots<T> {
    /// `None` if there is no memory for so many.
    pub(super) fn new(capacity: usize) -> Option<Self> {
        let layout = Layout::new(capacity)?;
        let mut array = Vec::new();
        array.try_reserve_exact(capacity).ok()?;
        array.extend((0..capacity as u64).map(|index| Slot {
            stamp: AtomicU64::new(layout.on(0, index)),
            item: UnsafeCell::new(MaybeUninit::uninit()),
        }));
        Some(Self {
            tail: CachePadded::new(Tail {
                word: AtomicU64::new(0),
                high_water: AtomicU64::new(0),
                mark: AtomicU64::new(0),
            }),
            head: CachePadded::new(AtomicU64::new(0)),
            array: array.into_boxed_slice(),
            layout,
        })
    }

    /// Claims the slot at the tail while the depth, `outside` entries included, is below capacity.
    #[inline]
    pub(super) fn claim_put(&self, unwanted: u64, outside: u64) -> Claim<Free> {
        let mut tail = self.tail.word.load(Ordering::Relaxed);
        loop {
            if tail & unwanted != 0 {
                return Claim::Flagged;
            }
            let position = tail & !FLAGS;
            // Acquire: pairs with the Release in `empty`: the slot is empty again.
            let stamp = self.array[self.layout.index(position)].stamp.load(Ordering::Acquire);
            if outside > 0
                && self.layout.depth(self.head.load(Ordering::Acquire), tail) + outside
                    >= self.layout.capacity
            {
                return Claim::Nothing;
            }
            let now = if stamp == position {
                let next = self.layout.next(position) | (tail & FLAGS);
                // AcqRel: pairs with the sleepers' `fetch_or`: whoever comes second sees the first.
                match self.tail.word.compare_exchange_weak(
                    tail,
                    next,
                    Ordering::AcqRel,
                    Ordering::Relaxed,
                ) {
                    Ok(_) => return Claim::Slot(Free { position, flags: tail & FLAGS }),
                    Err(now) => now,
                }
            } else {
                let now = self.tail.word.load(Ordering::Relaxed);
                if now == tail {
                    // Full at the moment of this load: the tail is never more than a lap ahead.
                    let head = self.head.load(Ordering::Acquire) & !FLAGS;
                    let full = head.wrapping_add(self.layout.lap) == position;
                    return if full { Claim::Nothing } else { Claim::InFlight };
                }
                now
            };
            tail = now;
        }
    }

    /// Claims the slot at the head if it is published.
    #[inline]
    pub(super) fn claim_take(&self, unwanted: u64) -> Claim<Filled> {
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            if head & unwanted != 0 {
                return Claim::Flagged;
            }
            let position = head & !FLAGS;
            // Acquire: pairs with the Release in `fill`: the item is there.
            let stamp = self.array[self.layout.index(position)].stamp.load(Ordering::Acquire);
            let now = if stamp == position | PUBLISHED {
                let next = self.layout.next(position) | (head & FLAGS);
                // AcqRel: pairs with the sleepers' `fetch_or`: whoever comes second sees the first.
                match self.head.compare_exchange_weak(
                    head,
                    next,
                    Ordering::AcqRel,
                    Ordering::Relaxed,
                ) {
                    Ok(_) => return Claim::Slot(Filled { position, flags: head & FLAGS }),
                    Err(now) => now,
                }
            } else {
                let now = self.head.load(Ordering::Relaxed);
                if now == head {
                    // Empty at the moment of this load: the tail is never behind the head.
                    let tail = self.tail.word.load(Ordering::Acquire) & !FLAGS;
                    return if tail == position { Claim::Nothing } else { Claim::InFlight };
                }
                now
            };
            head = now;
        }
    }

    /// Puts the item into a claimed slot, and publishes it.
    #[inline]
    #[expect(clippy::needless_pass_by_value, reason = "a claim is used up, once")]
    pub(super) fn fill(&self, free: Free, item: T) {
        let Free { position, .. } = free;
        let slot = &self.array[self.layout.index(position)];
        // SAFETY: the stamp said that the slot is free for this position, and the swap of the tail
        // made the position ours alone; nobody reads before the stamp says published.
        slot.item.with_mut(|place| unsafe { (*place).write(item) });
        // Release: pairs with the Acquire in `claim_take`: the item is visible with the stamp.
        slot.stamp.store(position | PUBLISHED, Ordering::Release);
        let tail = self.layout.next(position);
        if tail > self.tail.mark.load(Ordering::Relaxed) {
            self.mark_depth(tail);
        }
    }

    /// Takes the item out of a claimed slot, and frees it for the next lap.
    #[inline]
    #[expect(clippy::needless_pass_by_value, reason = "a claim is used up, once")]
    pub(super) fn empty(&self, filled: Filled) -> T {
        let Filled { position, .. } = filled;
        let slot = &self.array[self.layout.index(position)];
        // SAFETY: the stamp said that the slot holds the item of this position, and the swap of the
        // head made it ours alone; nobody writes before the stamp says free.
        let item = slot.item.with(|place| unsafe { (*place).assume_init_read() });
        // Release: pairs with the Acquire in `claim_put`: the slot is free with the stamp.
        slot.stamp.store(position.wrapping_add(self.layout.lap), Ordering::Release);
        item
    }

    /// Looks at the true depth after a put that brought the tail here.
    #[inline(never)]
    fn mark_depth(&self, tail: u64) {
        let head = self.head.load(Ordering::Relaxed) & !FLAGS;
        let depth = self.layout.depth(head, tail).min(self.layout.capacity);
        let mut high_water = self.tail.high_water.load(Ordering::Relaxed);
        if depth > high_water {
            high_water = self.tail.high_water.fetch_max(depth, Ordering::Relaxed).max(depth);
        }
        let mark = if high_water >= self.layout.capacity {
            u64::MAX
        } else {
            self.layout.on(head, high_water)
        };
        self.tail.mark.store(mark, Ordering::Relaxed);
    }
}

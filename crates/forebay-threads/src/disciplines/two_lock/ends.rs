//! The two ends, as far as they meet: how many items were ever put, and how many ever taken.
//!
//! Each end keeps, beside its own position, how far it may go without looking at the other's: its
//! *limit*. The other's position is read anew only when that is used up, so a cache line travels
//! between the processors once for many items (L. Lamport, *Specifying Concurrent Program Modules*,
//! 1983, for one on each side; P. P. C. Lee and others, *A Lock-Free, Cache-Efficient Shared Ring
//! Buffer*, 2009, for the limits).

#![expect(unsafe_code, reason = "places are written and read without a lock between the ends")]
#![expect(clippy::inline_always, reason = "a result through memory costs more than all of it")]

use std::vec;

use crossbeam_utils::CachePadded;

use crate::atomics::{AtomicU64, Ordering};

/// Where items lie between the two ends.
///
/// # Safety
///
/// At most [`room`](Places::room) items may lie between a put and its take; up to so many, a put and a
/// take of different items never touch the same memory unsynchronized.
pub(crate) unsafe trait Places {
    type Item;
    /// What a put needs to find its place.
    type Tail;
    /// What a take needs to find its item.
    type Head;

    fn room(&self) -> u64;

    /// Has the processor fetch the places, if they are within one line. A hint.
    fn prefetch(&self) {}

    /// # Safety
    ///
    /// One put at a time, with the one `Tail`. Fewer than [`room`](Places::room) items lie here, and
    /// the takes of all others happened before.
    unsafe fn put(&self, tail: &mut Self::Tail, item: Self::Item);

    /// # Safety
    ///
    /// One take at a time, with the one `Head`. An item lies here, and its put happened before.
    unsafe fn take(&self, head: &mut Self::Head) -> Self::Item;

    /// Puts the first `many` of the items, of which there are so many.
    ///
    /// # Safety
    ///
    /// As for so many puts.
    unsafe fn put_many(
        &self,
        tail: &mut Self::Tail,
        items: &mut vec::IntoIter<Self::Item>,
        many: usize,
    ) {
        for item in items.take(many) {
            // SAFETY: as the caller promises.
            unsafe { self.put(tail, item) };
        }
    }

    /// Takes so many items, for which `into` has capacity.
    ///
    /// # Safety
    ///
    /// As for so many takes.
    unsafe fn take_many(&self, head: &mut Self::Head, into: &mut Vec<Self::Item>, many: usize) {
        // SAFETY: as the caller promises.
        into.extend((0..many).map(|_| unsafe { self.take(head) }));
    }
}

/// What both ends see.
#[derive(Debug)]
pub(super) struct Ends<P> {
    /// Items ever put. Written by the tail.
    put: CachePadded<AtomicU64>,
    /// Items ever taken. Written by the head.
    taken: CachePadded<AtomicU64>,
    places: P,
}

/// The end where items are put. There is one for each [`Ends`].
#[derive(Debug)]
pub(super) struct Tail<C> {
    position: u64,
    /// At most `taken` + room, so that every place before it is free.
    limit: u64,
    cursor: C,
}

/// The end where items are taken. There is one for each [`Ends`].
#[derive(Debug)]
pub(super) struct Head<C> {
    position: u64,
    /// At most `put`, so that an item lies in every place before it.
    limit: u64,
    cursor: C,
}

impl<P: Places> Ends<P> {
    pub(super) fn new(
        places: P,
        tail: P::Tail,
        head: P::Head,
    ) -> (Self, Tail<P::Tail>, Head<P::Head>) {
        let ends = Self {
            put: CachePadded::new(AtomicU64::new(0)),
            taken: CachePadded::new(AtomicU64::new(0)),
            places,
        };
        let tail = Tail { position: 0, limit: 0, cursor: tail };
        let head = Head { position: 0, limit: 0, cursor: head };
        (ends, tail, head)
    }

    /// Puts the item, if the tail is below its limit.
    #[inline(always)]
    pub(super) fn put(&self, tail: &mut Tail<P::Tail>, item: P::Item) -> Result<(), P::Item> {
        let position = tail.position;
        if position >= tail.limit {
            return Err(item);
        }
        // SAFETY: there is one tail, borrowed exclusively. It is below its limit, so fewer than
        // `room` items lie here; those that do not were taken before the head published so, which
        // `allow` has read.
        unsafe { self.places.put(&mut tail.cursor, item) };
        tail.position = position + 1;
        // Release: pairs with the Acquire in `Ends::put_so_far`: the item is visible with the count.
        self.put.store(position + 1, Ordering::Release);
        Ok(())
    }

    /// Puts the item with both ends in hand: there is a place for it.
    #[inline(always)]
    pub(super) fn put_here(&self, tail: &mut Tail<P::Tail>, head: &Head<P::Head>, item: P::Item) {
        let position = tail.position;
        assert!(position - head.position < self.places.room(), "a place where there is room");
        // SAFETY: there is one tail, borrowed exclusively, and one head, which stands still meanwhile:
        // fewer than `room` items lie here, and whoever took the others had it before.
        unsafe { self.places.put(&mut tail.cursor, item) };
        tail.position = position + 1;
        // Release: as in `put`.
        self.put.store(position + 1, Ordering::Release);
    }

    /// Takes the oldest item with both ends in hand, if one lies here. The next take at the head alone
    /// looks first.
    #[inline(always)]
    pub(super) fn take_here(
        &self,
        head: &mut Head<P::Head>,
        tail: &Tail<P::Tail>,
    ) -> Option<P::Item> {
        let position = head.position;
        if position >= tail.position {
            return None;
        }
        // SAFETY: there is one head, borrowed exclusively, and one tail, which stands still meanwhile:
        // an item lies here, and whoever put it had the tail before.
        let item = unsafe { self.places.take(&mut head.cursor) };
        head.position = position + 1;
        head.limit = position + 1;
        // Release: as in `take`.
        self.taken.store(position + 1, Ordering::Release);
        Some(item)
    }

    /// Puts items as far as the limit allows, and shows them to the head in one go; returns how many.
    pub(super) fn put_many(
        &self,
        tail: &mut Tail<P::Tail>,
        items: &mut vec::IntoIter<P::Item>,
    ) -> u64 {
        let room = tail.limit.saturating_sub(tail.position);
        let many = usize::try_from(room).unwrap_or(usize::MAX).min(items.len());
        // SAFETY: as in `put`, for so many items below the limit.
        unsafe { self.places.put_many(&mut tail.cursor, items, many) };
        tail.position += many as u64;
        // Release: as in `put`.
        self.put.store(tail.position, Ordering::Release);
        many as u64
    }

    /// Takes the oldest item, if the head is below its limit.
    #[inline(always)]
    pub(super) fn take(&self, head: &mut Head<P::Head>) -> Option<P::Item> {
        let position = head.position;
        if position >= head.limit {
            return None;
        }
        // SAFETY: there is one head, borrowed exclusively. It is below its limit, so an item lies
        // here whose put came before the tail published so, which `look` has read.
        let item = unsafe { self.places.take(&mut head.cursor) };
        head.position = position + 1;
        // Release: pairs with the Acquire in `Ends::taken_so_far`: the place is free with the count.
        self.taken.store(position + 1, Ordering::Release);
        Some(item)
    }

    /// Takes items as far as the limit allows, until `into` has `most` or is full, and gives their places back in
    /// one go; returns how many.
    pub(super) fn take_many(
        &self,
        head: &mut Head<P::Head>,
        into: &mut Vec<P::Item>,
        most: usize,
    ) -> u64 {
        let items = head.limit.saturating_sub(head.position);
        let wanted = most.min(into.capacity()).saturating_sub(into.len());
        let many = usize::try_from(items).unwrap_or(usize::MAX).min(wanted);
        // SAFETY: as in `take`, for so many items below the limit.
        unsafe { self.places.take_many(&mut head.cursor, into, many) };
        head.position += many as u64;
        // Release: as in `take`.
        self.taken.store(head.position, Ordering::Release);
        many as u64
    }

    /// How many items were put, at some moment of this call.
    #[inline]
    pub(super) fn put_so_far(&self) -> u64 {
        // Acquire: pairs with the Release in `put` and `put_many`.
        self.put.load(Ordering::Acquire)
    }

    /// How many items were taken, at some moment of this call.
    #[inline]
    pub(super) fn taken_so_far(&self) -> u64 {
        // Acquire: pairs with the Release in `take` and `take_many`.
        self.taken.load(Ordering::Acquire)
    }

    /// For those who look again and again for an item to take: where it will lie is fetched together with
    /// the count that tells of it.
    #[inline]
    pub(super) fn look_forward(&self) {
        self.places.prefetch();
    }

    /// How many items lie here, as it looks from outside: a hint.
    #[inline]
    pub(super) fn glance(&self) -> u64 {
        let taken = self.taken.load(Ordering::Relaxed);
        self.put.load(Ordering::Relaxed).saturating_sub(taken)
    }

    /// How many items lie here, as seen from the tail; takes go on meanwhile, and only make it less.
    #[inline]
    pub(super) fn waiting(&self, tail: &Tail<P::Tail>) -> u64 {
        tail.position - self.taken_so_far()
    }

    /// Lets the tail put, without another look, until `depth` items lie here; returns how many lie
    /// here now.
    #[inline]
    pub(super) fn allow(&self, tail: &mut Tail<P::Tail>, depth: u64) -> u64 {
        let taken = self.taken_so_far();
        tail.limit = taken.saturating_add(depth.min(self.places.room()));
        tail.position - taken
    }

    /// Lets the head take, without another look, what lies here now; returns how many that is.
    #[inline]
    pub(super) fn look(&self, head: &mut Head<P::Head>) -> u64 {
        head.limit = self.put_so_far();
        head.limit - head.position
    }
}

impl<C> Tail<C> {
    pub(super) fn position(&self) -> u64 {
        self.position
    }
}

impl<C> Head<C> {
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Has the take at `position` look first.
    #[inline]
    pub(super) fn stop_at(&mut self, position: u64) {
        self.limit = self.limit.min(position);
    }

    /// Has the next take look first.
    pub(super) fn stop(&mut self) {
        self.limit = self.position;
    }
}

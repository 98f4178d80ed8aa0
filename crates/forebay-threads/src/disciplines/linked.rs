//! A linked list with a lock at each end, bounded or not.
//!
//! M. M. Michael & M. L. Scott, *Simple, Fast, and Practical Non-Blocking and Blocking Concurrent
//! Queue Algorithms* (1996), the two-lock queue: a dummy node stands before the first item, so that
//! producers touch only the tail and consumers only the head. The count between the two ends, and
//! the waiting on it, follow D. Lea's LinkedBlockingQueue (2004).
//!
//! The only discipline that grows: memory is allocated an item at a time.

#![expect(unsafe_code, reason = "nodes are shared between the two ends")]

use std::collections::BTreeMap;
use std::fmt;
use std::mem::MaybeUninit;
use std::ptr;
use std::task::Waker;

use crossbeam_utils::CachePadded;
use forebay_contract::{PutError, Refusal};

use crate::atomics::{AtomicBool, AtomicPtr, AtomicUsize, Mutex, Ordering, UnsafeCell};
use crate::store::{self, Closed, Counts, Entry, Progress, Store, Taken};
use crate::waiter::{Admission, Calls, Turn, WaitList};

pub(crate) struct Linked<T> {
    head: CachePadded<Mutex<Head<T>>>,
    tail: CachePadded<Mutex<Tail<T>>>,
    /// Items waiting, returned ones too. Raised after an item is in, under the lock of the end where
    /// it came in; lowered under the head's lock.
    waiting: CachePadded<AtomicUsize>,
    watched: AtomicBool,
    not_full: WaitList,
    not_empty: WaitList,
    /// `usize::MAX` when unbounded.
    capacity: usize,
}

struct Head<T> {
    /// The node before the first item; its own item is gone.
    dummy: *mut Node<T>,
    /// Older than everything in the list.
    returned: BTreeMap<u64, Entry<T>>,
    /// Items taken from the list: the position of the next.
    taken: u64,
    removed: u64,
    high_water: u64,
}

struct Tail<T> {
    last: *mut Node<T>,
    produced: u64,
    closed: bool,
    high_water: u64,
}

struct Node<T> {
    /// Null in the last node. Written once, under the tail's lock.
    next: AtomicPtr<Node<T>>,
    /// Initialized in every node but the dummy.
    item: UnsafeCell<MaybeUninit<T>>,
}

impl<T> Node<T> {
    fn new(item: MaybeUninit<T>) -> *mut Self {
        Box::into_raw(Box::new(Self {
            next: AtomicPtr::new(ptr::null_mut()),
            item: UnsafeCell::new(item),
        }))
    }
}

// SAFETY: the nodes are owned by the list and reached only under its locks, so moving the list
// between threads moves the items, and sharing it hands out items by value only.
unsafe impl<T: Send> Send for Linked<T> {}
// SAFETY: as above; no reference to an item is ever given out.
unsafe impl<T: Send> Sync for Linked<T> {}

enum Refused {
    NoRoom,
    Closed,
}

impl<T> Linked<T> {
    pub(crate) fn new(capacity: Option<usize>) -> Self {
        let dummy = Node::new(MaybeUninit::uninit());
        let head = Head { dummy, returned: BTreeMap::new(), taken: 0, removed: 0, high_water: 0 };
        let tail = Tail { last: dummy, produced: 0, closed: false, high_water: 0 };
        let capacity = capacity.unwrap_or(usize::MAX);
        Self {
            head: CachePadded::new(Mutex::new(head)),
            tail: CachePadded::new(Mutex::new(tail)),
            waiting: CachePadded::new(AtomicUsize::new(0)),
            watched: AtomicBool::new(false),
            not_full: WaitList::new(capacity),
            not_empty: WaitList::new(capacity),
            capacity,
        }
    }

    fn has_room(&self) -> bool {
        self.waiting.load(Ordering::Acquire) < self.capacity
    }

    /// After this, either we see what another has put, taken or given back, or it sees what we did
    /// before: that we sleep, or that we watch. Both change the one word `waiting`, so one of the
    /// two comes first.
    fn meet(&self) {
        // AcqRel: pairs with the `fetch_add` in `put` and `give_back`, and the `fetch_sub` in `take`.
        self.waiting.fetch_add(0, Ordering::AcqRel);
    }

    fn sleep(
        &self,
        list: &WaitList,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) {
        list.lock().wait(turn, waker, calls);
        self.meet();
    }

    fn put(&self, item: T, turn: &mut Turn, calls: &mut Calls) -> Result<(), (T, Refused)> {
        let admission = self.not_full.admits(turn);
        if admission == Admission::Refused {
            let why = if self.is_closed() { Refused::Closed } else { Refused::NoRoom };
            return Err((item, why));
        }
        let mut tail = self.tail.lock();
        let refused = if tail.closed {
            Some(Refused::Closed)
        } else if !self.has_room() {
            Some(Refused::NoRoom)
        } else {
            None
        };
        if let Some(refused) = refused {
            drop(tail);
            if admission == Admission::Pass {
                self.not_full.excuse();
            }
            return Err((item, refused));
        }
        let node = Node::new(MaybeUninit::new(item));
        // SAFETY: `last` is the end of the list; a node is freed only once it has a successor, and
        // only we, under the tail's lock, give it one.
        // Release: pairs with the Acquire in `take`: the item becomes visible with its node.
        unsafe { (*tail.last).next.store(node, Ordering::Release) };
        tail.last = node;
        tail.produced += 1;
        // AcqRel: pairs with `meet`.
        let depth = self.waiting.fetch_add(1, Ordering::AcqRel) as u64 + 1;
        tail.high_water = tail.high_water.max(depth);
        drop(tail);
        self.not_full.leave(turn, calls, || self.has_room());
        self.not_empty.call(calls);
        Ok(())
    }

    fn take(&self, turn: &mut Turn, calls: &mut Calls) -> Option<Taken<T>> {
        let admission = self.not_empty.admits(turn);
        if admission == Admission::Refused {
            return None;
        }
        let mut head = self.head.lock();
        // Acquire: pairs with the `fetch_add` in `put`: the item is linked.
        if self.waiting.load(Ordering::Acquire) == 0 {
            drop(head);
            if admission == Admission::Pass {
                self.not_empty.excuse();
            }
            return None;
        }
        let entry = match head.returned.pop_first() {
            Some((_, entry)) => entry,
            None => head.take_first(),
        };
        head.removed += 1;
        // AcqRel: pairs with `meet`.
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        drop(head);
        let watched = self.watched.load(Ordering::Relaxed);
        self.not_empty.leave(turn, calls, || !self.is_empty());
        self.not_full.call(calls);
        Some(Taken { entry, watched })
    }
}

impl<T> Head<T> {
    /// The first item of the list, of which there must be one.
    fn take_first(&mut self) -> Entry<T> {
        // SAFETY: `dummy` is ours under the head's lock. The count said that an item waits and none
        // is returned, so a producer has linked a successor, which holds an item nobody has read.
        // We read it once and make its node the dummy; the old dummy is then out of reach: the tail
        // is at its successor or past it.
        // Acquire: pairs with the Release in `put`.
        let item = unsafe {
            let first = (*self.dummy).next.load(Ordering::Acquire);
            assert!(!first.is_null(), "the count stands for an item in the list");
            let item = (*first).item.with(|item| (*item).assume_init_read());
            drop(Box::from_raw(self.dummy));
            self.dummy = first;
            item
        };
        self.taken += 1;
        Entry::fresh(item, self.taken - 1)
    }
}

impl<T> Store<T> for Linked<T> {
    #[inline(never)]
    fn try_put(&self, item: T, calls: &mut Calls) -> Result<(), PutError<T>> {
        self.put(item, &mut Turn::default(), calls).map_err(|(item, refused)| {
            let refusal = match refused {
                Refused::NoRoom => Refusal::Full,
                Refused::Closed => Refusal::Closed,
            };
            PutError { item, refusal }
        })
    }

    fn poll_put(
        &self,
        item: &mut Option<T>,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) -> Progress<Result<(), Closed>> {
        // Once before going to sleep, once after: what came in between is seen by the second.
        for attempt in 0..2 {
            match self.put(item.take().expect("polled with an item"), turn, calls) {
                Ok(()) => return Progress::Done(Ok(())),
                Err((refused, why)) => {
                    *item = Some(refused);
                    if matches!(why, Refused::Closed) {
                        self.cancel_put(turn, calls);
                        return Progress::Done(Err(Closed));
                    }
                }
            }
            if attempt == 0 {
                self.sleep(&self.not_full, turn, waker, calls);
            }
        }
        Progress::Asleep
    }

    fn cancel_put(&self, turn: &mut Turn, calls: &mut Calls) {
        self.not_full.leave(turn, calls, || self.has_room());
    }

    #[inline(never)]
    fn try_take(&self, calls: &mut Calls) -> Option<Taken<T>> {
        self.take(&mut Turn::default(), calls)
    }

    fn poll_take(
        &self,
        turn: &mut Turn,
        waker: &mut Option<Waker>,
        calls: &mut Calls,
    ) -> Progress<Taken<T>> {
        if let Some(taken) = self.take(turn, calls) {
            return Progress::Done(taken);
        }
        self.sleep(&self.not_empty, turn, waker, calls);
        self.take(turn, calls).map_or(Progress::Asleep, Progress::Done)
    }

    fn cancel_take(&self, turn: &mut Turn, calls: &mut Calls) {
        self.not_empty.leave(turn, calls, || !self.is_empty());
    }

    fn give_back(&self, entry: Entry<T>, calls: &mut Calls) {
        let mut head = self.head.lock();
        head.returned.insert(entry.position, entry);
        // AcqRel: pairs with `meet`.
        let depth = self.waiting.fetch_add(1, Ordering::AcqRel) as u64 + 1;
        head.high_water = head.high_water.max(depth);
        drop(head);
        self.not_empty.call(calls);
    }

    fn close(&self, calls: &mut Calls) {
        self.tail.lock().closed = true;
        self.not_full.rouse(calls);
        self.not_empty.rouse(calls);
    }

    fn is_closed(&self) -> bool {
        self.tail.lock().closed
    }

    fn watch(&self, on: bool) {
        self.watched.store(on, Ordering::Relaxed);
        self.meet();
    }

    fn is_empty(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }

    fn rouse_consumers(&self, calls: &mut Calls) {
        self.not_empty.rouse(calls);
    }

    fn counts(&self) -> Counts {
        let head = self.head.lock();
        let tail = self.tail.lock();
        Counts {
            produced: tail.produced,
            removed: head.removed,
            waiting: self.waiting.load(Ordering::Acquire) as u64,
            high_water: head.high_water.max(tail.high_water),
        }
    }

    fn waiters(&self) -> (usize, usize) {
        (self.not_full.asleep(), self.not_empty.asleep())
    }
}

impl<T> Drop for Linked<T> {
    fn drop(&mut self) {
        let panic = store::empty_out(self, || {});
        let dummy = self.head.lock().dummy;
        // SAFETY: the list is empty, so the dummy is its only node, and nobody else has the list.
        drop(unsafe { Box::from_raw(dummy) });
        panic.resume();
    }
}

impl<T> fmt::Debug for Linked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Linked").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

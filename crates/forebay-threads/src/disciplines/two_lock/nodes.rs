//! A list of places, each made for its item.
//!
//! A dummy node stands before the first item, so that a put touches only the last node and a take only
//! the first two: they meet in one node at most, and there each has a field of its own.

#![expect(unsafe_code, reason = "nodes are shared between the two ends")]

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr;

use super::ends::Places;
use crate::atomics::{AtomicPtr, Ordering, UnsafeCell};

/// The list itself is between its two ends; there is nothing to keep here.
#[derive(Debug)]
pub(crate) struct Nodes<T>(PhantomData<fn(T) -> T>);

/// The last node.
#[derive(Debug)]
pub(crate) struct Last<T>(*mut Node<T>);

/// The node before the first item; its own item is gone. Owned, and freed with this.
#[derive(Debug)]
pub(crate) struct Dummy<T>(*mut Node<T>);

struct Node<T> {
    /// Null in the last node. Written once, by the put that makes it the last no more.
    next: AtomicPtr<Node<T>>,
    /// Initialized in every node but the dummy.
    item: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: both are used by one thread at a time, and what they lead to is moved between threads by
// value.
unsafe impl<T: Send> Send for Last<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Dummy<T> {}

impl<T> Node<T> {
    fn new(item: MaybeUninit<T>) -> *mut Self {
        let next = AtomicPtr::new(ptr::null_mut());
        Box::into_raw(Box::new(Self { next, item: UnsafeCell::new(item) }))
    }
}

impl<T> Nodes<T> {
    /// An empty list, and its two ends.
    pub(crate) fn new() -> (Self, Last<T>, Dummy<T>) {
        let dummy = Node::new(MaybeUninit::uninit());
        (Self(PhantomData), Last(dummy), Dummy(dummy))
    }
}

// SAFETY: each put makes a place, and each take frees one, however many there are.
unsafe impl<T> Places for Nodes<T> {
    type Item = T;
    type Tail = Last<T>;
    type Head = Dummy<T>;

    fn room(&self) -> u64 {
        u64::MAX
    }

    unsafe fn put(&self, tail: &mut Last<T>, item: T) {
        let node = Node::new(MaybeUninit::new(item));
        // SAFETY: the last node is freed only by a take past it, which needs the successor that we
        // are about to give it; nobody else puts.
        // Release: pairs with the Acquire in `take`: the item is visible with its node.
        unsafe { (*tail.0).next.store(node, Ordering::Release) };
        tail.0 = node;
    }

    unsafe fn take(&self, head: &mut Dummy<T>) -> T {
        // SAFETY: the caller promises that an item was put and not taken, so the dummy has a
        // successor that holds it, and that nobody else takes. We read it once and make its node the
        // dummy; the old dummy is then out of reach: the tail is at its successor or past it.
        // Acquire: pairs with the Release in `put`.
        unsafe {
            let first = (*head.0).next.load(Ordering::Acquire);
            let item = (*first).item.with(|item| (*item).assume_init_read());
            drop(Box::from_raw(head.0));
            head.0 = first;
            item
        }
    }
}

impl<T> Drop for Dummy<T> {
    fn drop(&mut self) {
        let mut node = self.0;
        // Whoever owns the ends takes all items out first; nodes that were left would lose theirs.
        while !node.is_null() {
            // SAFETY: the list goes with its head, and nobody else has a node of it any more.
            let gone = unsafe { Box::from_raw(node) };
            node = gone.next.load(Ordering::Relaxed);
        }
    }
}

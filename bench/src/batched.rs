//! Buffers that carry several items at a time, behind the face of those that carry one.
//!
//! A producer's items are gathered until there is a batch, which is part of what batches cost; a
//! consumer takes as many as are there, up to a batch, and hands them on one by one.

use std::{mem, vec};

use forebay::{Consumer, Discipline, Producer};

use crate::blocking::{Put, Take, Trial, many_to_many, many_to_one};
use crate::contender::{Peer, forebay};
use crate::item::Item;
use crate::shape::Shape;

/// The most items in a batch.
pub const BATCH: usize = 64;

/// Runs `trial` on ours, which puts and takes batches.
pub(crate) fn open<T: Item, R: Trial<T>>(
    discipline: Discipline,
    shape: Shape,
    capacity: usize,
    trial: R,
) -> R::Outcome {
    let (producer, consumer) = forebay(discipline, capacity);
    let take = |consumer: &mut Consumer<T>| consumer.take_many(BATCH).unwrap_or_default();
    let sides = (Putting { producer, batch: Vec::new() }, Taking::new(consumer, take));
    many_to_many(sides, shape, trial)
}

/// Whether the peer can take several items at a time; none can put them.
pub fn has_form(peer: Peer) -> bool {
    matches!(peer, Peer::Kanal | Peer::Flume | Peer::Loole | Peer::Tokio)
}

/// Runs `trial` on a peer's, which takes a batch, or as many as are there where it knows no limit.
pub(crate) fn open_peer<T: Item, R: Trial<T>>(
    peer: Peer,
    shape: Shape,
    capacity: usize,
    trial: R,
) -> R::Outcome {
    match peer {
        Peer::Kanal => {
            let (sender, receiver) = kanal::bounded(capacity);
            let take = |receiver: &mut kanal::Receiver<T>| {
                let mut items: Vec<T> = receiver.recv().into_iter().collect();
                // Closed meanwhile: what is here is what there is.
                let _ = receiver.drain_into(&mut items);
                items
            };
            many_to_many((sender, Taking::new(receiver, take)), shape, trial)
        }
        Peer::Flume => {
            let (sender, receiver) = flume::bounded(capacity);
            let take = |receiver: &mut flume::Receiver<T>| {
                receiver.recv().into_iter().chain(receiver.drain()).collect()
            };
            many_to_many((sender, Taking::new(receiver, take)), shape, trial)
        }
        Peer::Loole => {
            let (sender, receiver) = loole::bounded(capacity);
            let take = |receiver: &mut loole::Receiver<T>| {
                receiver.recv().into_iter().chain(receiver.drain()).collect()
            };
            many_to_many((sender, Taking::new(receiver, take)), shape, trial)
        }
        Peer::Tokio => {
            let (sender, receiver) = tokio::sync::mpsc::channel(capacity);
            let take = |receiver: &mut tokio::sync::mpsc::Receiver<T>| {
                let mut items = Vec::with_capacity(BATCH);
                receiver.blocking_recv_many(&mut items, BATCH);
                items
            };
            many_to_one((sender, Taking::new(receiver, take)), shape, trial)
        }
        _ => unreachable!("{peer} takes one item at a time"),
    }
}

/// Our producing side, a batch at a time.
#[derive(Clone)]
struct Putting<T> {
    producer: Producer<T>,
    /// Not put yet.
    batch: Vec<T>,
}

impl<T> Putting<T> {
    fn put_batch(&mut self) {
        let batch = mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        assert!(self.producer.put_many(batch).is_ok(), "consumers stay until the end");
    }
}

impl<T: Item> Put<T> for Putting<T> {
    #[inline]
    fn put(&mut self, item: T) {
        self.batch.push(item);
        if self.batch.len() == BATCH {
            self.put_batch();
        }
    }
}

impl<T> Drop for Putting<T> {
    /// What is left is a batch, too.
    fn drop(&mut self) {
        if !self.batch.is_empty() {
            self.put_batch();
        }
    }
}

/// Anybody's consuming side, as many at a time as `take_batch` brings: none when it is closed and
/// drained.
#[derive(Clone)]
struct Taking<T, C, F> {
    consumer: C,
    take_batch: F,
    taken: vec::IntoIter<T>,
}

impl<T, C, F: FnMut(&mut C) -> Vec<T>> Taking<T, C, F> {
    fn new(consumer: C, take_batch: F) -> Self {
        Self { consumer, take_batch, taken: Vec::new().into_iter() }
    }
}

impl<T: Item, C: Send, F: FnMut(&mut C) -> Vec<T> + Send> Take<T> for Taking<T, C, F> {
    #[inline]
    fn take(&mut self) -> Option<T> {
        if self.taken.len() == 0 {
            self.taken = (self.take_batch)(&mut self.consumer).into_iter();
        }
        self.taken.next()
    }
}

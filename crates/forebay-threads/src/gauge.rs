//! What is measured of every put and take, where the builder asked for it: weights, and the crossing of
//! watermarks.

use std::collections::VecDeque;

use crate::atomics::Arc;
use crate::calls::Calls;
use crate::watermarks::Watermarks;

/// Kept under the store's own lock.
#[derive(Debug)]
pub(crate) struct Gauge {
    depth: u64,
    /// The greatest weight that may wait; `u64::MAX` when items are not weighed.
    most: u64,
    /// Of what waits: wider than one weight, since what comes back asks for no room.
    weight: u128,
    /// Set aside by permits.
    reserved: u128,
    /// Of the fresh items, in their order.
    fresh: VecDeque<u64>,
    watermarks: Option<Arc<Watermarks>>,
}

impl Gauge {
    pub(crate) fn new(most: Option<u64>, watermarks: Option<Arc<Watermarks>>) -> Self {
        Self {
            depth: 0,
            most: most.unwrap_or(u64::MAX),
            weight: 0,
            reserved: 0,
            fresh: VecDeque::new(),
            watermarks,
        }
    }

    /// Of what waits.
    pub(crate) fn weight(&self) -> u64 {
        u64::try_from(self.weight).unwrap_or(u64::MAX)
    }

    /// Whether so much more may wait now.
    pub(crate) fn fits(&self, weight: u64) -> bool {
        self.weight + self.reserved + u128::from(weight) <= u128::from(self.most)
    }

    /// Whether so much could wait if nothing else did.
    pub(crate) fn could_fit(&self, weight: u64) -> bool {
        self.reserved + u128::from(weight) <= u128::from(self.most)
    }

    pub(crate) fn reserve(&mut self, weight: u64) {
        self.reserved += u128::from(weight);
    }

    pub(crate) fn release(&mut self, weight: u64) {
        self.reserved -= u128::from(weight);
    }

    /// A fresh item has been put.
    pub(crate) fn put(&mut self, weight: u64, calls: &mut Calls) {
        self.fresh.push_back(weight);
        self.rise(weight, calls);
    }

    /// An entry has come back.
    pub(crate) fn give_back(&mut self, weight: u64, calls: &mut Calls) {
        self.rise(weight, calls);
    }

    /// The oldest fresh item has been taken; returns its weight.
    pub(crate) fn take_fresh(&mut self, calls: &mut Calls) -> u64 {
        let weight = self.fresh.pop_front().expect("each fresh item has its weight here");
        self.fall(weight, calls);
        weight
    }

    /// An entry that had come back has been taken.
    pub(crate) fn take_returned(&mut self, weight: u64, calls: &mut Calls) {
        self.fall(weight, calls);
    }

    fn rise(&mut self, weight: u64, calls: &mut Calls) {
        self.depth += 1;
        self.weight += u128::from(weight);
        self.tell(calls);
    }

    fn fall(&mut self, weight: u64, calls: &mut Calls) {
        self.depth -= 1;
        self.weight -= u128::from(weight);
        self.tell(calls);
    }

    fn tell(&self, calls: &mut Calls) {
        if let Some(watermarks) = &self.watermarks
            && watermarks.see(self.depth)
        {
            calls.tell(watermarks);
        }
    }
}

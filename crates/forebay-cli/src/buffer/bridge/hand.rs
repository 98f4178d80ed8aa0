//! What is on its way: leased at the one end, in the order of puts, and not yet acked there.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use forebay::LeaseError;
use forebay::processes::Bytes;

use crate::buffer::place::Lease;

#[derive(Debug, Default)]
pub(super) struct Hand(Mutex<VecDeque<Lease>>);

impl Hand {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Lease>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes these up behind those that are there; their items, to be put.
    pub(super) fn take_up(&self, leases: Vec<Lease>) -> Vec<Bytes> {
        let items = leases.iter().map(|lease| lease.bytes().into()).collect();
        self.lock().extend(leases);
        items
    }

    /// Lets go of the first ones, so many.
    pub(super) fn release(&self, count: usize) -> Vec<Lease> {
        let mut leases = self.lock();
        let count = count.min(leases.len());
        leases.drain(..count).collect()
    }

    /// Gives all of them back: so many.
    pub(super) fn give_back(&self) -> usize {
        let leases = std::mem::take(&mut *self.lock());
        leases.len()
    }

    /// From here on the leases are moved on, which end after so long otherwise.
    pub(super) fn keep(self: &Arc<Self>, lease_time: Duration) {
        let own = Arc::downgrade(self);
        // Without a thread items come twice where one waits long.
        let _ = thread::Builder::new().name("leases".to_owned()).spawn(move || {
            loop {
                thread::sleep(lease_time / 3);
                let Some(hand) = own.upgrade() else { return };
                // One that is lost comes twice, and where one could not be asked for the next cannot either.
                let mut leases = hand.lock();
                let mut extended = leases.iter_mut().map(|lease| lease.extend(lease_time));
                extended.any(|extended| matches!(extended, Err(LeaseError::Unable(_))));
            }
        });
    }
}

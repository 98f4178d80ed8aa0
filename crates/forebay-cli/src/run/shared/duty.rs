//! The duty to finish items of a shared buffer: their leases there, answered when the command has ended.
//!
//! A command has one item, or with `-n` a group of them, and so one lease or several; all are answered alike.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use forebay::LeaseError;

use super::demand::Demand;
use crate::buffer::place::{Consumer, Lease};
use crate::run::command::group::Groups;

/// The leases of what one command gets. Dropped without an answer, they are given back.
#[derive(Debug)]
pub(crate) struct Duty {
    leases: Mutex<Vec<Lease>>,
    consumer: Arc<Consumer>,
    demand: Arc<Demand>,
    /// How many there were.
    count: usize,
    deliveries: u32,
    failures: u32,
    is_lost: AtomicBool,
    /// The consumer that serves them now, from 0.
    server: Mutex<Option<usize>>,
}

impl Duty {
    /// `leases` is never empty. They count as held until the last handle of this has gone.
    pub(crate) fn new(leases: Vec<Lease>, consumer: Arc<Consumer>, demand: Arc<Demand>) -> Self {
        let most = |of: fn(&Lease) -> u32| leases.iter().map(of).max().unwrap_or(0);
        let (deliveries, failures) = (most(Lease::deliveries), most(Lease::failures));
        let count = leases.len();
        demand.hold(count);
        Self {
            leases: Mutex::new(leases),
            consumer,
            demand,
            count,
            deliveries,
            failures,
            is_lost: AtomicBool::new(false),
            server: Mutex::new(None),
        }
    }

    /// How often the item was leased, by whichever process; of a group, the one that was most often.
    pub(crate) fn deliveries(&self) -> u32 {
        self.deliveries
    }

    /// How often it has failed, in whichever process.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Lease>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<Lease> {
        std::mem::take(&mut *self.lock())
    }

    /// Finishes the items of several commands together. Where one is no longer held, somebody else has it again.
    pub(crate) fn ack_all<'a>(duties: impl Iterator<Item = &'a Self>) -> Result<(), LeaseError> {
        let mut leases = Vec::new();
        let mut consumer = None;
        for duty in duties {
            leases.append(&mut duty.lock());
            consumer = Some(&duty.consumer);
        }
        let Some(consumer) = consumer else { return Ok(()) };
        match consumer.ack_many(leases) {
            Ok(0) => Ok(()),
            Ok(_) => Err(LeaseError::NotHeld),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Gives the items back as failed, to be leased again by whoever comes.
    pub(crate) fn fail(&self, reason: &str) -> Result<(), LeaseError> {
        self.take().into_iter().map(|lease| lease.fail(reason)).fold(Ok(()), Result::and)
    }

    /// Sets the items aside as dead letters.
    pub(crate) fn reject(&self, reason: &str) -> Result<(), LeaseError> {
        self.take().into_iter().map(|lease| lease.reject(reason)).fold(Ok(()), Result::and)
    }

    /// Gives the items back, saying nothing against them.
    pub(crate) fn give_back(&self) {
        drop(self.take());
    }

    /// Moves the deadlines to so long from now. Says whether one was over, so that the item is somebody else's
    /// now; only the first time.
    pub(crate) fn extend(&self, time: Duration) -> bool {
        let extended =
            self.lock().iter_mut().map(|lease| lease.extend(time)).fold(Ok(()), Result::and);
        let is_lost = matches!(extended, Err(LeaseError::Expired | LeaseError::NotHeld));
        is_lost && !self.is_lost.swap(true, Ordering::SeqCst)
    }

    /// Whether an item of these is somebody else's now.
    pub(crate) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::SeqCst)
    }

    fn server(&self) -> MutexGuard<'_, Option<usize>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this consumer runs works on the items, from here on to the [end](Self::end) of that.
    pub(super) fn begin(&self, consumer: usize) {
        *self.server() = Some(consumer);
    }

    /// Nothing works on the items any more.
    pub(crate) fn end(&self) {
        *self.server() = None;
    }

    /// Kills what works on the items.
    pub(super) fn stop(&self, groups: &Groups) {
        // Locked meanwhile, so that it is nothing else that runs there.
        if let Some(consumer) = *self.server() {
            groups.kill(consumer);
        }
    }

    /// Shows the bytes of each item that is held.
    pub(crate) fn each(&self, see: impl FnMut(&[u8])) {
        self.lock().iter().map(Lease::bytes).for_each(see);
    }
}

impl Drop for Duty {
    fn drop(&mut self) {
        // First, so that whoever is told finds them in the buffer.
        self.give_back();
        self.demand.release(self.count);
    }
}

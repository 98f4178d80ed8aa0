//! What the run counts beside the buffer's own statistics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many of the items that failed are named in the report.
const NAMED: usize = 5;

/// Counts of a run, readable while it runs.
#[derive(Debug)]
pub(crate) struct Tally {
    succeeded: AtomicU64,
    failed: AtomicU64,
    /// Commands run, each try for itself, and the time they took, in ns.
    served: AtomicU64,
    service: AtomicU64,
    /// For each consumer, the items that it brought to an end.
    shares: Vec<AtomicU64>,
    /// The first items that failed, each with its reason.
    named: Mutex<Vec<(String, String)>>,
}

impl Tally {
    pub(crate) fn new(consumers: usize) -> Self {
        Self {
            succeeded: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            served: AtomicU64::new(0),
            service: AtomicU64::new(0),
            shares: (0..consumers).map(|_| AtomicU64::new(0)).collect(),
            named: Mutex::default(),
        }
    }

    /// So many commands, or answers of a worker, took so long together.
    pub(crate) fn serve(&self, commands: u64, time: Duration) {
        self.served.fetch_add(commands, Ordering::Relaxed);
        self.service.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    pub(crate) fn succeed(&self, consumer: usize) {
        self.shares[consumer].fetch_add(1, Ordering::Relaxed);
        self.succeeded.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn fail(&self, consumer: usize, label: impl FnOnce() -> String, reason: &str) {
        self.shares[consumer].fetch_add(1, Ordering::Relaxed);
        self.failed.fetch_add(1, Ordering::SeqCst);
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if named.len() < NAMED {
            named.push((label(), reason.to_owned()));
        }
    }

    pub(crate) fn succeeded(&self) -> u64 {
        self.succeeded.load(Ordering::SeqCst)
    }

    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::SeqCst)
    }

    /// Commands run, and the time they took together.
    pub(crate) fn service(&self) -> (u64, Duration) {
        let service = Duration::from_nanos(self.service.load(Ordering::Relaxed));
        (self.served.load(Ordering::Relaxed), service)
    }

    /// The shares of the first so many consumers.
    pub(crate) fn shares(&self, consumers: usize) -> Vec<u64> {
        self.shares.iter().take(consumers).map(|share| share.load(Ordering::Relaxed)).collect()
    }

    pub(crate) fn named(&self) -> Vec<(String, String)> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

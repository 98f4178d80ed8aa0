//! The consuming handle of the reference buffer, and its leases.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use forebay_conformance::Counted;
use forebay_contract::{
    Consume, DeadLetter, JoinError, LeaseError, Leased, Patience, Statistics, TakeError,
};

use crate::fault::Fault;
use crate::monitor::Monitor;
use crate::state::{Entry, Want};
use crate::waiting::{join_async, join_within, wait, wait_forever};

/// What the waiting caller does with a refusal that only means that it has to wait.
fn settled<T>(result: Result<T, TakeError>) -> Option<Result<T, TakeError>> {
    match result {
        Err(TakeError::Empty | TakeError::LeaseLimit) => None,
        other => Some(other),
    }
}

pub(crate) struct Consumer {
    monitor: Arc<Monitor>,
    number: u64,
}

impl Consumer {
    /// One consumer more.
    pub(crate) fn of(monitor: &Arc<Monitor>) -> Self {
        let number = Monitor::new_consumer(&mut monitor.lock());
        Self { monitor: Arc::clone(monitor), number }
    }

    fn hold(&self, (position, entry): (u64, Entry)) -> Lease {
        Lease { monitor: Arc::clone(&self.monitor), position, entry, answered: false }
    }
}

impl Clone for Consumer {
    fn clone(&self) -> Self {
        Self::of(&self.monitor)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let mut state = self.monitor.lock();
        self.monitor.remove_consumer(&mut state, self.number);
    }
}

impl Consume<Counted> for Consumer {
    type Lease = Lease;

    fn take_within(&self, patience: Patience) -> Result<Counted, TakeError> {
        let want = Want::Item { consumer: self.number };
        let mut last = TakeError::TimedOut;
        let answer = wait(&self.monitor, want, patience, |state, ticket| {
            let result = self.monitor.take(state, self.number, ticket);
            if patience == Patience::Try {
                last = result.as_ref().err().copied().unwrap_or(last);
            }
            settled(result)
        });
        answer.unwrap_or(Err(last))
    }

    fn take_async(&self) -> impl Future<Output = Result<Counted, TakeError>> + Send {
        let want = Want::Item { consumer: self.number };
        wait_forever(&self.monitor, want, |state, ticket| {
            settled(self.monitor.take(state, self.number, ticket))
        })
    }

    fn take_many_within(&self, max: usize, patience: Patience) -> Result<Vec<Counted>, TakeError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let want = Want::Item { consumer: self.number };
        let mut last = TakeError::TimedOut;
        let answer = wait(&self.monitor, want, patience, |state, ticket| {
            let result = self.monitor.take_many(state, self.number, max, ticket);
            if patience == Patience::Try {
                last = result.as_ref().err().copied().unwrap_or(last);
            }
            settled(result)
        });
        answer.unwrap_or(Err(last))
    }

    async fn take_many_async(&self, max: usize) -> Result<Vec<Counted>, TakeError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let want = Want::Item { consumer: self.number };
        let taken = wait_forever(&self.monitor, want, |state, ticket| {
            settled(self.monitor.take_many(state, self.number, max, ticket))
        });
        taken.await
    }

    fn lease_within(&self, patience: Patience) -> Result<Lease, TakeError> {
        let want = Want::Lease { consumer: self.number };
        let mut last = TakeError::TimedOut;
        let answer = wait(&self.monitor, want, patience, |state, ticket| {
            let result = self.monitor.lease(state, self.number, ticket);
            if patience == Patience::Try {
                last = result.as_ref().err().copied().unwrap_or(last);
            }
            settled(result)
        });
        answer.unwrap_or(Err(last)).map(|leased| self.hold(leased))
    }

    fn lease_async(&self) -> impl Future<Output = Result<Lease, TakeError>> + Send {
        let want = Want::Lease { consumer: self.number };
        wait_forever(&self.monitor, want, |state, ticket| {
            let leased = settled(self.monitor.lease(state, self.number, ticket))?;
            Some(leased.map(|leased| self.hold(leased)))
        })
    }

    fn take_dead(&self) -> Option<DeadLetter<Counted>> {
        self.monitor.take_dead()
    }

    fn close(&self) {
        self.monitor.close();
    }

    fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        join_within(&self.monitor, patience)
    }

    async fn join_async(&self) -> Result<(), JoinError> {
        join_async(&self.monitor).await;
        Ok(())
    }

    fn statistics(&self) -> Statistics {
        self.monitor.statistics()
    }
}

#[derive(Debug)]
pub(crate) struct Lease {
    monitor: Arc<Monitor>,
    position: u64,
    entry: Entry,
    answered: bool,
}

impl Deref for Lease {
    type Target = Counted;

    fn deref(&self) -> &Counted {
        &self.entry.item
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.answered && !self.monitor.has(Fault::ForgetsDroppedLease) {
            // Expired: then there is nothing to give back.
            let _ = self.monitor.nack(self.position, self.entry.deliveries);
        }
    }
}

impl Leased<Counted> for Lease {
    fn ack(mut self) -> Result<Counted, LeaseError> {
        self.answered = true;
        self.monitor.ack(self.position, self.entry.deliveries)
    }

    fn nack(mut self) -> Result<(), LeaseError> {
        self.answered = true;
        self.monitor.nack(self.position, self.entry.deliveries)
    }

    fn fail(mut self, reason: &str) -> Result<(), LeaseError> {
        self.answered = true;
        self.monitor.fail(self.position, self.entry.deliveries, reason)
    }

    fn reject(mut self, reason: &str) -> Result<(), LeaseError> {
        self.answered = true;
        self.monitor.reject(self.position, self.entry.deliveries, reason)
    }

    fn extend(&mut self, duration: Duration) -> Result<(), LeaseError> {
        self.monitor.extend(self.position, self.entry.deliveries, duration)
    }

    fn deliveries(&self) -> u32 {
        self.entry.deliveries
    }

    fn failures(&self) -> u32 {
        self.entry.failures
    }
}

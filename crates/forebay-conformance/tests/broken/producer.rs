//! The producing handle of the reference buffer, and its permits.

use std::collections::VecDeque;
use std::future::Future;
use std::mem;
use std::sync::Arc;

use forebay_conformance::{Counted, Item, Ledger};
use forebay_contract::{
    Batch, JoinError, Outcome, Overflow, Patience, Permitted, Produce, PutError, PutManyError,
    Refusal, Statistics,
};

use crate::admission::Place;
use crate::fault::Fault;
use crate::monitor::Monitor;
use crate::state::State;
use crate::waiting::{join_async, join_within, wait, wait_async};

pub(crate) struct Producer {
    monitor: Arc<Monitor>,
    overflow: Overflow,
}

impl Producer {
    /// The first producer of a buffer.
    pub(crate) fn first(monitor: &Arc<Monitor>) -> Self {
        monitor.lock().producers += 1;
        Self { monitor: Arc::clone(monitor), overflow: Overflow::default() }
    }

    /// Does with the item what can be done now; `None` when it has to wait.
    fn attempt(
        &self,
        item: &mut Option<Counted>,
        state: &mut State,
        ticket: Option<u64>,
    ) -> Option<Result<Outcome, PutError<Counted>>> {
        let held = item.take().expect("the item is here until it is placed");
        let waits = ticket.is_none() && self.monitor.has(Fault::DropsAfterWaiting);
        let put = if self.overflow.drops() && !waits {
            self.monitor.place_or_drop(state, held, self.overflow)
        } else {
            self.monitor.place(state, held, ticket)
        };
        match put {
            Err((back, Refusal::Full)) => {
                *item = Some(back);
                None
            }
            put => Some(put.map_err(|(item, refusal)| PutError { item, refusal })),
        }
    }

    /// What a caller hears who gave up.
    fn given_up(patience: Patience) -> Refusal {
        if patience == Patience::Try { Refusal::Full } else { Refusal::TimedOut }
    }

    /// How long a put waits that was told to wait so long.
    fn actual_patience(&self, patience: Patience) -> Patience {
        let monitor = &*self.monitor;
        match (self.overflow, patience) {
            (overflow, _) if overflow.drops() && !monitor.has(Fault::DropsAfterWaiting) => {
                Patience::Try
            }
            (Overflow::WaitFor(time), Patience::Until(_))
                if monitor.has(Fault::WaitsHalfAsLong) =>
            {
                Patience::lasting(time / 2)
            }
            (overflow, _) if monitor.has(Fault::PolicyBeforePatience) => overflow.patience(),
            _ => patience,
        }
    }

    /// How long a task of this handle waits.
    fn task_patience(&self) -> Patience {
        let waits = match self.overflow {
            Overflow::WaitFor(_) => self.monitor.has(Fault::TaskMissesItsDeadline),
            Overflow::Refuse => self.monitor.has(Fault::RefusingTaskWaits),
            _ => false,
        };
        if waits { Patience::Forever } else { self.overflow.patience() }
    }

    /// Loses the oldest item.
    pub(crate) fn lose_one(&self) {
        Monitor::lose_one(&mut self.monitor.lock());
    }

    fn permit(&self, place: Place) -> Permit {
        Permit { monitor: Arc::clone(&self.monitor), place: Some(place) }
    }
}

impl Clone for Producer {
    fn clone(&self) -> Self {
        self.monitor.lock().producers += 1;
        let forgets = self.monitor.has(Fault::ForgetsPolicyInClone);
        let overflow = if forgets { Overflow::default() } else { self.overflow };
        Self { monitor: Arc::clone(&self.monitor), overflow }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        let mut state = self.monitor.lock();
        state.producers -= 1;
        let kept_open = state.reserved > 0 && self.monitor.has(Fault::PermitKeepsOpen);
        let last = state.producers == 0 && !kept_open;
        drop(state);
        let closes = self.monitor.ends_with_its_handles();
        if last && closes && !self.monitor.has(Fault::OutlivesProducers) {
            self.monitor.close();
        }
    }
}

impl Produce<Counted> for Producer {
    type Permit = Permit;

    fn overflow(&self) -> Overflow {
        if self.monitor.has(Fault::SharesPolicy) {
            return self.monitor.lock().shared_overflow;
        }
        self.overflow
    }

    fn with_overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self.monitor.lock().shared_overflow = overflow;
        self
    }

    fn put_within(&self, item: Counted, patience: Patience) -> Result<Outcome, PutError<Counted>> {
        let monitor = &*self.monitor;
        let patience = self.actual_patience(patience);
        let want = monitor.want_of(&item);
        let mut item = Some(item);
        let answer =
            wait(monitor, want, patience, |state, ticket| self.attempt(&mut item, state, ticket));
        answer.unwrap_or_else(|| {
            let mut item = item.expect("a put that gives up still has its item");
            let refusal = Self::given_up(patience);
            if refusal == Refusal::TimedOut && monitor.has(Fault::PlacesTimedOutPut) {
                let mut state = monitor.lock();
                Monitor::force(&mut state, item.clone());
            }
            if monitor.has(Fault::HandsBackAnother) {
                item = Counted::new(u64::MAX, &Ledger::default());
            }
            Err(PutError { item, refusal })
        })
    }

    fn put_async(
        &self,
        item: Counted,
    ) -> impl Future<Output = Result<Outcome, PutError<Counted>>> + Send {
        let want = self.monitor.want_of(&item);
        let mut item = Some(item);
        if self.monitor.has(Fault::PutsBeforeFirstPoll) {
            let _ = self.attempt(&mut item, &mut self.monitor.lock(), None);
        }
        async move {
            let patience = self.task_patience();
            let answer = wait_async(&self.monitor, want, patience, |state, ticket| {
                self.attempt(&mut item, state, ticket)
            });
            answer.await.unwrap_or_else(|| {
                let item = item.expect("a put that gives up still has its item");
                Err(PutError { item, refusal: Self::given_up(patience) })
            })
        }
    }

    fn put_many_within(
        &self,
        items: Vec<Counted>,
        patience: Patience,
    ) -> Result<Batch, PutManyError<Counted>> {
        let monitor = &*self.monitor;
        let none = items.is_empty() && monitor.has(Fault::RefusesNothing);
        if none && monitor.lock().closed {
            let (rest, done) = (items, Batch::default());
            return Err(PutManyError { rest, refusal: Refusal::Closed, done });
        }
        let room = monitor.settings.capacity.saturating_sub(monitor.lock().waiting.len());
        if items.len() > room && monitor.has(Fault::PutManyIsAllOrNothing) {
            let (rest, done) = (items, Batch::default());
            return Err(PutManyError { rest, refusal: Self::given_up(patience), done });
        }
        let mut items = VecDeque::from(items);
        if monitor.has(Fault::PutManyReverses) {
            items.make_contiguous().reverse();
        }
        let mut done = Batch::default();
        while let Some(item) = items.pop_front() {
            match self.put_within(item, patience) {
                Ok(_) if monitor.has(Fault::BatchForgetsDrops) => done.placed += 1,
                Ok(outcome) => done.add(outcome),
                Err(PutError { item, refusal }) => {
                    items.push_front(item);
                    let lost =
                        if monitor.has(Fault::PutManyLosesRest) { items.len() - 1 } else { 0 };
                    items.truncate(items.len() - lost);
                    return Err(PutManyError { rest: items.into(), refusal, done });
                }
            }
        }
        Ok(done)
    }

    async fn put_many_async(&self, items: Vec<Counted>) -> Result<Batch, PutManyError<Counted>> {
        let mut left = Left { monitor: &self.monitor, items: items.into() };
        let mut done = Batch::default();
        while let Some(item) = left.items.pop_front() {
            match self.put_async(item).await {
                Ok(outcome) => done.add(outcome),
                Err(PutError { item, refusal }) => {
                    left.items.push_front(item);
                    let rest = mem::take(&mut left.items).into();
                    return Err(PutManyError { rest, refusal, done });
                }
            }
        }
        Ok(done)
    }

    fn reserve_within(&self, patience: Patience) -> Result<Permit, Refusal> {
        let monitor = &*self.monitor;
        let hasty = monitor.has(Fault::ReserveNeverWaits);
        let patience = if hasty { Patience::Try } else { patience };
        let drops = self.overflow == Overflow::DropOldest;
        let answer = wait(monitor, monitor.want_of_permit(), patience, |state, ticket| {
            let mut place = monitor.reserve(state, ticket);
            if place.is_err() && drops && monitor.has(Fault::ReserveDropsOldest) {
                state.dropped += u64::from(state.waiting.pop_first().is_some());
                place = monitor.reserve(state, ticket);
            }
            settled(place)
        });
        answer.unwrap_or(Err(Self::given_up(patience))).map(|place| self.permit(place))
    }

    async fn reserve_async(&self) -> Result<Permit, Refusal> {
        let monitor = &self.monitor;
        let patience = self.overflow.patience();
        let answer = wait_async(monitor, monitor.want_of_permit(), patience, |state, ticket| {
            settled(monitor.reserve(state, ticket))
                .map(|place| place.map(|place| self.permit(place)))
        });
        answer.await.unwrap_or(Err(Self::given_up(patience)))
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

/// What is left of a batch.
struct Left<'a> {
    monitor: &'a Monitor,
    items: VecDeque<Counted>,
}

impl Drop for Left<'_> {
    fn drop(&mut self) {
        if self.monitor.has(Fault::PutManyIgnoresCancel) {
            for item in self.items.drain(..) {
                Monitor::force(&mut self.monitor.lock(), item);
            }
        }
    }
}

/// What the waiting caller does with a refusal that only means that it has to wait.
fn settled(place: Result<Place, Refusal>) -> Option<Result<Place, Refusal>> {
    match place {
        Err(Refusal::Full) => None,
        other => Some(other),
    }
}

pub(crate) struct Permit {
    monitor: Arc<Monitor>,
    place: Option<Place>,
}

impl Permitted<Counted> for Permit {
    fn put(mut self, item: Counted) -> Result<(), PutError<Counted>> {
        let place = self.place.take().expect("a permit is used once");
        let put = self.monitor.put_permitted(&place, item);
        put.map_err(|(item, refusal)| PutError { item, refusal })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.monitor.release(&place);
        }
    }
}

//! The producing handle of the reference buffer, and its permits.

use std::future::Future;
use std::sync::Arc;

use forebay_conformance::{Counted, Item, Ledger};
use forebay_contract::{
    Outcome, Overflow, Patience, Permitted, Produce, PutError, Refusal, Statistics, TimedOut,
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
        let put = if self.overflow.drops() {
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

    fn permit(&self, place: Place) -> Permit {
        Permit { monitor: Arc::clone(&self.monitor), place: Some(place) }
    }
}

impl Clone for Producer {
    fn clone(&self) -> Self {
        self.monitor.lock().producers += 1;
        Self { monitor: Arc::clone(&self.monitor), overflow: self.overflow }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        let mut state = self.monitor.lock();
        state.producers -= 1;
        let last = state.producers == 0;
        drop(state);
        if last && !self.monitor.has(Fault::OutlivesProducers) {
            self.monitor.close();
        }
    }
}

impl Produce<Counted> for Producer {
    type Permit = Permit;

    fn overflow(&self) -> Overflow {
        self.overflow
    }

    fn with_overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    fn put_within(&self, item: Counted, patience: Patience) -> Result<Outcome, PutError<Counted>> {
        let monitor = &*self.monitor;
        let patience = if self.overflow.drops() { Patience::Try } else { patience };
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
            let patience = self.overflow.patience();
            let answer = wait_async(&self.monitor, want, patience, |state, ticket| {
                self.attempt(&mut item, state, ticket)
            });
            answer.await.unwrap_or_else(|| {
                let item = item.expect("a put that gives up still has its item");
                Err(PutError { item, refusal: Self::given_up(patience) })
            })
        }
    }

    fn reserve_within(&self, patience: Patience) -> Result<Permit, Refusal> {
        let monitor = &*self.monitor;
        let answer = wait(monitor, monitor.want_of_permit(), patience, |state, ticket| {
            settled(monitor.reserve(state, ticket))
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

    fn join_within(&self, patience: Patience) -> Result<(), TimedOut> {
        join_within(&self.monitor, patience)
    }

    fn join_async(&self) -> impl Future<Output = ()> + Send {
        join_async(&self.monitor)
    }

    fn statistics(&self) -> Statistics {
        self.monitor.statistics()
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

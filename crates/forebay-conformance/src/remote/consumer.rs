//! A consumer that lives in another process.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use forebay_contract::{
    Consume, DeadLetter, JoinError, LeaseError, Leased, Patience, Statistics, TakeError,
};

use super::Site;
use super::ask::{Ask, Reply, Thing, Verb};
use super::errand::Errand;
use super::link::Link;
use super::producer::KILLED;
use super::wire::Wire;
use crate::Plain;

/// Stands for a consumer in another process.
#[derive(Debug)]
pub struct Consumer {
    site: Arc<Site>,
    link: Arc<Link>,
    number: u32,
}

/// What is told of a lease: its number, its item, deliveries and failures.
type Told = (u32, (Plain, (u32, u32)));

impl Consumer {
    /// The first of a buffer, in this process or in a new one.
    pub(super) fn first(site: &Arc<Site>, link: Option<&Arc<Link>>) -> Result<Self, String> {
        let link = link.map_or_else(|| Link::start(site.server), Arc::clone);
        let told =
            link.ask::<Result<u32, String>>(Ask::Consumer(site.place.clone(), site.settings));
        let number = told.expect("nobody kills what nobody has")?;
        Ok(Self { site: Arc::clone(site), link, number })
    }

    pub(super) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    fn thing(&self) -> Thing {
        Thing::Consumer(self.number)
    }

    fn call<A: Wire>(&self, verb: Verb, patience: Patience) -> Result<A, TakeError> {
        let told = self.link.ask(Ask::Call(self.thing(), verb, patience));
        told.unwrap_or(Err(KILLED.into()))
    }

    async fn call_as_task<A: Wire>(&self, verb: Verb) -> Result<A, TakeError> {
        let errand = Errand::new(&self.link, self.thing(), verb);
        errand.await.unwrap_or(Err(KILLED.into()))
    }

    fn lease(&self, (number, (item, (deliveries, failures))): Told) -> Lease {
        let link = Arc::clone(&self.link);
        Lease { link, number: Some(number), item, deliveries, failures }
    }
}

impl Clone for Consumer {
    fn clone(&self) -> Self {
        let link = self.site.another(&self.link);
        if self.site.together {
            let told = link.ask(Ask::Clone(self.thing()));
            let number = told.expect("a killed consumer is not cloned");
            Self { site: Arc::clone(&self.site), link, number }
        } else {
            Self::first(&self.site, Some(&link)).expect("a buffer that is there opens")
        }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        // What was killed has let go already.
        let _ = self.link.ask::<()>(Ask::Drop(self.thing()));
    }
}

impl Consume<Plain> for Consumer {
    type Lease = Lease;

    fn take_within(&self, patience: Patience) -> Result<Plain, TakeError> {
        self.call(Verb::Take, patience)
    }

    fn take_async(&self) -> impl Future<Output = Result<Plain, TakeError>> + Send {
        self.call_as_task(Verb::Take)
    }

    fn take_many_within(&self, max: usize, patience: Patience) -> Result<Vec<Plain>, TakeError> {
        self.call(Verb::TakeMany(max), patience)
    }

    fn take_many_async(
        &self,
        max: usize,
    ) -> impl Future<Output = Result<Vec<Plain>, TakeError>> + Send {
        self.call_as_task(Verb::TakeMany(max))
    }

    fn lease_within(&self, patience: Patience) -> Result<Lease, TakeError> {
        self.call(Verb::Lease, patience).map(|told| self.lease(told))
    }

    async fn lease_async(&self) -> Result<Lease, TakeError> {
        let told = self.call_as_task(Verb::Lease).await;
        told.map(|told| self.lease(told))
    }

    fn take_dead(&self) -> Option<DeadLetter<Plain>> {
        let told = self.link.ask(Ask::TakeDead(self.number));
        told.expect("a killed consumer takes no dead letter")
    }

    fn close(&self) {
        let told = self.link.ask::<()>(Ask::Close(self.thing()));
        told.expect("a killed consumer closes nothing");
    }

    fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        let told = self.link.ask(Ask::Call(self.thing(), Verb::Join, patience));
        told.unwrap_or(Err(KILLED.into()))
    }

    fn join_async(&self) -> impl Future<Output = Result<(), JoinError>> + Send {
        let errand = Errand::new(&self.link, self.thing(), Verb::Join);
        async { errand.await.unwrap_or(Err(KILLED.into())) }
    }

    fn statistics(&self) -> Statistics {
        let told = self.link.ask(Ask::Statistics(self.thing()));
        told.expect("a killed consumer tells no statistics")
    }
}

/// Stands for a lease in another process.
#[derive(Debug)]
pub struct Lease {
    link: Arc<Link>,
    number: Option<u32>,
    item: Plain,
    deliveries: u32,
    failures: u32,
}

impl Lease {
    fn answer(&self, number: u32, reply: Reply) -> Result<Option<Plain>, LeaseError> {
        self.link.ask(Ask::Answer(number, reply)).unwrap_or(Err(KILLED.into()))
    }

    fn end(mut self, reply: Reply) -> Result<Option<Plain>, LeaseError> {
        let number = self.number.take().expect("a lease is answered once");
        self.answer(number, reply)
    }
}

impl Deref for Lease {
    type Target = Plain;

    fn deref(&self) -> &Plain {
        &self.item
    }
}

impl Leased<Plain> for Lease {
    fn ack(self) -> Result<Plain, LeaseError> {
        self.end(Reply::Ack).map(|item| item.expect("an ack hands its item over"))
    }

    fn nack(self) -> Result<(), LeaseError> {
        self.end(Reply::Nack).map(drop)
    }

    fn fail(self, reason: &str) -> Result<(), LeaseError> {
        self.end(Reply::Fail(reason.to_owned())).map(drop)
    }

    fn reject(self, reason: &str) -> Result<(), LeaseError> {
        self.end(Reply::Reject(reason.to_owned())).map(drop)
    }

    fn extend(&mut self, duration: Duration) -> Result<(), LeaseError> {
        let number = self.number.expect("a lease that was answered is gone");
        self.answer(number, Reply::Extend(duration)).map(drop)
    }

    fn deliveries(&self) -> u32 {
        self.deliveries
    }

    fn failures(&self) -> u32 {
        self.failures
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            // What was killed has let go already.
            let _ = self.link.ask::<()>(Ask::Drop(Thing::Lease(number)));
        }
    }
}

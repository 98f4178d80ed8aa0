//! A producer that lives in another process.

use std::future::Future;
use std::sync::Arc;

use forebay_contract::{
    Batch, JoinError, Outcome, Overflow, Patience, Permitted, Produce, PutError, PutManyError,
    Refusal, Statistics,
};
use rustix::io::Errno;

use super::Site;
use super::ask::{Ask, Thing, Verb};
use super::errand::Errand;
use super::link::Link;
use super::wire::copy;
use crate::Plain;

/// Why calls are refused whose process was killed: nobody is at the other end of the line.
pub(super) const KILLED: forebay_contract::Fault =
    forebay_contract::Fault::System(Errno::PIPE.raw_os_error());

/// Stands for a producer in another process.
#[derive(Debug)]
pub struct Producer {
    site: Arc<Site>,
    link: Arc<Link>,
    number: u32,
    overflow: Overflow,
}

impl Producer {
    /// The first of a buffer, in this process or in a new one.
    pub(super) fn first(site: &Arc<Site>, link: Option<&Arc<Link>>) -> Result<Self, String> {
        let link = link.map_or_else(|| Link::start(site.server), Arc::clone);
        let ask = Ask::Producer(site.place.clone(), site.settings);
        let told = link.ask::<Result<(u32, Overflow), String>>(ask);
        let (number, overflow) = told.expect("nobody kills what nobody has")?;
        Ok(Self { site: Arc::clone(site), link, number, overflow })
    }

    pub(super) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    fn thing(&self) -> Thing {
        Thing::Producer(self.number)
    }

    fn errand<A>(&self, verb: Verb) -> Errand<A> {
        Errand::new(&self.link, self.thing(), verb)
    }

    fn permit(&self, number: u32) -> Permit {
        Permit { link: Arc::clone(&self.link), number: Some(number) }
    }
}

impl Clone for Producer {
    fn clone(&self) -> Self {
        let link = self.site.another(&self.link);
        if self.site.together {
            let told = link.ask(Ask::Clone(self.thing()));
            let (number, overflow) = told.expect("a killed producer is not cloned");
            Self { site: Arc::clone(&self.site), link, number, overflow }
        } else {
            let other = Self::first(&self.site, Some(&link)).expect("a buffer that is there opens");
            other.with_overflow(self.overflow)
        }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        // What was killed has let go already.
        let _ = self.link.ask::<()>(Ask::Drop(self.thing()));
    }
}

impl Produce<Plain> for Producer {
    type Permit = Permit;

    fn overflow(&self) -> Overflow {
        self.overflow
    }

    fn with_overflow(mut self, overflow: Overflow) -> Self {
        let told = self.link.ask(Ask::WithOverflow(self.number, overflow));
        self.overflow = told.expect("a killed producer changes no policy");
        self
    }

    fn put_within(&self, item: Plain, patience: Patience) -> Result<Outcome, PutError<Plain>> {
        let kept = copy(&item);
        let told = self.link.ask(Ask::Call(self.thing(), Verb::Put(item), patience));
        told.unwrap_or(Err(PutError { item: kept, refusal: KILLED.into() }))
    }

    fn put_async(
        &self,
        item: Plain,
    ) -> impl Future<Output = Result<Outcome, PutError<Plain>>> + Send {
        let kept = copy(&item);
        let errand = self.errand(Verb::Put(item));
        async { errand.await.unwrap_or(Err(PutError { item: kept, refusal: KILLED.into() })) }
    }

    fn put_many_within(
        &self,
        items: Vec<Plain>,
        patience: Patience,
    ) -> Result<Batch, PutManyError<Plain>> {
        let kept = items.iter().map(copy).collect();
        let told = self.link.ask(Ask::Call(self.thing(), Verb::PutMany(items), patience));
        told.unwrap_or_else(|_| Err(none_put(kept)))
    }

    fn put_many_async(
        &self,
        items: Vec<Plain>,
    ) -> impl Future<Output = Result<Batch, PutManyError<Plain>>> + Send {
        let kept = items.iter().map(copy).collect();
        let errand = self.errand(Verb::PutMany(items));
        async { errand.await.unwrap_or_else(|_| Err(none_put(kept))) }
    }

    fn reserve_within(&self, patience: Patience) -> Result<Permit, Refusal> {
        let told = self.link.ask(Ask::Call(self.thing(), Verb::Reserve, patience));
        told.unwrap_or(Err(KILLED.into())).map(|number| self.permit(number))
    }

    fn reserve_async(&self) -> impl Future<Output = Result<Permit, Refusal>> + Send {
        let errand = self.errand(Verb::Reserve);
        async {
            let told: Result<u32, Refusal> = errand.await.unwrap_or(Err(KILLED.into()));
            told.map(|number| self.permit(number))
        }
    }

    fn close(&self) {
        let told = self.link.ask::<()>(Ask::Close(self.thing()));
        told.expect("a killed producer closes nothing");
    }

    fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        let told = self.link.ask(Ask::Call(self.thing(), Verb::Join, patience));
        told.unwrap_or(Err(KILLED.into()))
    }

    fn join_async(&self) -> impl Future<Output = Result<(), JoinError>> + Send {
        let errand = self.errand(Verb::Join);
        async { errand.await.unwrap_or(Err(KILLED.into())) }
    }

    fn statistics(&self) -> Statistics {
        let told = self.link.ask(Ask::Statistics(self.thing()));
        told.expect("a killed producer tells no statistics")
    }
}

fn none_put(rest: Vec<Plain>) -> PutManyError<Plain> {
    PutManyError { rest, refusal: KILLED.into(), done: Batch::default() }
}

/// Stands for a permit in another process.
#[derive(Debug)]
pub struct Permit {
    link: Arc<Link>,
    number: Option<u32>,
}

impl Permitted<Plain> for Permit {
    fn put(mut self, item: Plain) -> Result<(), PutError<Plain>> {
        let number = self.number.take().expect("a permit is used once");
        let kept = copy(&item);
        let told = self.link.ask(Ask::PutPermitted(number, item));
        told.unwrap_or(Err(PutError { item: kept, refusal: KILLED.into() }))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            // What was killed has let go already.
            let _ = self.link.ask::<()>(Ask::Drop(Thing::Permit(number)));
        }
    }
}

//! Reference buffers whose handles can be killed.
//!
//! Here a handle's process is a [`Life`]: it has what the handle holds, its leases, its permits, the futures
//! of its calls, and loses all of it at once when it is killed. That stands in for real processes, of which
//! one that is broken on purpose would have to be a whole buffer between processes.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use forebay_conformance::task::block_on;
use forebay_conformance::{Counted, Factory, Mortal, Settings};
use forebay_contract::{
    Consume, DeadLetter, JoinError, LeaseError, Leased, Outcome, Overflow, Patience, Permitted,
    Produce, PutError, Refusal, Statistics, TakeError,
};

use crate::consumer::{Consumer, Lease};
use crate::factory::Lasting;
use crate::fault::Fault;
use crate::producer::{Permit, Producer};

/// What the calls of the dead say.
const GONE: forebay_contract::Fault = forebay_contract::Fault::Damaged;

/// Makes buffers that stay open and whose handles can be killed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Perishable(pub(crate) Option<Fault>);

impl Factory for Perishable {
    type Item = Counted;
    type Producer = Living<Producer>;
    type Consumer = Living<Consumer>;

    const STAYS_OPEN: bool = true;
    const WAKES_TRAVEL: bool = true;
    const EFFORT: u64 = 20;

    fn build(&self, settings: &Settings) -> Result<(Self::Producer, Self::Consumer), String> {
        let (producer, consumer) = Lasting(self.0).build(settings)?;
        Ok((Living::new(producer, self.0), Living::new(consumer, self.0)))
    }
}

impl Mortal for Perishable {
    fn kill_producer(producer: &Living<Producer>) {
        if producer.life.fault == Some(Fault::LosesPutsOfTheDead) {
            producer.handle().inspect(|producer| producer.lose_one());
        }
        producer.kill();
    }

    fn kill_consumer(consumer: &Living<Consumer>) {
        consumer.kill();
    }
}

/// A handle, for as long as it lives.
pub(crate) struct Living<H> {
    handle: Arc<Mutex<Option<Arc<H>>>>,
    life: Arc<Life>,
}

struct Life {
    fault: Option<Fault>,
    /// What is lost with it.
    holds: Mutex<Vec<Arc<dyn Loss>>>,
}

/// What a handle holds until it is killed.
trait Loss: Send + Sync {
    fn lose(&self, fault: Option<Fault>);
}

/// Something held, until it is used or lost.
struct Held<T>(Mutex<Option<T>>);

impl<T> Held<T> {
    fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Loss for Held<Lease> {
    fn lose(&self, fault: Option<Fault>) {
        if let Some(lease) = self.take() {
            match fault {
                Some(Fault::KeepsLeasesOfTheDead) => std::mem::forget(lease),
                Some(Fault::CountsDeathAsFailure) => drop(lease.fail("killed")),
                _ => drop(lease),
            }
        }
    }
}

impl Loss for Held<Permit> {
    fn lose(&self, fault: Option<Fault>) {
        match self.take() {
            Some(permit) if fault == Some(Fault::KeepsPermitsOfTheDead) => {
                std::mem::forget(permit);
            }
            permit => drop(permit),
        }
    }
}

/// The future of a call, and who polls it.
type Running<T> = (Pin<Box<dyn Future<Output = T> + Send>>, Option<Waker>);

impl<T> Loss for Held<Running<T>> {
    fn lose(&self, fault: Option<Fault>) {
        if let Some((future, waker)) = self.take() {
            if fault == Some(Fault::KeepsCallsOfTheDead) {
                std::mem::forget(future);
            } else {
                drop(future);
            }
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

/// Polls what may be lost; `None` when it was.
struct Call<T>(Arc<Held<Running<T>>>);

impl<T> Future for Call<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut running = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((future, waker)) = running.as_mut() else { return Poll::Ready(None) };
        match future.as_mut().poll(context) {
            Poll::Ready(answer) => {
                *running = None;
                Poll::Ready(Some(answer))
            }
            Poll::Pending => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Call<T> {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

impl<H: Send + Sync + 'static> Living<H> {
    fn new(handle: H, fault: Option<Fault>) -> Self {
        let life = Arc::new(Life { fault, holds: Mutex::default() });
        Self { handle: Arc::new(Mutex::new(Some(Arc::new(handle)))), life }
    }

    fn handle(&self) -> Option<Arc<H>> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The handle, where nothing dead calls.
    fn alive(&self) -> Arc<H> {
        self.handle().expect("the dead do not call this")
    }

    fn kill(&self) {
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut holds = self.life.holds.lock().unwrap_or_else(PoisonError::into_inner);
        for held in holds.drain(..) {
            held.lose(self.life.fault);
        }
        drop(handle);
    }

    fn hold<T>(&self, thing: T) -> Arc<Held<T>>
    where
        Held<T>: Loss + 'static,
    {
        let held = Arc::new(Held(Mutex::new(Some(thing))));
        let mut holds = self.life.holds.lock().unwrap_or_else(PoisonError::into_inner);
        holds.push(Arc::clone(&held) as Arc<dyn Loss>);
        drop(holds);
        if self.handle().is_none() {
            held.lose(self.life.fault);
        }
        held
    }

    /// Calls as a task; `None` when the handle was killed before the answer.
    fn call<T: 'static, C>(&self, call: impl FnOnce(Arc<H>) -> C) -> Call<T>
    where
        C: Future<Output = T> + Send + 'static,
    {
        let running: Option<Running<T>> =
            self.handle().map(|handle| (Box::pin(call(handle)) as Pin<Box<_>>, None));
        match running {
            Some(running) => Call(self.hold(running)),
            None => Call(Arc::new(Held(Mutex::new(None)))),
        }
    }
}

impl<H: Clone + Send + Sync + 'static> Clone for Living<H> {
    fn clone(&self) -> Self {
        Self::new(H::clone(&self.alive()), self.life.fault)
    }
}

impl Produce<Counted> for Living<Producer> {
    type Permit = Kept<Permit>;

    fn overflow(&self) -> Overflow {
        self.handle().map_or(Overflow::Wait, |handle| handle.overflow())
    }

    fn with_overflow(self, overflow: Overflow) -> Self {
        Self::new(Producer::clone(&self.alive()).with_overflow(overflow), self.life.fault)
    }

    fn put_within(&self, item: Counted, patience: Patience) -> Result<Outcome, PutError<Counted>> {
        match self.handle() {
            Some(_) if patience == Patience::Forever => block_on(self.put_async(item)),
            Some(handle) => handle.put_within(item, patience),
            None => Err(PutError { item, refusal: GONE.into() }),
        }
    }

    async fn put_async(&self, item: Counted) -> Result<Outcome, PutError<Counted>> {
        let kept = item.clone();
        let call = self.call(|handle| async move { handle.put_async(item).await });
        call.await.unwrap_or(Err(PutError { item: kept, refusal: GONE.into() }))
    }

    fn reserve_within(&self, patience: Patience) -> Result<Self::Permit, Refusal> {
        match self.handle() {
            Some(_) if patience == Patience::Forever => block_on(self.reserve_async()),
            Some(handle) => handle.reserve_within(patience).map(|it| Kept(self.hold(it))),
            None => Err(GONE.into()),
        }
    }

    async fn reserve_async(&self) -> Result<Self::Permit, Refusal> {
        let call = self.call(|handle| async move { handle.reserve_async().await });
        call.await.unwrap_or(Err(GONE.into())).map(|it| Kept(self.hold(it)))
    }

    fn close(&self) {
        self.alive().close();
    }

    fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        self.alive().join_within(patience)
    }

    async fn join_async(&self) -> Result<(), JoinError> {
        self.alive().join_async().await
    }

    fn statistics(&self) -> Statistics {
        self.alive().statistics()
    }
}

impl Consume<Counted> for Living<Consumer> {
    type Lease = KeptLease;

    fn take_within(&self, patience: Patience) -> Result<Counted, TakeError> {
        match self.handle() {
            Some(_) if patience == Patience::Forever => block_on(self.take_async()),
            Some(handle) => handle.take_within(patience),
            None => Err(GONE.into()),
        }
    }

    async fn take_async(&self) -> Result<Counted, TakeError> {
        let call = self.call(|handle| async move { handle.take_async().await });
        call.await.unwrap_or(Err(GONE.into()))
    }

    fn lease_within(&self, patience: Patience) -> Result<KeptLease, TakeError> {
        match self.handle() {
            Some(_) if patience == Patience::Forever => block_on(self.lease_async()),
            Some(handle) => handle.lease_within(patience).map(|lease| self.lease(lease)),
            None => Err(GONE.into()),
        }
    }

    async fn lease_async(&self) -> Result<KeptLease, TakeError> {
        let call = self.call(|handle| async move { handle.lease_async().await });
        call.await.unwrap_or(Err(GONE.into())).map(|lease| self.lease(lease))
    }

    fn take_dead(&self) -> Option<DeadLetter<Counted>> {
        self.alive().take_dead()
    }

    fn close(&self) {
        self.alive().close();
    }

    fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        self.alive().join_within(patience)
    }

    async fn join_async(&self) -> Result<(), JoinError> {
        self.alive().join_async().await
    }

    fn statistics(&self) -> Statistics {
        self.alive().statistics()
    }
}

/// A permit that goes with its handle.
pub(crate) struct Kept<T>(Arc<Held<T>>);

impl Permitted<Counted> for Kept<Permit> {
    fn put(self, item: Counted) -> Result<(), PutError<Counted>> {
        match self.0.take() {
            Some(permit) => permit.put(item),
            None => Err(PutError { item, refusal: GONE.into() }),
        }
    }
}

impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

/// A lease that goes with its handle.
pub(crate) struct KeptLease {
    held: Kept<Lease>,
    item: Counted,
    deliveries: u32,
    failures: u32,
}

impl Living<Consumer> {
    fn lease(&self, lease: Lease) -> KeptLease {
        let (item, deliveries, failures) =
            (Counted::clone(&lease), lease.deliveries(), lease.failures());
        KeptLease { held: Kept(self.hold(lease)), item, deliveries, failures }
    }
}

impl KeptLease {
    fn end<T>(&self, answer: impl FnOnce(Lease) -> Result<T, LeaseError>) -> Result<T, LeaseError> {
        self.held.0.take().map_or(Err(GONE.into()), answer)
    }
}

impl Deref for KeptLease {
    type Target = Counted;

    fn deref(&self) -> &Counted {
        &self.item
    }
}

impl Leased<Counted> for KeptLease {
    fn ack(self) -> Result<Counted, LeaseError> {
        self.end(Leased::ack)
    }

    fn nack(self) -> Result<(), LeaseError> {
        self.end(Leased::nack)
    }

    fn fail(self, reason: &str) -> Result<(), LeaseError> {
        self.end(|lease| lease.fail(reason))
    }

    fn reject(self, reason: &str) -> Result<(), LeaseError> {
        self.end(|lease| lease.reject(reason))
    }

    fn extend(&mut self, duration: Duration) -> Result<(), LeaseError> {
        let mut lease = self.held.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        lease.as_mut().map_or(Err(GONE.into()), |lease| lease.extend(duration))
    }

    fn deliveries(&self) -> u32 {
        self.deliveries
    }

    fn failures(&self) -> u32 {
        self.failures
    }
}

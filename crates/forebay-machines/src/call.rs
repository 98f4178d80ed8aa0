//! A call on its way: attempts, waits in between, and what comes of it.
//!
//! Every call is driven on the crate's own [`runtime`](crate::runtime), whoever made it: a thread waits until its outcome is
//! there, a task is woken. So a caller that is not polled keeps its place in line, and one that goes away
//! in the midst of a request leaves nobody to guess what became of it: the driver sees the answer, and undoes what
//! nobody will ever receive.

use std::future::{self, Future};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use forebay_contract::{Fault, Patience};
use tokio::time;

use crate::attachment::Attachment;
use crate::engine::{Answered, Engine, Standing, Step};
use crate::runtime;
use crate::waiters::Waiter;

/// However quiet it is, a waiter looks again after so long: a wake may be lost with a connection.
const RELOOK: Duration = Duration::from_millis(500);

/// What a call asks for, again and again until there is an outcome.
pub(crate) trait Operation: Send + Sized + 'static {
    /// What comes of it.
    type Outcome: Send + 'static;

    /// Asks once.
    fn attempt<'a>(
        &'a mut self,
        engine: &'a dyn Engine,
        standing: Standing,
    ) -> Answered<'a, Step<Self::Outcome>>;

    /// There is no more time; `tried` if there never was any.
    fn give_up(self, tried: bool) -> Self::Outcome;

    /// The buffer cannot be used.
    fn fail(self, fault: Fault) -> Self::Outcome;

    /// Nobody is there any more to receive the outcome.
    fn undo(outcome: Self::Outcome, attachment: &Arc<Attachment>);
}

/// Where the outcome of a call is left for its caller.
struct Slot<T>(Mutex<State<T>>);

struct State<T> {
    outcome: Option<T>,
    waker: Option<Waker>,
    /// The first answer has come, and the call is to wait.
    stands: bool,
    /// The caller went away.
    is_abandoned: bool,
}

impl<T> Slot<T> {
    fn new() -> Arc<Self> {
        let state = State { outcome: None, waker: None, stands: false, is_abandoned: false };
        Arc::new(Self(Mutex::new(state)))
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_abandoned(&self) -> bool {
        self.lock().is_abandoned
    }

    /// Leaves the outcome; hands it back when nobody will come for it.
    fn fill(&self, outcome: T) -> Option<T> {
        let mut state = self.lock();
        if state.is_abandoned {
            return Some(outcome);
        }
        state.outcome = Some(outcome);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        None
    }

    /// Wakes the caller: the first answer has come, and it is to wait.
    fn tell(&self) {
        let mut state = self.lock();
        state.stands = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes the outcome, or leaves word of whom to wake when it is there.
    fn poll(&self, context: &Context<'_>) -> Poll<T> {
        let mut state = self.lock();
        if let Some(outcome) = state.outcome.take() {
            return Poll::Ready(outcome);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// The same, until it turns out that the call is to wait: then there is no outcome yet.
    fn poll_first(&self, context: &Context<'_>) -> Poll<Option<T>> {
        let polled = self.poll(context).map(Some);
        if polled.is_pending() && self.lock().stands { Poll::Ready(None) } else { polled }
    }
}

/// Drives a call to its outcome.
async fn drive<O: Operation>(
    attachment: Arc<Attachment>,
    operation: O,
    patience: Patience,
    waiter: Waiter,
    slot: Arc<Slot<O::Outcome>>,
) {
    let outcome = outcome(&attachment, operation, patience, &waiter, &slot).await;
    if let Some(outcome) = outcome {
        match slot.fill(outcome) {
            None => return,
            Some(unwanted) => O::undo(unwanted, &attachment),
        }
    }
    // Behind what the undoing has to ask for.
    runtime::spawn(async move { attachment.withdrawn.end() });
}

async fn outcome<O: Operation>(
    attachment: &Arc<Attachment>,
    mut operation: O,
    patience: Patience,
    waiter: &Waiter,
    slot: &Slot<O::Outcome>,
) -> Option<O::Outcome> {
    let deadline = match patience {
        Patience::Until(deadline) => Some(deadline),
        Patience::Try | Patience::Forever => None,
    };
    let engine = attachment.engine.as_ref();
    let (mut stands, mut is_sure) = (false, false);
    loop {
        // Checked on the thread that sends, so that nothing is asked for after the leave of a caller that went away.
        if slot.is_abandoned() {
            return None;
        }
        let is_last = patience == Patience::Try
            || deadline.is_some_and(|deadline| deadline <= Instant::now());
        // What these are served with, and nobody wants any more, may be what there is not.
        let is_in_doubt = is_last && !is_sure && attachment.withdrawn.are_there();
        let standing = Standing { waiter: waiter.number(), is_patient: !is_last, until: deadline };
        let pause = match operation.attempt(engine, standing).await {
            Ok(Step::Done(outcome)) => return Some(outcome),
            Ok(Step::NotNow(pause)) => pause,
            Err(fault) => {
                if stands {
                    attachment.leave(waiter.number());
                }
                return Some(operation.fail(fault));
            }
        };
        if slot.is_abandoned() {
            // The caller has left while this was under way, and it may have come to stand only after that.
            attachment.leave(waiter.number());
            return None;
        }
        if is_in_doubt {
            is_sure = true;
            attachment.withdrawn.wait().await;
            continue;
        }
        if is_last {
            if stands {
                // Whoever is next is called by it.
                let _ = engine.leave(waiter.number()).await;
            }
            return Some(operation.give_up(patience == Patience::Try));
        }
        if !stands {
            stands = true;
            slot.tell();
        }
        let nap = pause.unwrap_or(RELOOK).min(RELOOK);
        let end = Instant::now() + nap;
        let end = deadline.map_or(end, |deadline| deadline.min(end));
        let _ = time::timeout_at(end.into(), waiter.called()).await;
    }
}

/// Makes a call and sleeps until its outcome is there.
pub(crate) fn wait<O: Operation>(
    attachment: &Arc<Attachment>,
    operation: O,
    patience: Patience,
) -> O::Outcome {
    if attachment.is_forked() {
        return operation.fail(Fault::Forked);
    }
    let slot = Slot::new();
    let waiter = attachment.waiters.waiter();
    runtime::spawn(drive(Arc::clone(attachment), operation, patience, waiter, Arc::clone(&slot)));
    // Whoever is told to wait sleeps, and drives nothing.
    runtime::block_on_soon(future::poll_fn(|context| slot.poll_first(context)))
        .flatten()
        .unwrap_or_else(|| runtime::sleep_until(future::poll_fn(|context| slot.poll(context))))
}

/// A call of a task. Nothing is done before the first poll; dropped, it is taken back as far as it can be.
pub(crate) struct Call<O: Operation> {
    attachment: Arc<Attachment>,
    begun: Begun<O>,
}

enum Begun<O: Operation> {
    No(Option<(O, Patience)>),
    Yes(u64, Arc<Slot<O::Outcome>>),
    Over,
}

impl<O: Operation> Unpin for Call<O> {}

impl<O: Operation> Call<O> {
    pub(crate) fn new(attachment: &Arc<Attachment>, operation: O, patience: Patience) -> Self {
        let begun = Begun::No(Some((operation, patience)));
        Self { attachment: Arc::clone(attachment), begun }
    }
}

impl<O: Operation> Future for Call<O> {
    type Output = O::Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<O::Outcome> {
        if let Begun::No(asked) = &mut self.begun {
            let (operation, patience) = asked.take().expect("it is begun once");
            if self.attachment.is_forked() {
                self.begun = Begun::Over;
                return Poll::Ready(operation.fail(Fault::Forked));
            }
            let waiter = self.attachment.waiters.waiter();
            let slot = Slot::new();
            // Before the driver runs: it may be the only one to wake.
            slot.lock().waker = Some(context.waker().clone());
            self.begun = Begun::Yes(waiter.number(), Arc::clone(&slot));
            let attachment = Arc::clone(&self.attachment);
            runtime::spawn(drive(attachment, operation, patience, waiter, slot));
        }
        let Begun::Yes(_, slot) = &self.begun else { panic!("a call is polled until it is ready") };
        let polled = slot.poll(context);
        if polled.is_ready() {
            self.begun = Begun::Over;
        }
        polled
    }
}

impl<O: Operation> Drop for Call<O> {
    fn drop(&mut self) {
        if let Begun::Yes(waiter, slot) = &self.begun
            && !self.attachment.is_forked()
        {
            let mut state = slot.lock();
            state.is_abandoned = true;
            let outcome = state.outcome.take();
            if outcome.is_none() {
                self.attachment.withdrawn.begin();
            }
            drop(state);
            // It sees that it is abandoned.
            self.attachment.waiters.call(*waiter);
            self.attachment.leave(*waiter);
            if let Some(outcome) = outcome {
                O::undo(outcome, &self.attachment);
            }
        }
    }
}

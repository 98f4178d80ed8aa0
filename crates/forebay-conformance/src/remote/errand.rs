//! A call of a task whose future lives in another process.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::ask::{Ask, Thing, Verb};
use super::link::{Gone, Link};
use super::wire::Wire;

/// The future of such a call. Its first poll sends the call; each poll is a poll over there, and
/// dropping it drops the future there, before the drop returns.
pub(super) struct Errand<A> {
    link: Arc<Link>,
    thing: Thing,
    verb: Option<Verb>,
    task: Option<u64>,
    answer: PhantomData<fn() -> A>,
}

impl<A> Errand<A> {
    /// A call that nobody has heard of yet.
    pub(super) fn new(link: &Arc<Link>, thing: Thing, verb: Verb) -> Self {
        let (link, verb) = (Arc::clone(link), Some(verb));
        Self { link, thing, verb, task: None, answer: PhantomData }
    }

    fn over(&mut self) {
        if let Some(task) = self.task.take() {
            self.link.forget(task);
        }
    }
}

impl<A: Wire> Future for Errand<A> {
    type Output = Result<A, Gone>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<A, Gone>> {
        let this = self.get_mut();
        let (task, ask) = if let Some(verb) = this.verb.take() {
            let task = this.link.number();
            (task, Ask::Begin(task, this.thing, verb))
        } else {
            let task = this.task.expect("a future is not polled after it was ready");
            (task, Ask::Poll(task))
        };
        this.task = Some(task);
        this.link.listen(task, context.waker());
        match this.link.ask::<Option<A>>(ask) {
            Ok(None) => Poll::Pending,
            Ok(Some(answer)) => {
                this.over();
                Poll::Ready(Ok(answer))
            }
            Err(gone) => {
                this.over();
                Poll::Ready(Err(gone))
            }
        }
    }
}

impl<A> Drop for Errand<A> {
    fn drop(&mut self) {
        if let Some(task) = self.task {
            // What is gone has no future to drop.
            let _ = self.link.ask::<()>(Ask::Cancel(task));
            self.over();
        }
    }
}

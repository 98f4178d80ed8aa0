//! RabbitMQ

mod answer;
mod beat;
mod dial;
mod door;
mod end;
mod lend;
mod letters;
mod link;
mod message;
mod meta;
mod names;
mod put;
mod record;
mod session;
mod tries;
mod wake;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use forebay_contract::{Overflow, Refusal, Statistics};

use crate::engine::{
    Answer, Answered, Buried, Engine, Joined, Lent, Loan, Parcel, Put, Role, Standing, Step, Wish,
};
use session::{Own, Session};
use wake::Wake;

pub(crate) use door::{connect, create};

/// A name that nobody else has.
fn random() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// The engine.
struct Amqp(Arc<Session>);

impl Engine for Amqp {
    fn put<'a>(
        &'a self,
        handle: u64,
        items: &'a [Parcel],
        overflow: Overflow,
        standing: Standing,
    ) -> Answered<'a, Put> {
        Box::pin(self.0.put(handle, items, overflow, standing))
    }

    fn reserve(&self, handle: u64, standing: Standing) -> Answered<'_, Step<Result<u64, Refusal>>> {
        Box::pin(self.0.reserve(handle, standing))
    }

    fn put_permitted<'a>(
        &'a self,
        permit: u64,
        item: &'a Parcel,
    ) -> Answered<'a, Result<(), Refusal>> {
        Box::pin(self.0.put_permitted(permit, item))
    }

    fn release(&self, permit: u64) -> Answered<'_, ()> {
        Box::pin(async move {
            self.0.out().permits.remove(&permit);
            self.0.wake(&[Wake::Room]);
            Ok(())
        })
    }

    fn lend(&self, wish: Wish, standing: Standing) -> Answered<'_, Lent> {
        Box::pin(self.0.lend(wish, standing))
    }

    fn answer<'a>(
        &'a self,
        answer: Answer,
        reason: &'a str,
        tokens: &'a [u64],
    ) -> Answered<'a, Vec<bool>> {
        Box::pin(self.0.answer(answer, reason, tokens))
    }

    fn entomb<'a>(&'a self, taken: &'a Loan, reason: &'a str) -> Answered<'a, ()> {
        Box::pin(self.0.entomb(taken, reason))
    }

    fn extend(&self, token: u64, duration: Duration) -> Answered<'_, bool> {
        Box::pin(async move { Ok(self.0.extend(token, duration)) })
    }

    fn leave(&self, waiter: u64) -> Answered<'_, ()> {
        Box::pin(async move {
            self.0.out().leave(waiter);
            Ok(())
        })
    }

    fn enroll(&self, handle: u64, role: Role) -> Answered<'_, ()> {
        let own = Own { role, number: None, items: 0, waited: Duration::ZERO };
        let mut out = self.0.out();
        out.handles.insert(handle, own);
        out.is_changed = true;
        Box::pin(async { Ok(()) })
    }

    fn depart(&self, handle: u64, _: Role) -> Answered<'_, ()> {
        let is_last = {
            let mut out = self.0.out();
            let own = out.handles.remove(&handle);
            out.news.departed += own.map_or(0, |own| own.items);
            out.is_changed = true;
            out.handles.is_empty()
        };
        Box::pin(async move {
            // A process may end now.
            if is_last { self.0.tell().await.map(drop) } else { Ok(()) }
        })
    }

    fn close(&self) -> Answered<'_, ()> {
        Box::pin(self.0.close())
    }

    fn join(&self, _: Option<u64>, standing: Standing) -> Answered<'_, Joined> {
        Box::pin(self.0.join(standing))
    }

    fn statistics(&self) -> Answered<'_, Statistics> {
        Box::pin(self.0.statistics())
    }

    fn letters<'a>(&'a self, after: Option<&'a str>, most: usize) -> Answered<'a, Vec<Buried>> {
        Box::pin(self.0.letters(after, most))
    }

    fn purge<'a>(&'a self, id: &'a str) -> Answered<'a, bool> {
        Box::pin(self.0.purge(id))
    }

    fn retry<'a>(&'a self, id: &'a str) -> Answered<'a, bool> {
        Box::pin(self.0.retry(id))
    }

    fn delete(&self) -> Answered<'_, ()> {
        Box::pin(self.0.delete())
    }
}

//! Kafka.

mod answer;
mod beat;
mod door;
mod end;
mod fate;
mod lend;
mod letters;
mod link;
mod log;
mod marks;
mod names;
mod put;
mod record;
mod session;
mod share;
mod wake;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use forebay_contract::{Overflow, Refusal, Statistics};

use crate::engine::{
    Answer, Answered, Buried, Engine, Joined, Lent, Loan, Parcel, Put, Role, Standing, Step, Wish,
};
use session::Session;
use wake::Wake;

pub(crate) use door::{connect, create};

/// A name that nobody else has.
fn random() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// The engine.
struct KafkaEngine(Arc<Session>);

impl Engine for KafkaEngine {
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
            self.0.hear(Wake::Room);
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

    fn disown(&self, tokens: &[u64]) {
        self.0.out().disowned.extend_from_slice(tokens);
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
        self.0.enroll(handle, role);
        Box::pin(async { Ok(()) })
    }

    fn depart(&self, handle: u64, _: Role) -> Answered<'_, ()> {
        let is_last = self.0.depart(handle);
        Box::pin(async move {
            // A process may end now.
            if is_last { self.0.farewell().await } else { Ok(()) }
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

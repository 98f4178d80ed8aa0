//! RabbitMQ, from 3.8 on: a buffer is a few queues, and two exchanges beside them.
//!
//! Where the broker has books of its own, they are the buffer's: its bound, its order, and what a connection holds. Nothing is
//! done by a script, so a step is a few questions, and what the broker does not know is made of messages that somebody
//! holds. All begin with `forebay.NAME.`, and all but one have the buffer's identity in their name, so that whoever is
//! connected to a buffer that is deleted is told so, also when another one of its name is made.
//!
//! `amqp://user:password@host/jobs?vhost=work` is the buffer `jobs` of the virtual host `work`; untold, it is `/`.
//!
//! # The words
//!
//! | here | in RabbitMQ |
//! |---|---|
//! | buffer | the queues and exchanges of one name |
//! | item | a persistent message of the queue `items`, with an id |
//! | depth | the messages of `items` that are ready |
//! | capacity | `x-max-length` of `items`, with `x-overflow=reject-publish` |
//! | put | a mandatory publish through the exchange `put`, confirmed; refused by a nack, when it is full |
//! | lease | `basic.get`, unanswered; beside it a message of `passes` is held, of which there are as many as may be out |
//! | ack, take | `basic.ack`, in a transaction, so that it is answered |
//! | nack, expiry | `basic.nack` to the queue: the broker has its position |
//! | delivery and failure count | one and none; for an item that came back, the message of a durable queue of its own, `tries.ID` |
//! | dead letter | a message of `dead`, with its reason in the headers |
//! | permit | nothing |
//! | waiter | a call in the line of a session; others know their number only |
//! | wake | a transient message of the exchange `wake`, to which a session listens while somebody waits |
//! | settings, counts, participants | the one message of `meta`, which one session at a time holds |
//! | close | `put` is unbound from `items`, and the message of `open` goes |
//!
//! Messages are had by `basic.get` and by no consumer: a delivery that nobody asked for would be a lease that nobody has.
//!
//! # What is bounded how
//!
//! - Capacity is exact at every moment, whoever races: the broker compares and places in one step. It is at most 2³² − 1.
//! - The lease limit is exact: a pass is had before an item, and is back after it. There is a message for each, so it is at most
//!   65,536, and no more than 4,096 unless it is told. A process may keep 16 passes for a tenth of a second where half of them are
//!   free. A take as a task (not a thread) holds its item for the moment until it is handed over, beside the limit.
//! - **Weight is not bounded**: a buffer with a capacity in bytes is refused. The broker counts the bytes of bodies, not what
//!   a codec says that an item weighs, and tells no count of them.
//! - Dead letters are bounded by the server's disk only. To read them is to hold them for that moment.
//! - One step puts up to 64 items, and lends up to 256. Batches are sent at once as far as an eighth of the room reaches, and
//!   one by one near the bound.
//! - Names of buffers are at most 160 bytes long, reasons of dead letters 32 KiB; what is longer is cut.
//!
//! # What is kept more weakly
//!
//! - **C2**: a dead letter that is retried comes to the end, and asks for room: on a full or closed buffer it is refused
//!   ([`Fault::Refused`](forebay_contract::Fault::Refused)). Batches of more than eight producers at once, near the bound, may
//!   have an item placed behind its followers. [`Lease::position`](crate::Lease::position) is 0: the broker tells none.
//! - **C3**: a put that returned Ok survives kill -9 of the server. The broker writes to the disk before it confirms, and whether
//!   that reached the medium is its version's affair; so [`Survives::Server`](crate::Survives::Server) is told, not more. What is on
//!   one node is lost with it: these are classic queues, not replicated ones.
//! - **C3, C4**: an item becomes a dead letter by a publish and then an ack. A process that dies between the two leaves both.
//! - **C4**: a put whose confirmation is lost with its connection is refused as [`Fault::Unanswered`](forebay_contract::Fault::Unanswered), and
//!   may be there: nobody can ask the broker about it, and to put it again would double it. So with an answer to a
//!   lease. A take hands over what it had, also when its ack was lost: that item may be seen again. After kill -9 of the
//!   server what was acked in the last moments may be seen again: acks are written later.
//! - **C4**: a lease lives as long as its connection. When that breaks, all of them go back, and answers are refused; a process that
//!   stands still holds on until the broker misses two heartbeats, 20 seconds. A lease time is kept by the process that holds it. A
//!   lease that lasts longer than the server's `consumer_timeout` (half an hour unless told otherwise) is ended by the server,
//!   and **with it all others of its connection**: raise it where work takes longer.
//! - **C4**: deliveries are counted when they are lent. Where a server is short of memory they are not, and a failure is refused
//!   ([`Fault::OutOfMemory`](forebay_contract::Fault::OutOfMemory)) with the item given back.
//! - **C4**: an ack of an item of a buffer that was deleted a moment ago may be taken like any other.
//! - **C5, permits**: a place is set aside from the producers of the same connection. Others may take it, and so may an item that is
//!   nacked; the put by the permit is then refused as full, with its item. Statistics tell the permits of one's own connection.
//! - **C5**: a wake that is lost is made up for within half a second. A take that waits is not woken by a lease that ends
//!   elsewhere and was kept for a moment.
//! - **C6**: a put that is confirmed while another machine closes may come after a consumer there has heard `Closed`, if the server is
//!   between routing it and placing it at that very moment.
//! - **C6, C7**: a pass that a process keeps for a moment looks like a lease to others: they hear `Closed`, and a join returns, up to a tenth of
//!   a second late.
//! - **C7**: a join looks twice at what waits and what is leased, one after the other. An item that is leased, given back and
//!   leased again between these looks, by another process, is not seen.
//! - **C8**: what a process counted is brought to the others when a second has passed, and when its last handle goes; what a killed
//!   one had not brought is lost. `produced` is the sum of the rest, so items of other programs count; they become dead letters when
//!   their turn comes. While others move, it may be less for a moment. Who is there is told with the clocks of the machines,
//!   and for 15 seconds after a death.
//! - **C9**: to drop the oldest is two steps for others: they may find the place free for a moment, and take it.
//! - **C10**: a line has only those who wait on one connected buffer, each side its own. Between them, against a `try_`, and where
//!   the server lets the first in line wait for its answer, whoever looks first after a wake is served. Drop-oldest does not
//!   wait behind producers that do.
//!
//! Everything else is kept as between threads, and checked by the same suite.
//!
//! There are no [topics](crate#topics) here: a URL with `group` is refused.
//!
//! # What it takes
//!
//! Two connections for each connected buffer: one that puts, and one that lends, so that leases and answers go on while a server that
//! is short of memory or disk reads nothing from those who publish. A put then waits as long as it may wait for an outage, and
//! is refused as [`Fault::OutOfMemory`](forebay_contract::Fault::OutOfMemory); the first one was sent before the server said so,
//! is refused as `Unanswered`, and may be placed later.
//!
//! The user needs the rights to configure, write and read all that begins with `forebay.NAME.`, the default exchange, and queues
//! whose names the server gives (`amq.gen-…`). No policy may bound, expire or dead-letter what is in these queues: nothing over
//! AMQP tells of policies. An item that was leased twice or failed has a queue of its own until it is finished; one that
//! nobody touches for 30 days goes, be it that a death left it, or that its item waited so long and is counted anew. For buffers
//! where most items fail, that is slow.

mod answer;
mod beat;
mod dial;
mod door;
mod end;
mod lend;
mod letters;
mod life;
mod link;
mod message;
mod meta;
mod names;
mod pass;
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
            self.0.leave(waiter);
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

    fn knows_positions(&self) -> bool {
        false
    }

    fn flush(&self) -> Answered<'_, ()> {
        Box::pin(async move {
            // A process may end now.
            if self.0.has_news() { self.0.tell().await.map(drop) } else { Ok(()) }
        })
    }

    fn delete(&self) -> Answered<'_, ()> {
        Box::pin(self.0.delete())
    }
}

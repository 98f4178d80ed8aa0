//! Kafka, from 4.3 on: a buffer is a topic of items, lent by a share group, and two topics beside it.
//!
//! Share groups (KIP-932) lend single items, count how often, and take back what a dead connection held: those are the leases here.
//! What Kafka has no word for, a bound above all, is made by whoever puts, who counts first. All names begin with `forebay.NAME.`, and all
//! but one have the buffer's identity in them, so that whoever is connected to a buffer that is deleted is told so, also when
//! another one of its name is made.
//!
//! `kafka://user:password@host/jobs` is the buffer `jobs`; the login is SASL PLAIN, and none without a user. `kafkas` is TLS. The host is one
//! server of the cluster, which tells where the others are.
//!
//! # The words
//!
//! | here | in Kafka |
//! |---|---|
//! | buffer | the topics of one name, and the share group |
//! | item | a record of the topic `items`, which has one partition, with a header of ours |
//! | position | the record's offset |
//! | unfinished | the group's lag |
//! | depth | the lag, less the leases of this connection and those that the others told of |
//! | put | a record written by an idempotent producer with `acks=all` |
//! | lease | a record acquired, in the mode that acquires so many and no more |
//! | ack, take | accept |
//! | nack, expiry | release; Kafka has the position |
//! | delivery count | Kafka's, with what an item brought along |
//! | failure count | a mark |
//! | a lease is kept alive | renew, every ten seconds |
//! | dead letter | a record of the topic `dead`, with its reason in a header; one that is purged has nothing under its key any more |
//! | settings, close, failures, participants | marks: records of the compacted topic `meta` |
//! | permit, waiter | nothing; numbers in this process |
//! | wake | a fetch of `items` and `meta` that waits for them to grow, while somebody waits |
//!
//! The client's own consumer of share groups asks for more only when all that it had is answered. So requests to lend and to answer are
//! made in Kafka's own words (`share.rs`), through the client's connections; its version is pinned for that. A server asks nobody
//! who lends whether he has joined the group, and nobody does: so there are no five seconds until a consumer has joined, and the group
//! is told as empty by Kafka's tools, which tell its lag all the same.
//!
//! # What is bounded how
//!
//! - **Capacity** is exact within a connection, whoever races there. **Between connections it is soft**: each may put what it has in hand
//!   after another has counted. That is one item each; of a batch it is an eighth of the room that was counted, at most 64 items. So with
//!   *n* connections that put at once, waiting is at most capacity + (n − 1) × the largest such step: 7 more for eight producers of single
//!   items, at whatever capacity.
//! - What others have leased counts as waiting until they have told of it, which they do when a lease has lasted for a tenth of a
//!   second or little more, and they take it back before the lease ends: so it never makes room that is not there. After a
//!   death it does, for 15 seconds, as much as the dead one had told.
//! - **The lease limit** is exact within a connection, and counts what others told of. Kafka itself leaves no more than 4,000 items of
//!   one buffer on lease (`share.partition.max.record.locks`, or less where the server allows less).
//! - **Weight is not bounded**: a buffer with a capacity in bytes is refused.
//! - Dead letters are bounded by the server's disk only. What is finished is cut off from the log by the consumers, as far as
//!   whole batches reach.
//! - One step puts up to 64 items, and lends up to 256. An item is at most as long as the server lets a record be, 1 MB unless told
//!   otherwise; what is longer is refused ([`Fault::Refused`](forebay_contract::Fault::Refused)). Names of buffers are at most 200 bytes,
//!   where all but letters, digits and `-` count as three; reasons of dead letters 32 KiB; what is longer is cut.
//!
//! # What is kept more weakly
//!
//! - **C1**: the bounds above, between connections.
//! - **C2**: Kafka drops an item that was lent ten times (`share.delivery.count.limit`, which is set to that, or 5 where the server allows no
//!   more). So when it is lent for the last time but one, it moves to a new record, **at the end**, with its counts. A dead
//!   letter that is retried comes to the end, too. It asks for no room.
//! - **C3**: between the last lend but one and the move, an item is lost if its consumer is killed in that moment **twice in a row**: the
//!   second death is the tenth, and Kafka drops it. Nobody is told.
//! - **C3**: a put that returned Ok has reached all replicas in sync. Kafka brings nothing to the disk before it answers: the death of a
//!   server is survived ([`Survives::Server`](crate::Survives::Server)), a loss of power as far as there are replicas elsewhere. Topics are made with as many as
//!   the server makes by itself (`default.replication.factor`).
//! - **C3, C4**: an item becomes a dead letter, or moves, by a record there and an answer here. A process that dies between the two
//!   leaves both. A dead letter is one all the same, as both would have its key.
//! - **C4**: a put that is given up at its own deadline is refused as [`Fault::Unanswered`](forebay_contract::Fault::Unanswered) once it was sent: the client goes on
//!   trying it, for as long as an outage may last, and it may be there later. It is not doubled.
//! - **C4**: a lease lives as long as its connection, and as long as the same server leads the items. When either ends, all of them go back at
//!   once, and answers are refused. A process
//!   that stands still for 30 seconds loses them, too. Kafka takes a late answer for granted where another has finished
//!   the item, so lateness is told by our own clock. A lease time is kept by the process that holds it.
//! - **C4**: an answer that is lost with its connection is refused as `Unanswered`, and may hold. A take hands over what it had, also when its
//!   answer was lost: that item may be seen again. One whose caller went away meanwhile comes to the end.
//! - **C5, permits**: a place is set aside from the producers of the same connection. Others may take it; the put by the permit goes
//!   in all the same, beyond the capacity.
//! - **C5**: nothing tells of room, of ends of leases, nor of what others gave back: while somebody waits for that, its connection looks, every 5
//!   to 100 milliseconds; consumers that wait for what others give back, half a second. New items are heard of at once.
//! - **C6**: a put that was under way while another connection closes may come after a consumer there has heard `Closed`: one step for
//!   each connection that puts.
//! - **C7**: a join returns when it finds nothing unfinished; a moment of that between two looks is not seen.
//! - **C8**: what was dropped, purged, retried or moved is brought to the others within a second, and when the last handle goes; what a
//!   killed process had not brought is lost, and counts as finished. Waits, and what consumers took, are told of those who are there. The
//!   high-water mark is that of moments at which somebody counted.
//! - **C9**: to drop the oldest is two steps for others: they may find the place free for a moment, and take it.
//! - **C10**: there are no lines. Whoever looks first is served; calls of one connection take turns. Drop-oldest does not wait behind
//!   producers that do.
//!
//! Everything else is kept as between threads, and checked by the same suite.
//!
//! There are no [topics](crate#topics) here: a URL with `group` is refused.
//!
//! # What it takes
//!
//! Two connections to the server that leads the topics for each connected buffer, and one to its coordinator; while somebody waits, one more. The
//! user needs the rights to create, delete, describe, alter, read and write topics that begin with `forebay.NAME.`, and to read, describe,
//! alter and delete the groups that do. A put is two requests, and a third where the buffer may be full; a lease is one, an ack is
//! one. `?order=partition` and `?group=` are not there, and say what to use instead: one partition keeps the order, and one group lends.

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
mod out;
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

    fn flush(&self) -> Answered<'_, ()> {
        Box::pin(self.0.flush())
    }

    fn delete(&self) -> Answered<'_, ()> {
        Box::pin(self.0.delete())
    }
}

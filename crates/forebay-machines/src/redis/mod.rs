//! Redis, from 6.2 on: a buffer is a stream, and a few keys beside it.
//!
//! Everything is done by one script (`script/`), a step at a time, whole or not at all. So the buffer is a sequential
//! object like the model of the contract, and what is exact there is exact here. It is sent by its digest, and whole to a
//! server that does not know it. All keys begin with `forebay:{name}:`, so that they lie together.
//!
//! # The words
//!
//! | here | in Redis |
//! |---|---|
//! | buffer | the keys of one name; `meta` is a hash of its settings and counts |
//! | item | an entry of the stream `items`: `b` its bytes, `w` its weight |
//! | position | the first half of the entry's id, counted by us; where somebody else has written to the stream, after that |
//! | depth | `XLEN` less what is out on lease |
//! | put | `XADD`, if fewer than `capacity` wait; in batches of up to 64 |
//! | lease | the oldest id of the sorted set `back`, or else the next entry after `last`; from then on a field of `loans` under a number of its own, its deadline in the sorted set `due` |
//! | ack, take | `XDEL` |
//! | nack, fail, expiry | the id into `back`, scored by its position |
//! | delivery and failure count | part of its field in `loans` while it is out; of the hash `tries` while it waits again |
//! | dead letter | an entry of the stream `dead`, with its reason |
//! | permit | a member of the sorted set `permits`, by its deadline |
//! | waiter | a member of one of four sorted sets, `room`, `takes`, `leases`, `idle`, in the order in which they came |
//! | wake | `PUBLISH` to the channel of the waiter's process |
//! | participant | a process is a member of `sessions`, its handles are fields of `handles` |
//! | close | a field of `meta` |
//! | group of a topic | the keys of a buffer, behind `forebay:{name}:group:{group}:`; the set `groups` has their names |
//!
//! There is no consumer group: its list of pending entries would be a second set of books, which knows neither the
//! positions of what came back nor deadlines, and its consumers cannot go while they hold something.
//!
//! A group is made and deleted in one step with its name in that set, and a name is a buffer or a topic: that is checked in the same
//! step. A put into several groups is that of any [topic](crate#topics).
//!
//! # What is bounded how
//!
//! - Capacity, by count and by weight, and the lease limit are exact at every moment, whoever races. A take as a task (not a
//!   thread) holds its item as a lease for the moment until it is handed over, and that is beside the limit.
//! - Dead letters are bounded by the server's memory only.
//! - One step puts up to 64 items or 1 MiB, and lends up to 256.
//! - What is leased or set aside is kept for 30 seconds from the last word of its process, which speaks every 10.
//! - A place in line, and a handle in the counts, are kept for 3 seconds or, where nobody looks, 4; they are told of every second.
//!
//! # What is kept more weakly
//!
//! - **C2**: a dead letter that is retried comes to the end, not to its own position.
//! - **C3**: what a put that returned Ok survives is the server's affair, and told by
//!   [`Buffer::survives`](crate::Buffer::survives); what to mind, by [`Buffer::warnings`](crate::Buffer::warnings). With
//!   `appendonly yes` and `appendfsync always` it survives kill -9 of the server and a loss of power; with `everysec` up to two
//!   seconds are lost. A failover to a replica loses what had not reached it, as always with Redis.
//! - **C4**: a step whose answer was lost with a connection is asked for again under its number, and the server keeps its
//!   answers for that, for ten minutes: it is done once, and a take hands over what it took. Only where no server
//!   comes back within the outage is it unknown ([`Fault::Unanswered`]). A lease is by the server's clock, and a process that
//!   stands still for longer than 30 seconds has lost what it held; its answers are refused. A take as a task is told
//!   to the server when it is handed over: killed at that moment, its process has the item, and so has the next.
//! - **C5**: what a call that was dropped had been served with comes back to other processes a moment later. A wake that is lost is made up
//!   for within half a second.
//! - **C8**: `produced` is the sum of the rest, so items that other programs write to the stream count. Those become dead
//!   letters when their turn comes. Waits are counted in milliseconds.
//! - **C10**: a process that has not been heard for 3 seconds loses its places in line, and stands at the end when it is back.
//!
//! Everything else is kept as between threads, and checked by the same suite.
//!
//! # What it takes
//!
//! Two connections for each connected buffer, and for each group of a topic: one for steps, one for wakes. The user needs `EVAL`, `EVALSHA`, `SCRIPT LOAD`, `INFO`,
//! `SUBSCRIBE`, the commands of hashes, sets, streams and sorted sets, and the keys and channels that begin with `forebay:{name}:`. On a
//! server over its `maxmemory` puts are refused as [`Fault::OutOfMemory`], and all that makes room goes on. A Redis Cluster
//! is not spoken to; one of its nodes would refuse.
//!
//! Redis 7.0 reads its file as the user `default`, and leaves out what a script did there that this user may not do:
//! `user default off` alone means that everything is gone after a restart. That is warned of.

mod beat;
mod door;
mod link;
mod reply;
mod session;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::slice;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use forebay_contract::{Batch, Fault, Overflow, Refusal, Statistics, TakeError};

use crate::address::Address;
use crate::engine::{
    Answer, Answered, Buried, Engine, How, Joined, Lent, Loan, Parcel, Put, Role, Seen, Standing,
    Step, Wish,
};
use reply::refusal;
use session::{HOLD, Request, Session, letter};

pub(crate) use door::{connect, create, groups};

/// Every step, in one script.
const SCRIPT: &str = concat!(
    include_str!("script/head.lua"),
    include_str!("script/calm_puts.lua"),
    include_str!("script/calm_leases.lua"),
    include_str!("script/state.lua"),
    include_str!("script/lines.lua"),
    include_str!("script/items.lua"),
    include_str!("script/puts.lua"),
    include_str!("script/leases.lua"),
    include_str!("script/buffer.lua"),
    include_str!("script/step.lua"),
);

/// The hash of settings and counts. What stands in braces decides, in a cluster, where a key lies.
fn key_of(address: &Address) -> String {
    match &address.group {
        None => format!("forebay:{{{}}}:meta", address.name),
        Some(group) => format!("forebay:{{{}}}:group:{group}:meta", address.name),
    }
}

/// The set of the groups of a topic.
fn groups_of(address: &Address) -> String {
    format!("forebay:{{{}}}:groups", address.name)
}

/// A name that nobody else has.
fn random() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// Sends a step of whose answer only is of interest that there is one.
fn tell(request: Request<'_>) -> Answered<'_, ()> {
    Box::pin(async move { request.send(None).await.map(drop) })
}

/// The engine.
struct Redis(Arc<Session>);

impl Engine for Redis {
    fn put<'a>(
        &'a self,
        handle: u64,
        items: &'a [Parcel],
        overflow: Overflow,
        standing: Standing,
    ) -> Answered<'a, Put> {
        let policy = match overflow {
            Overflow::DropOldest => "oldest",
            Overflow::DropThis => "this",
            _ => "wait",
        };
        let own = &self.0;
        let mut request = own.stand(own.once("put").with(own.own(handle)).with(policy), standing);
        request = request.with(items.len());
        for item in items {
            request = request.with_bytes(&item.bytes).with(item.weight);
        }
        Box::pin(async move {
            let (word, mut reply) = request.send(standing.until).await?;
            let done = Batch {
                placed: reply.number()?,
                dropped_oldest: reply.number()?,
                dropped_these: reply.number()?,
            };
            Ok(Put { done, refusal: refusal(&word)?, pause: reply.pause()? })
        })
    }

    fn reserve(&self, handle: u64, standing: Standing) -> Answered<'_, Step<Result<u64, Refusal>>> {
        Box::pin(async move {
            Ok(match self.reserve_many(handle, 1, standing).await? {
                Step::Done(Ok(permits)) => match *permits {
                    [permit] => Step::Done(Ok(permit)),
                    _ => return Err(Fault::Damaged),
                },
                Step::Done(Err(refusal)) => Step::Done(Err(refusal)),
                Step::NotNow(pause) => Step::NotNow(pause),
            })
        })
    }

    fn reserve_many(
        &self,
        handle: u64,
        most: usize,
        standing: Standing,
    ) -> Answered<'_, Step<Result<Vec<u64>, Refusal>>> {
        let own = &self.0;
        let first = own.next_permit.fetch_add(most as u64, Ordering::Relaxed);
        let permits = first..first + most as u64;
        let request = own.once("reserve").with(own.own(handle)).with(HOLD.as_millis());
        let mut request = own.stand(request, standing);
        for permit in permits.clone() {
            request = request.with(own.own(permit));
        }
        Box::pin(async move {
            let (word, mut reply) = request.send(standing.until).await?;
            Ok(match refusal(&word)? {
                None => {
                    reply.pause()?;
                    let given: Vec<u64> = permits.take(reply.number()?).collect();
                    own.out().permits.extend(&given);
                    Step::Done(Ok(given))
                }
                Some(Refusal::Full) => Step::NotNow(reply.pause()?),
                Some(refusal) => Step::Done(Err(refusal)),
            })
        })
    }

    fn put_permitted<'a>(
        &'a self,
        permit: u64,
        item: &'a Parcel,
    ) -> Answered<'a, Result<(), Refusal>> {
        Box::pin(async move { self.put_many_permitted(&[permit], slice::from_ref(item)).await })
    }

    fn put_many_permitted<'a>(
        &'a self,
        permits: &'a [u64],
        items: &'a [Parcel],
    ) -> Answered<'a, Result<(), Refusal>> {
        let own = &self.0;
        let mut request = own.once("permitted");
        for (permit, item) in permits.iter().zip(items) {
            own.out().permits.remove(permit);
            request = request.with(own.own(*permit)).with_bytes(&item.bytes).with(item.weight);
        }
        Box::pin(async move {
            let (word, _) = request.send(None).await?;
            Ok(refusal(&word)?.map_or(Ok(()), Err))
        })
    }

    fn release(&self, permit: u64) -> Answered<'_, ()> {
        Box::pin(async move { self.release_many(&[permit]).await })
    }

    fn release_many<'a>(&'a self, permits: &'a [u64]) -> Answered<'a, ()> {
        let own = &self.0;
        let mut request = own.look("release");
        for permit in permits {
            own.out().permits.remove(permit);
            request = request.with(own.own(*permit));
        }
        tell(request)
    }

    fn lend(&self, wish: Wish, standing: Standing) -> Answered<'_, Lent> {
        /// So many in one step, that others get on.
        const MOST: usize = 256;
        let own = &self.0;
        let how = match wish.how {
            How::Lease => "lease",
            How::Take => "take",
            How::Hold => "hold",
        };
        let request = own.once("lease").with(own.own(wish.handle)).with(wish.most.min(MOST));
        let request = own.stand(request.with(how).with(HOLD.as_millis()), standing);
        Box::pin(async move {
            let (word, mut reply) = request.send(standing.until).await?;
            let pause = reply.pause()?;
            let loans = match word.as_str() {
                "done" => {
                    let mut loans = Vec::new();
                    while !reply.is_at_end() {
                        loans.push(reply.loan()?);
                    }
                    let tokens = loans.iter().map(|loan| loan.token).filter(|token| *token != 0);
                    own.out().leases.extend(tokens);
                    Ok(loans)
                }
                "empty" => Err(TakeError::Empty),
                "limit" => Err(TakeError::LeaseLimit),
                "closed" => Err(TakeError::Closed),
                _ => return Err(Fault::Damaged),
            };
            Ok(Lent { loans, pause })
        })
    }

    fn answer<'a>(
        &'a self,
        answer: Answer,
        reason: &'a str,
        tokens: &'a [u64],
    ) -> Answered<'a, Vec<bool>> {
        let how = match answer {
            Answer::Ack => "ack",
            Answer::Nack => "nack",
            Answer::Fail => "fail",
            Answer::Reject => "reject",
            Answer::Undo => "undo",
        };
        let own = &self.0;
        let mut request = own.once("answer").with(how).with(reason);
        for token in tokens {
            // Whatever becomes of the answer, the lease is renewed no more.
            own.out().leases.remove(token);
            request = request.with(*token);
        }
        Box::pin(async move {
            let (_, mut reply) = request.send(None).await?;
            tokens.iter().map(|_| Ok(reply.signed()? == 1)).collect()
        })
    }

    fn entomb<'a>(&'a self, taken: &'a Loan, reason: &'a str) -> Answered<'a, ()> {
        let request = self.0.once("entomb").with_bytes(&taken.bytes);
        tell(request.with(taken.deliveries).with(taken.failures).with(reason))
    }

    fn extend(&self, token: u64, duration: Duration) -> Answered<'_, bool> {
        // Longer than anybody lives, and exact in the script's numbers.
        let duration = duration.min(Duration::from_secs(10_000_000_000)).as_millis();
        let request = self.0.look("extend").with(token).with(duration).with(HOLD.as_millis());
        Box::pin(async move { Ok(request.send(None).await?.1.signed()? == 1) })
    }

    fn leave(&self, waiter: u64) -> Answered<'_, ()> {
        tell(self.0.look("leave").with(self.0.own(waiter)))
    }

    fn enroll(&self, handle: u64, role: Role) -> Answered<'_, ()> {
        let own = &self.0;
        own.out().handles.insert(handle, role);
        tell(
            own.look("enroll")
                .with(beat::LIFE.as_millis())
                .with(own.own(handle))
                .with(letter(role)),
        )
    }

    fn depart(&self, handle: u64, _: Role) -> Answered<'_, ()> {
        let own = &self.0;
        own.out().handles.remove(&handle);
        tell(own.look("depart").with(own.own(handle)))
    }

    fn close(&self) -> Answered<'_, ()> {
        tell(self.0.look("close"))
    }

    fn join(&self, begun: Option<u64>, standing: Standing) -> Answered<'_, Joined> {
        let own = &self.0;
        let begun = begun.map_or(-1, u64::cast_signed);
        let request = own.stand(own.look("join"), standing).with(begun);
        Box::pin(async move {
            let (word, mut reply) = request.send(standing.until).await?;
            let begun = reply.number()?;
            Ok(match word.as_str() {
                "done" => Joined::Idle,
                _ => Joined::Busy { begun, pause: reply.pause()? },
            })
        })
    }

    fn statistics(&self) -> Answered<'_, Statistics> {
        let request = self.0.look("look");
        Box::pin(async move { request.send(None).await?.1.statistics() })
    }

    fn items<'a>(&'a self, after: Option<&'a str>, most: usize) -> Answered<'a, Option<Vec<Seen>>> {
        let request = self.0.look("items").with(after.unwrap_or("-")).with(most);
        Box::pin(async move {
            let mut entries = request.send(None).await?.1.list()?;
            let mut items = Vec::new();
            while !entries.is_at_end() {
                items.push(entries.seen()?);
            }
            Ok(Some(items))
        })
    }

    fn letters<'a>(&'a self, after: Option<&'a str>, most: usize) -> Answered<'a, Vec<Buried>> {
        let request = self.0.look("letters").with(after.unwrap_or("-")).with(most);
        Box::pin(async move {
            let mut entries = request.send(None).await?.1.list()?;
            let mut letters = Vec::new();
            while !entries.is_at_end() {
                letters.push(entries.buried()?);
            }
            Ok(letters)
        })
    }

    fn purge<'a>(&'a self, id: &'a str) -> Answered<'a, bool> {
        let request = self.0.once("purge").with(id);
        Box::pin(async move { Ok(request.send(None).await?.1.signed()? == 1) })
    }

    fn retry<'a>(&'a self, id: &'a str) -> Answered<'a, bool> {
        let request = self.0.once("retry").with(id);
        Box::pin(async move { Ok(request.send(None).await?.1.signed()? == 1) })
    }

    fn groups(&self, until: Option<Instant>) -> Answered<'_, Vec<String>> {
        Box::pin(self.0.groups(until))
    }

    fn delete(&self) -> Answered<'_, ()> {
        tell(self.0.look("delete"))
    }
}

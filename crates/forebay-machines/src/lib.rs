//! The bounded buffer between machines: the contract of all distances, on engines that exist.
//!
//! ```no_run
//! use forebay_machines::{Raw, Settings, connect};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! Settings::new(1000).create("redis://localhost/jobs")?;
//!
//! // On any machine:
//! let producer = connect("redis://localhost/jobs")?.producer::<Vec<u8>, _>(Raw)?;
//! producer.put(b"resize photo.jpg".to_vec())?;
//!
//! // On any other:
//! let consumer = connect("redis://localhost/jobs")?.consumer::<Vec<u8>, _>(Raw)?;
//! let job = consumer.lease()?;
//! // … the work …
//! job.ack()?;
//! # Ok(())
//! # }
//! ```
//!
//! Nothing distributed is made here: an engine keeps the items, and this crate keeps the contract on it. An engine is a
//! feature of that name: `amqp`, for RabbitMQ at `amqp://` and `amqps://`, `kafka`, for `kafka://` and `kafkas://`, `nats`, for
//! `nats://` and `natss://`, and `redis`, for `redis://` and `rediss://`.
//!
//! # What this distance promises
//!
//! Whatever an engine keeps more weakly stands in the docs of its module. For all of them:
//!
//! - **C3, C4**: a lease is delivered at least once, with the count shown. A process that is killed holds its leases until the
//!   server is sure of it, 30 seconds at the most. A call whose answer is lost is asked again where that comes to the same,
//!   and else refused as [`Fault::Unanswered`].
//! - **C5**: a wake is as prompt as the network, and half a second late when it is lost with a connection.
//! - **C6**: the buffer stays open until somebody closes it. Dropping handles closes nothing and refuses nothing.
//! - Calls wait for a server that goes away, as long as [`Options::outage`] says, and then are refused with a
//!   [`Fault`]: [`Fault::Unreachable`] when nothing was done, [`Fault::Unanswered`] when that is not known.
//!
//! # Topics
//!
//! A *group* is a buffer of its own, at `…/jobs?group=mail`: with its own settings, bound, leases, dead letters and counts,
//! made, closed, joined and deleted by itself. Consumers of one group share its items, and every group has every item. The *topic*, at
//! `…/jobs`, is what its groups have in common: an item that is put there goes to all of them, so a producer needs not know who
//! consumes. It has no items itself, and whoever wants to take from it is told so ([`Fault::Topic`]). A name is that of a buffer or of
//! a topic, not of both.
//!
//! A put asks all groups for a place, and then fills these places. One that waits for a group with no room holds nothing in the others.
//! One group alone is as good as a buffer. With several, clause by clause:
//!
//! - **C1, C5**: a topic is full when one of its groups is: the slowest makes producers wait. Each group's bound is as exact as its
//!   engine keeps permits. A place in one group may be set aside for the moment of a put, though another one turns out to be full. Weight is
//!   not bounded in groups.
//! - **C2**: in each group items are in the order of puts; two puts at the same time may be in another order in each.
//! - **C3**: a put that returned Ok is in every group that was open. One that was cut off, by the death of its process or of the
//!   way to the server, may be in some and not in others; what it had set aside lapses as any permit does.
//! - **C6**: a closed group gets nothing more, and the others go on. To close the topic is to close its groups, one by one, and a
//!   put at that moment may be in those that were still open. When all are closed puts are refused; a group that is
//!   made later is open.
//! - **C7**: a join waits until each group was idle once since it began.
//! - **C8**: a topic's counts are the sums over its groups, each of which is exact.
//! - **C9**: to wait, to wait so long, and to refuse mean all groups. A policy that drops means each group by itself, and never waits:
//!   with [`DropOldest`](Overflow::DropOldest) a group without room drops its oldest, with [`DropThis`](Overflow::DropThis) it misses
//!   the item, which the others get. Each group counts what it dropped, and a put says that this item was dropped when a group missed
//!   it. Where a group without room can drop nothing old, since producers wait there or all its places are set aside, the put is
//!   refused as full; unless an earlier group has dropped something for it already: then this one misses the item.
//! - **C10**: a put stands in one group's line at a time, so with several slow groups it may have to stand in line more than once.
//!
//! A permit is for the groups that there were when it was given. A group that is made beside others gets every put that begins after
//! [`Settings::create`] has returned, which takes a second then. One that is deleted is passed by from the next put on, and the
//! last one takes the topic with it.
//!
//! Each group is another connection of whoever puts, and a put into several asks them one after the other: it takes as many ways to
//! the server and back as there are groups, and one more. A batch takes no more than that on Redis, and on other engines so many for each item.
//!
//! Blocking forms sleep; async forms run under any executor. All connections live on one runtime of this crate.
//! The last handle of a connection waits when it is dropped, at most a second, until what was answered before is sent.

// Without an engine nothing is ever connected.
#![cfg_attr(
    not(any(feature = "amqp", feature = "kafka", feature = "nats", feature = "redis")),
    allow(dead_code, unused_imports)
)]

mod address;
#[cfg(feature = "amqp")]
pub mod amqp;
mod attachment;
mod buffer;
mod call;
mod connect_error;
mod consumer;
mod engine;
mod engines;
#[cfg(feature = "kafka")]
pub mod kafka;
mod lease;
#[cfg(feature = "nats")]
pub mod nats;
mod permit;
mod producer;
#[cfg(feature = "redis")]
pub mod redis;
mod runtime;
mod settings;
mod topic;
mod waiters;
mod withdrawn;

pub use address::{Options, address};
pub use buffer::{Buffer, Item, Letter, Survives, connect};
pub use connect_error::{ConnectError, Why};
pub use consumer::Consumer;
#[cfg(feature = "json")]
pub use forebay_contract::Json;
pub use forebay_contract::{
    Batch, Bytes, Clause, Codec, CodecError, Consume, DeadLetter, Death, Fault, JoinError,
    LeaseError, Leased, Outcome, Overflow, Patience, Permitted, Produce, PutError, PutManyError,
    Raw, Refusal, Share, Statistics, TakeError, Text,
};
pub use lease::Lease;
pub use permit::Permit;
pub use producer::Producer;
pub use settings::Settings;

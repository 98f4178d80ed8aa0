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

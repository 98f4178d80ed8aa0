//! The bounded buffer in a file: between any number of processes, with no server.
//!
//! ```no_run
//! use forebay_processes::{Buffer, Raw, Settings};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! Settings::new(1000).create("jobs.fb")?;
//!
//! // In any process:
//! let producer = Buffer::open("jobs.fb")?.producer::<Vec<u8>, _>(Raw)?;
//! producer.put(b"resize photo.jpg".to_vec())?;
//!
//! // In any other:
//! let consumer = Buffer::open("jobs.fb")?.consumer::<Vec<u8>, _>(Raw)?;
//! let job = consumer.lease()?;
//! // … the work …
//! job.ack()?;
//! # Ok(())
//! # }
//! ```
//!
//! # What this distance promises
//!
//! Every clause of the [contract](forebay_contract), with kill -9 of any participant at any instruction; with
//! [`Durability::Power`], with the loss of power, too. Where it keeps a clause otherwise than a buffer between threads:
//!
//! - **C4**: a lease is delivered at least once, with the count shown; a take at most once, whoever is killed. A loss of power
//!   undoes takes and acks that no sync followed: those items come again.
//! - **C6**: the buffer stays open until somebody closes it. Dropping handles closes nothing and refuses nothing.
//! - **C8**: `produced` is the sum of the rest. After a loss of power, `finished` and `dropped` are what the disk had.
//! - **C10**: who was called, was stopped by a signal, and does not come for 100 ms, is passed by until it does.
//! - A death is found within about 50 ms by whoever waits or is busy, and by a try that finds nothing; by those who wait
//!   while nobody holds anything, within 200 ms. Until then, what the dead held is theirs.
//! - An item is at most as long as the storage that the buffer was made with.
//!
//! # What it does not
//!
//! Whoever may write the file can damage the buffer, and can make everybody wait, by stopping while it has the lock.
//! It can do no more: nothing is borrowed out of shared memory, every number read from it is bounded before it is used,
//! every item has a checksum. Not on network file systems, which are refused. Linux only.
//!
//! Source of the shape: a short lock and one word for each item's state, after what is known of recoverable mutual
//! exclusion (W. Golab and A. Ramaraju, *Recoverable mutual exclusion*, 2016), with the kernel as the witness of deaths.
//! The file is drawn in `docs/file-format.md`.

// No memory is mapped under loom: `tests/loom` takes of the source what it explores.
#![cfg(not(loom))]

#[cfg(not(target_os = "linux"))]
compile_error!(
    "the buffer in a file needs Linux: its futexes, and its locks of open file descriptions"
);

mod attachment;
mod bell;
mod buffer;
mod bus;
mod call;
mod clock;
mod commits;
mod consumer;
mod control;
#[cfg_attr(not(feature = "crash-points"), allow(unreachable_pub))]
pub mod crash;
mod debt;
mod ending;
mod file;
mod futex;
mod geometry;
mod header;
mod lease;
mod life;
mod lock;
mod participant;
mod party;
mod pause;
mod permit;
mod producer;
mod region;
mod settings;
mod slot;
mod statistics;
mod sync;
mod turn;
mod unbooked;
mod waiter;
mod words;

pub use buffer::{Buffer, Inspection};
pub use consumer::Consumer;
pub use file::{OpenError, Why};
#[cfg(feature = "json")]
pub use forebay_contract::Json;
pub use forebay_contract::{
    Batch, Bytes, Clause, Codec, CodecError, Consume, DeadLetter, Death, Fault, JoinError,
    LeaseError, Leased, Outcome, Overflow, Patience, Permitted, Produce, PutError, PutManyError,
    Raw, Refusal, Share, Statistics, TakeError, Text,
};
pub use lease::Lease;
pub use participant::Role;
pub use permit::Permit;
pub use producer::Producer;
pub use settings::{Durability, Settings};
pub use statistics::{Awaited, Held, Participant};
pub use turn::{Findings, Item, Letter};

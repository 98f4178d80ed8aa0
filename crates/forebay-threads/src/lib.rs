//! The bounded buffer between threads and tasks of one process.
//!
//! [`bounded`] gives the two sides. Both are cloned for more producers and consumers; blocking and
//! async forms may be mixed on the same handles.
//!
//! ```
//! use std::thread;
//!
//! let (producer, consumer) = forebay_threads::bounded(5);
//! let squares = thread::spawn(move || {
//!     let mut sum = 0;
//!     while let Ok(n) = consumer.take() {
//!         sum += n * n;
//!     }
//!     sum
//! });
//! for n in 0..100_u64 {
//!     producer.put(n)?;
//! }
//! drop(producer); // the last one gone: the buffer closes, the consumer drains it
//! assert_eq!(squares.join().unwrap(), 328_350);
//! # Ok::<(), forebay_threads::PutError<u64>>(())
//! ```
//!
//! Beside the two sides: [`Select`] waits on several buffers at once, and [`Semaphore`] is the counting
//! semaphore that a discipline is built of. With the feature `futures`, a consumer is a `Stream` and a
//! producer a `Sink`, for all the combinators that there are.
//!
//! # The clauses here
//!
//! This distance keeps every clause of the [contract](forebay_contract), with this to say:
//!
//! - C3: what is promised to survive is a thread's death by panic: its leases are dropped, which
//!   gives their items back. The process's death takes the buffer with it.
//! - C4: exactly once. A lease has no deadline unless [`Builder::lease_time`] asks for one, because
//!   an item cannot be taken from a thread that holds it; with one, what is redelivered is a copy.
//! - C10: counted from the moment a waiter stands in line, which is when its first poll returned
//!   pending, or its thread has gone to sleep. A lease stands in line for what it lacks, the lease
//!   limit or an item, and the bound holds in each line. Who was called and does not come for 100 ms,
//!   because its future was leaked or its executor stands still, is passed until it comes.
//!
//! # Inside
//!
//! [`Builder`] picks one of four [disciplines](Discipline), each a file under `disciplines/` that
//! keeps items in order and lets the sides wait; over it, `buffer` builds leases, close, join and
//! statistics once. `waiter` is the line that threads and tasks wait in together. `unsafe` stands in
//! the files of `two_lock` that hold items, and in `short_lock`, only.

mod alarm;
mod atomics;
mod blocking;
mod buffer;
mod builder;
mod call;
mod calls;
mod clock;
mod consumer;
mod desk;
mod disciplines;
#[cfg(not(any(loom, shuttle)))]
mod expiry;
mod gauge;
mod lease;
mod pause;
mod permit;
mod producer;
mod request;
mod select;
mod semaphore;
mod share;
mod short_lock;
#[cfg(feature = "futures")]
mod sink;
mod store;
#[cfg(feature = "futures")]
mod stream;
mod waiter;
mod waits;
mod watermarks;

pub use builder::{BuildError, Builder, Discipline, bounded, unbounded};
pub use consumer::Consumer;
pub use forebay_contract::{
    Batch, Clause, Consume, DeadLetter, Death, Fault, JoinError, LeaseError, Leased, Outcome,
    Overflow, Patience, Permitted, Produce, PutError, PutManyError, Refusal, Share, Statistics,
    TakeError,
};
pub use lease::Lease;
pub use permit::Permit;
pub use producer::Producer;
pub use select::{Select, SelectError};
pub use semaphore::{Semaphore, Units};
pub use watermarks::Watermark;

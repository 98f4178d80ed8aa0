//! What every forebay buffer promises, whatever lies between its two sides.
//!
//! The idea is as old as the field: a bounded buffer lets two sides of different speeds work
//! without knowing each other (E. W. Dijkstra, *Cooperating Sequential Processes*, 1965). What is
//! added here is that the promise is written down once, as eleven numbered [clauses](Clause), and
//! that one test suite checks any buffer against them.
//!
//! - [`clause`]: the rules, with the numbers that tests, docs and messages cite.
//! - [`sides`]: the traits [`Produce`], [`Consume`] and [`Leased`] that a buffer's handles keep.
//! - [`error`]: refusals, which hand the refused item back.
//! - [`fault`]: why a buffer outside this process cannot be used.
//! - [`codec`]: how items become bytes where a buffer lies outside this process.
//! - [`overflow`]: what a producer wants done on full, and what a put says of it.
//! - [`statistics`]: what a buffer tells about itself.
//! - [`model`]: the sequential reference model, the oracle of every test.
//!
//! This crate imports nothing of the project's own, and holds no buffer.

pub mod bytes;
pub mod clause;
pub mod codec;
pub mod dead_letter;
pub mod error;
pub mod fault;
pub mod model;
pub mod overflow;
pub mod patience;
pub mod sides;
pub mod statistics;

pub use bytes::Bytes;
pub use clause::Clause;
#[cfg(feature = "json")]
pub use codec::Json;
pub use codec::{Codec, CodecError, Raw, Text};
pub use dead_letter::{DeadLetter, Death};
pub use error::{JoinError, LeaseError, PutError, PutManyError, Refusal, TakeError};
pub use fault::Fault;
pub use model::Model;
pub use overflow::{Batch, Outcome, Overflow};
pub use patience::Patience;
pub use sides::{Consume, Leased, Permitted, Produce};
pub use statistics::{Share, Statistics};

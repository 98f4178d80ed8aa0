//! A bounded buffer between producers and consumers.
//!
//! Between threads and tasks of one process: [`bounded`], [`unbounded`], or a [`Builder`] for more
//! to choose; [`Select`] waits on several. The promises are the eleven [clauses](Clause) of the contract.
//!
//! The feature `futures` makes consumers streams, and producers sinks.

pub use forebay_threads::*;

/// The README's example is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

//! A bounded buffer between producers and consumers.
//!
//! Between threads and tasks of one process: [`bounded`], [`unbounded`], or a [`Builder`] for more
//! to choose. The promises are the eleven [clauses](Clause) of the contract.

pub use forebay_threads::*;

/// The README's example is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

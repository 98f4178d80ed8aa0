//! The suite that checks any forebay buffer against every clause of the contract.
//!
//! One suite for every implementation, so that they cannot drift apart: the idea is as old as
//! abstract data types with axioms to test them by (J. Gannon, P. McMullin and R. Hamlet,
//! *Data-abstraction implementation, specification, and testing*, 1981). A buffer says how it is
//! made, through a [`Factory`], and one line makes the tests:
//!
//! ```ignore
//! forebay_conformance::suite!(ring, RingFactory);
//! ```
//!
//! A test's name and the message of its failure begin with the clause that is broken. The same
//! checks can be had as values from [`checks`], to be run one by one with a time limit; the suite's
//! own tests do so with buffers that are broken on purpose, since a check that cannot fail checks
//! nothing.
//!
//! What it does not see: that counting costs nothing (C8) and that wakes are prompt (C5) are for
//! benchmarks, since a test of time fails on a busy machine; memory orderings weaker than those of
//! the machine it runs on are for a model checker; and a schedule that did not occur was not tried.
//!
//! - [`factory`], [`item`], [`ledger`]: what a buffer has to bring, and what it is made to carry.
//! - [`clauses`]: the checks.
//! - [`remote`]: a buffer whose handles live in other processes, which can be killed.
//! - [`sequence`]: random operations, step by step beside the model.
//! - [`history`], [`linearizable`], [`pattern`]: concurrent operations, and the model's word on them.
//! - [`check`], [`suite!`], [`watchdog`]: how checks are listed, run and stopped.

pub mod check;
pub mod clauses;
mod ensure;
pub mod factory;
pub mod history;
pub mod item;
pub mod ledger;
pub mod linearizable;
pub mod pattern;
pub mod remote;
pub mod sequence;
pub mod subject;
pub mod suite;
pub mod task;
pub mod thread_time;
pub mod watchdog;
pub mod worker;

pub use check::{Check, Failure};
pub use factory::{Factory, Mortal, Settings};
pub use forebay_contract::Clause;
pub use item::{Counted, Item, Plain};
pub use ledger::Ledger;
pub use subject::Subject;
pub use suite::{checks, mortal_checks};

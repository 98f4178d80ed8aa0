//! ToyVM: a small stack machine for concurrency, in which programs are run, watched and broken.
//!
//! A program is a list of instruction tuples in Python syntax ([`source`]), or is written in [`weir`]. A [`Machine`] steps any
//! thread that can go on; who goes on is decided outside it, by a [`scheduler`], by a recorded
//! schedule, or by a person. [`run`](run::run) puts both together, and shows what happens to whoever
//! [observes](observer::Observer).
#![allow(clippy::cast_possible_wrap, reason = "lengths are bounded far below 2⁶³")]

pub mod chance;
pub mod check;
pub mod deadlock;
pub mod exam;
pub mod expectation;
pub mod instruction;
pub mod lint;
pub mod machine;
mod nearest;
pub mod notation;
pub mod observer;
pub mod program;
pub mod programs;
pub mod reference;
pub mod run;
pub mod scheduler;
pub mod source;
pub mod sweep;
pub mod trace;
pub mod value;
pub mod verdict;
pub mod watch;
pub mod weir;

pub use machine::Machine;
pub use program::Program;

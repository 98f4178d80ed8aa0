//! Random programs: the machine against a model of the page, and against itself.
#![allow(clippy::cast_possible_wrap, reason = "the numbers are small")]

mod invariants;
mod model;
mod replays;
mod runs;
mod specification;
mod writer;

//! Random programs: the machine against a model of the page, and against itself.

mod invariants;
mod model;
mod replays;
mod runs;
mod specification;
mod writer;

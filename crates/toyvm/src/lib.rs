//! ToyVM: a small stack machine for concurrency, in which programs are run, watched and broken.
//!
//! A program is a list of instruction tuples in Python syntax ([`source`]). A machine steps any
//! thread that can go on; who goes on is decided outside it, by a scheduler, by a recorded
//! schedule, or by a person.

pub mod instruction;
pub mod machine;
mod nearest;
pub mod program;
pub mod source;
pub mod value;

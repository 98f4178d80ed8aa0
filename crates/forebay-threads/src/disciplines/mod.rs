//! The ways to build the store, one file each. All keep the same contract; they differ in how they
//! wait and what that costs.

mod linked;
mod monitor;
mod ring;
mod semaphores;
mod shelf;

pub(crate) use linked::Linked;
pub(crate) use monitor::Monitor;
pub(crate) use ring::Ring;
pub(crate) use semaphores::Semaphores;

//! The ways to build the store, one file each. All keep the same contract; they differ in how they
//! wait and what that costs.

mod monitor;
mod semaphores;
mod shelf;
mod two_lock;

pub(crate) use monitor::Monitor;
pub(crate) use semaphores::Semaphores;
pub(crate) use two_lock::{Linked, Ring};

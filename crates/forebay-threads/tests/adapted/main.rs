//! What the test suites of other channels check, checked of ours in our own words.
//!
//! One file for each origin. `docs/adapted-tests.md` goes through their tests one by one: which of these
//! checks it, or which clause differs, so that it has nothing to check here.
#![cfg(not(loom))]

#[path = "../disciplines/mod.rs"]
mod disciplines;

mod async_channel;
mod crossbeam;
mod flume;
mod kanal;
mod std;
mod tokio;

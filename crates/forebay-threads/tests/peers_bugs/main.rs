//! Published bugs of other channels and queues, each as a test of ours.
//!
//! Each test says in whose code it happened, by the number of its public report, what went wrong, and
//! what is looked at here. What has a test elsewhere is not repeated: wakers that are woken or dropped
//! under a lock (tokio #5429) are in `reentry.rs`, waiting that burns a processor (rust #106668,
//! crossbeam #821) is C5 in the conformance suite. A capacity of 0 is not ours, and so neither are the
//! bugs of a rendezvous (flume #140, #145).
#![cfg(not(loom))]

#[path = "../disciplines/mod.rs"]
mod disciplines;

mod bounds;
mod cancelled;
mod dropped;
mod ended;
mod forgotten;
mod timed;
mod wakers;

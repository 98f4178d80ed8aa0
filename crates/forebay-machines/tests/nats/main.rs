//! What a buffer on NATS does when something goes wrong.

#![cfg(feature = "nats")]

#[path = "../servers/mod.rs"]
mod servers;
#[macro_use]
#[path = "../servers/groups.rs"]
mod topics;

mod beside;
mod connecting;
mod cuts;
mod deaths;
mod full;
mod groups;
mod letters;
mod racing;
mod restarts;
mod traps;

use servers::{Failure, PATIENCE, distinct, item, within};

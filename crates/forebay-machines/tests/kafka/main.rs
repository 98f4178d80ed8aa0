//! What a buffer on Kafka does when something goes wrong, and when several connections want the same.

#![cfg(feature = "kafka")]

#[path = "../servers/mod.rs"]
mod servers;

mod beside;
mod bounds;
mod connecting;
mod deaths;
mod leaving;
mod letters;
mod restarts;

use beside::Beside;
use servers::{Failure, PATIENCE, distinct, item, within};

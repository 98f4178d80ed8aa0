//! What a buffer on RabbitMQ does when something goes wrong.

#![cfg(feature = "amqp")]

#[path = "../servers/mod.rs"]
mod servers;

mod beside;
mod bounds;
mod connecting;
mod deaths;
mod letters;
mod memory;
mod restarts;

use beside::Beside;
use servers::{Failure, PATIENCE, distinct, item, within};

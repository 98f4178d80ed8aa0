//! What a buffer on Redis does when something goes wrong.

#![cfg(feature = "redis")]

#[path = "../servers/mod.rs"]
mod servers;
#[macro_use]
#[path = "../servers/groups.rs"]
mod topics;

mod connecting;
mod cuts;
mod deaths;
mod executors;
mod groups;
mod memory;
mod restarts;

use redis::Client;

use servers::{Failure, PATIENCE, distinct, item, within};

/// A connection beside those of the buffer.
fn beside(server: &servers::Server) -> Result<redis::Connection, Failure> {
    Ok(Client::open(server.text("url"))?.get_connection()?)
}

//! What a buffer on Redis does when something goes wrong.

#![cfg(feature = "redis")]

#[path = "../servers/mod.rs"]
mod servers;

mod connecting;
mod cuts;
mod deaths;
mod executors;
mod memory;
mod restarts;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use redis::Client;

/// What a test that goes wrong says.
type Failure = Box<dyn std::error::Error>;

/// A connection beside those of the buffer.
fn beside(server: &servers::Server) -> Result<redis::Connection, Failure> {
    Ok(Client::open(server.text("url"))?.get_connection()?)
}

/// Runs a call on a thread of its own; what it returns, or a panic when it hangs.
fn within<T: Send + 'static>(limit: Duration, call: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(call()));
    told.recv_timeout(limit).expect("it comes to an end")
}

/// Far past what a slow machine needs.
const PATIENCE: Duration = Duration::from_mins(1);

/// Sorts, and takes out what is there more than once.
fn distinct(mut items: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    items.sort_unstable();
    items.dedup();
    items
}

/// Item number so and so.
fn item(number: u32) -> Vec<u8> {
    format!("item {number:06}").into_bytes()
}

//! What carries items by a server: ours, or the engine's client alone.

use std::fmt;

use bench::contender::Contends;

use crate::server::Server;
use crate::{bare, ours};

/// Bytes of an item.
pub(crate) const ITEM: usize = 64;

/// More than is ever put here, but a bound.
pub(crate) const ROOM: u64 = 10_000_000;

/// One connection that puts, and one that leases, by the same buffer.
pub(crate) trait Carrier {
    /// Puts so many items; each is confirmed when this returns.
    fn put(&mut self, items: usize) -> Result<(), String>;

    /// Leases so many items at most, and acks them; how many there were.
    fn finish(&mut self, most: usize) -> Result<usize, String>;
}

/// Who carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    Forebay,
    Bare,
}

impl Contender {
    pub(crate) const ALL: [Self; 2] = [Self::Forebay, Self::Bare];

    /// An empty buffer, or whatever the client has in its stead.
    pub(crate) fn carrier(self, server: &Server) -> Result<Box<dyn Carrier>, String> {
        match (self, server.engine.as_str()) {
            (Self::Forebay, _) => ours::carrier(server),
            (Self::Bare, "amqp") => bare::amqp::carrier(server),
            (Self::Bare, "kafka") => bare::kafka::carrier(server),
            (Self::Bare, "nats") => bare::nats::carrier(server),
            (Self::Bare, "redis") => bare::redis::carrier(server),
            (Self::Bare, other) => Err(format!("{other} has no bare client here")),
        }
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Forebay => "forebay",
            Self::Bare => "bare client",
        })
    }
}

impl Contends for Contender {
    fn is_ours(&self) -> bool {
        *self == Self::Forebay
    }

    fn release(&self) -> Option<(String, String)> {
        None
    }
}

//! The engines' clients, used as their docs say, with the same guarantees: there is a bound, puts are confirmed, and an
//! item is the server's until it is acked.

pub(crate) mod amqp;
pub(crate) mod kafka;
pub(crate) mod nats;
pub(crate) mod redis;

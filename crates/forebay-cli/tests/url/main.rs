//! A BUFFER that is a URL: the real program against real servers, as people use both. Whatever does not harm a server is
//! done on [each engine](engine) that is in.

#![cfg(any(feature = "amqp", feature = "nats", feature = "redis"))]

#[macro_use]
mod engine;
#[path = "../run/process.rs"]
mod process;
#[path = "../vm/transcript.rs"]
#[cfg(feature = "redis")]
mod transcript;

#[cfg(feature = "redis")]
mod bad_input;
mod bridge;
mod dead;
mod delete;
#[cfg(feature = "redis")]
mod guide;
mod killed;
mod life;
mod outage;
mod place;
mod run;
mod secret;
mod server;
mod top;
#[cfg(any(feature = "nats", feature = "redis"))]
mod topic;
mod work;

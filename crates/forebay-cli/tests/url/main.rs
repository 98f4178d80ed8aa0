//! A BUFFER that is a URL: the real program against real servers, as people use both. Whatever does not harm a server is
//! done on [each engine](engine) that is in.

#![cfg(any(feature = "amqp", feature = "kafka", feature = "nats", feature = "redis"))]

#[macro_use]
mod engine;
#[path = "../vm_step/display.rs"]
mod display;
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
mod demo;
#[cfg(feature = "redis")]
mod guide;
mod killed;
mod life;
mod outage;
mod place;
#[path = "../vm_step/pty.rs"]
#[allow(dead_code, reason = "others need more of it")]
mod pty;
mod run;
mod secret;
mod server;
mod top;
#[cfg(any(feature = "nats", feature = "redis"))]
mod topic;
mod work;

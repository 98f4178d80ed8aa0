//! A BUFFER that is a URL: the real program against a real server, as people use both.

#[cfg(not(feature = "redis"))]
mod without;

#[cfg(feature = "redis")]
#[path = "../run/process.rs"]
mod process;

#[cfg(feature = "redis")]
mod bad_input;
#[cfg(feature = "redis")]
mod dead;
#[cfg(feature = "redis")]
mod guide;
#[cfg(feature = "redis")]
mod killed;
#[cfg(feature = "redis")]
mod life;
#[cfg(feature = "redis")]
mod outage;
#[cfg(feature = "redis")]
mod place;
#[cfg(feature = "redis")]
mod run;
#[cfg(feature = "redis")]
mod secret;
#[cfg(feature = "redis")]
mod server;
#[cfg(feature = "redis")]
#[path = "../vm/transcript.rs"]
mod transcript;
#[cfg(feature = "redis")]
mod work;

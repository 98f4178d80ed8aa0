//! What the figures were made on, and with.

use std::thread;

use serde_json::{Value, json};

/// How many processors this program may use.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The release of a crate that is measured here, from the lock file.
pub fn release_of(name: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let entry = format!("name = \"{name}\"\nversion = \"");
    lock.split_once(&entry)
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("unknown", |(version, _)| version)
}

/// As JSON.
pub fn json() -> Value {
    json!({ "cores": cores(), "system": std::env::consts::OS, "processor": std::env::consts::ARCH })
}

//! What the figures were made on, and with.

use std::{fs, thread};

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

/// How many threads wanted a processor over the last minute, where the system tells.
pub fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// Says so if the machine had other work when the measuring began: threads that share a processor
/// never meet, and what is measured then is something else.
pub fn warn(load: Option<f64>) {
    if let Some(load) = load.filter(|load| *load > 0.5) {
        println!("NOT A FIGURE: the machine had other work (load {load:.1} before this began).");
    }
}

/// As JSON.
pub fn json(load: Option<f64>) -> Value {
    json!({
        "cores": cores(),
        "system": std::env::consts::OS,
        "processor": std::env::consts::ARCH,
        "load_before": load,
    })
}

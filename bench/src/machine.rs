//! What the figures were made on, and with.

use std::fmt;
use std::process::Command;
use std::{fs, thread};

use serde::{Deserialize, Serialize};

/// The machine that is measured on, as it was before the measuring began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Processors that this program may use.
    pub cores: usize,
    /// Such as `linux`.
    pub system: String,
    /// Such as `x86_64`.
    pub processor: String,
    /// What the processor calls itself, where it does.
    pub model: Option<String>,
    /// How many threads wanted a processor over the last minute, where the system tells.
    pub load_before: Option<f64>,
}

impl Machine {
    /// This one, now.
    pub fn now() -> Self {
        Self {
            cores: thread::available_parallelism().map_or(1, usize::from),
            system: std::env::consts::OS.to_owned(),
            processor: std::env::consts::ARCH.to_owned(),
            model: model(),
            load_before: load(),
        }
    }

    /// Says so if the machine had other work when the measuring began: threads that share a
    /// processor never meet, and what is measured then is something else.
    pub fn warning(&self) -> Option<String> {
        let load = self.load_before.filter(|load| *load > 0.5)?;
        Some(format!(
            "NOT A FIGURE: the machine had other work (load {load:.1} before this began)."
        ))
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cores, {}, {}", self.cores, self.system, self.processor)?;
        match &self.model {
            Some(model) => write!(f, " ({model})"),
            None => Ok(()),
        }
    }
}

fn model() -> Option<String> {
    let about = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = about.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// The release of a crate that is measured here, from the lock file.
pub fn release_of(name: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let between = |text: &'static str, before: &str| {
        text.split_once(before)?.1.split_once('"').map(|(version, _)| version)
    };
    // Where others use another release of it, the lock file says which one is ours.
    let ours = lock.split_once("name = \"bench\"").and_then(|(_, rest)| rest.split_once(']'));
    ours.and_then(|(ours, _)| between(ours, &format!("\"{name} ")))
        .or_else(|| between(lock, &format!("name = \"{name}\"\nversion = \"")))
        .unwrap_or("unknown")
}

/// The release of the standard library, from the compiler on the path: the one that built this.
pub fn release_of_std() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let said = output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    );
    said.split(' ').nth(1).unwrap_or("unknown").to_owned()
}

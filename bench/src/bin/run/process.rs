//! One process, run to its end: how long it took, and the most memory that it held.

use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// How it went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Race {
    pub(crate) duration: Duration,
    /// The most bytes that were resident, its children's left out. Looked at every few milliseconds: 0 for
    /// one that ended before the first look.
    pub(crate) peak: u64,
}

const LOOK: Duration = Duration::from_millis(5);

/// Runs it; fails unless it ends well.
pub(crate) fn run(command: &mut Command) -> Result<Race, String> {
    let begun = Instant::now();
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let id = child.id();
    let watching = std::thread::spawn(move || watch(id));
    let status = child.wait().map_err(|error| error.to_string())?;
    let duration = begun.elapsed();
    if !status.success() {
        return Err(status.to_string());
    }
    Ok(Race { duration, peak: watching.join().unwrap_or(0) })
}

/// The last that could be seen of the peak, which only grows.
fn watch(id: u32) -> u64 {
    let mut peak = 0;
    while let Some(now) = peak_of(id) {
        peak = now;
        std::thread::sleep(LOOK);
    }
    peak
}

fn peak_of(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kibibytes * 1024)
}

/// Stops it when dropped.
pub(crate) struct Stopped(pub(crate) Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

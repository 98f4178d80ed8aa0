//! How much a deed makes its process grow at most, told by the system (Linux alone tells).

use std::env;
use std::fs;
use std::process::Command;

use crate::deed::{Deed, Place};

/// By how many bytes, in a process of its own, so that nothing which was there before helps out. `name`
/// is the deed's, by which that process is told what to do.
pub(crate) fn growth(name: &str) -> Option<u64> {
    let output = Command::new(env::current_exe().ok()?).args(["--alone", name]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// What that process does: prints by how many bytes it grew.
pub(crate) fn grow(deed: Deed, place: &Place) -> Result<(), String> {
    let before = kilobytes("VmRSS:").unwrap_or(0);
    deed.work(place)?;
    match kilobytes("VmHWM:") {
        Some(most) => println!("{}", most.saturating_sub(before) << 10),
        None => println!("the system does not tell"),
    }
    Ok(())
}

fn kilobytes(key: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

//! What this process has used of its processors.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Of all its threads, those that have ended included, so far.
pub fn time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).expect("it never runs backwards")
}

/// Of what `/proc` counts there are so many in a second.
pub const TICKS: u64 = 100;

/// Of its children that have ended and were waited for, and of theirs, where the system tells.
pub fn time_of_children() -> Duration {
    told("self", 13).unwrap_or_default()
}

/// Of another process so far, where the system tells.
pub fn time_of(process: u32) -> Option<Duration> {
    told(&process.to_string(), 11)
}

/// The sum of two numbers of `/proc/PROCESS/stat`, from this one after the program's name.
fn told(process: &str, from: usize) -> Option<Duration> {
    let said = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name stands in parentheses.
    let words = said.rsplit_once(')')?.1.split_whitespace();
    let ticks: u64 = words.skip(from).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
    Some(Duration::from_millis(ticks * 1000 / TICKS))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn what_children_use_is_seen() {
        let before = time_of_children();
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        assert!(Command::new("sh").args(["-c", busy]).status().is_ok_and(|end| end.success()));
        assert!(time_of_children() > before);
        assert!(
            time_of(std::process::id())
                .is_some_and(|time| time <= super::time() + Duration::from_millis(20))
        );
    }
}

//! What everybody else does with the processors while we measure.

use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::processor::{self, TICKS};

/// Processors that others may keep busy without being mentioned.
const NOTICEABLE: f64 = 0.1;

/// In less time, a few ticks are everything.
const LEAST: Duration = Duration::from_secs(1);

/// Processes that are measured with us.
static MEASURED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// This process is no other: it is measured with us, as a server that ours speaks to.
pub fn count_in(process: u32) {
    MEASURED.lock().unwrap_or_else(PoisonError::into_inner).push(process);
}

/// A moment from which on everybody else's work is counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Others {
    begun: Instant,
    all: Option<Duration>,
    own: Duration,
}

impl Others {
    /// From now on.
    pub fn watch() -> Self {
        let all = fs::read_to_string("/proc/stat").ok().and_then(|stat| busy(&stat));
        let measured = MEASURED.lock().unwrap_or_else(PoisonError::into_inner);
        let measured: Duration = measured.iter().copied().filter_map(processor::time_of).sum();
        let own = processor::time() + processor::time_of_children() + measured;
        Self { begun: Instant::now(), all, own }
    }

    /// How many processors others kept busy since, on average, where the system tells and there was time
    /// enough to tell; those of other machines that share ours included.
    pub fn processors(self) -> Option<f64> {
        let now = Self::watch();
        if now.begun - self.begun < LEAST {
            return None;
        }
        let (all, own) = (now.all?.checked_sub(self.all?)?, now.own.saturating_sub(self.own));
        Some(all.saturating_sub(own).div_duration_f64(now.begun - self.begun))
    }
}

/// Says so if others kept a noticeable part of a processor busy.
pub fn warning(processors: Option<f64>) -> Option<String> {
    let others = processors.filter(|others| *others > NOTICEABLE)?;
    Some(format!("NOT A FIGURE: others kept {others:.2} processors busy meanwhile."))
}

/// Processor time that anybody has used since the machine started.
fn busy(stat: &str) -> Option<Duration> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Result<Vec<u64>, _> = line.split_whitespace().map(str::parse).collect();
    // In order: user, nice, system, idle, waiting for a disk, interrupts of two kinds, stolen.
    let [user, nice, system, _, _, hard, soft, stolen, ..] = ticks.ok()?[..] else { return None };
    let busy = user + nice + system + hard + soft + stolen;
    Some(Duration::from_millis(busy * 1000 / TICKS)).filter(|_| busy > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idling_is_not_work() {
        let stat = "cpu  100 20 3 5000 6000 4 5 68 0 0\ncpu0 1 1 1 1\n";
        assert_eq!(busy(stat), Some(Duration::from_secs(2)));
        assert_eq!(busy("cpu  0 0 0 0 0 0 0 0 0 0\n"), None);
        assert_eq!(busy(""), None);
    }
}

//! A check of ours, in a process of its own, so that its memory is its alone.

use std::time::{Duration, Instant};
use std::{env, fs, process::Command};

use bench::processor;
use serde::{Deserialize, Serialize};
use toyvm::check::{Plan, Stopped, check};

use crate::subject::Subject;

/// What is checked, and how.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) subject: Subject,
    pub(crate) cuts: Cuts,
    /// Seconds that it may take.
    pub(crate) within: Option<u64>,
    /// States after which it is enough.
    pub(crate) states: Option<u64>,
}

/// What of a search is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cuts {
    /// All that can be.
    All,
    /// Likewise, and dead values are kept.
    NoDead,
    /// Nothing.
    None,
}

impl Task {
    /// Everything cut, to the end.
    pub(crate) fn of(subject: Subject) -> Self {
        Self { subject, cuts: Cuts::All, within: None, states: None }
    }

    /// Has a process of its own do it.
    pub(crate) fn run(&self) -> Result<Told, String> {
        let own = env::current_exe().map_err(|error| error.to_string())?;
        let task = serde_json::to_string(self).map_err(|error| error.to_string())?;
        let output = Command::new(own).args(["--alone", &task]).output();
        let output = output.map_err(|error| format!("{task}: {error}"))?;
        serde_json::from_slice(&output.stdout)
            .map_err(|_| format!("{task}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// What that process does: the check, told in one line.
    pub(crate) fn tell(line: &str) -> Result<(), String> {
        let task: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let program = task.subject.load()?;
        let plan = Plan {
            reduce: task.cuts != Cuts::None,
            symmetry: task.cuts != Cuts::None,
            drop_dead: task.cuts == Cuts::All,
            timeout: task.within.map(Duration::from_secs),
            max_states: task.states,
            ..Plan::default()
        };
        let (before, clock, used) = (kilobytes("VmRSS:"), Instant::now(), processor::time());
        let report = check(&program, &plan);
        let (clock, used) = (clock.elapsed(), processor::time().saturating_sub(used));
        let most = kilobytes("VmHWM:");
        let verdict = match (&report.stopped, report.failures.first()) {
            (Some(Stopped::States), _) => Verdict::Enough,
            (Some(_), _) => Verdict::OutOfTime,
            (None, Some(_)) => Verdict::Failed,
            (None, None) => Verdict::Proved,
        };
        let told = Told {
            verdict,
            seconds: clock.as_secs_f64(),
            processor: used.as_secs_f64(),
            states: report.states,
            transitions: report.transitions,
            state_bytes: report.state_bytes as u64,
            grown: most.zip(before).map(|(most, before)| most.saturating_sub(before) << 10),
            way: report.failures.first().map(|failure| failure.schedule.len()),
        };
        println!("{}", serde_json::to_string(&told).map_err(|error| error.to_string())?);
        Ok(())
    }
}

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Verdict {
    Proved,
    Failed,
    /// It saw as many states as were asked for.
    Enough,
    OutOfTime,
}

/// What came of it, and what it took.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) verdict: Verdict,
    pub(crate) seconds: f64,
    /// Seconds of all processors.
    pub(crate) processor: f64,
    pub(crate) states: u64,
    pub(crate) transitions: u64,
    /// Bytes of the states themselves.
    pub(crate) state_bytes: u64,
    /// By how many bytes the process grew at most, where the system tells.
    pub(crate) grown: Option<u64>,
    /// Single steps to what is wrong.
    pub(crate) way: Option<usize>,
}

fn kilobytes(key: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

//! What the system tells of processes, and of those of a group.

use std::fs;
use std::str::SplitWhitespace;

use rustix::process::Pid;

/// A process of a group, as it was a moment ago.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process {
    pub(crate) number: i32,
    /// As `ps` shows it: S sleeps, R runs, Z has ended.
    pub(crate) state: char,
}

/// Whether the process has ended. Its parent may not have asked for that yet.
pub(crate) fn has_ended(number: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{number}/stat")) else { return true };
    state_and_rest(&stat).is_none_or(|(state, _)| matches!(state, 'Z' | 'X'))
}

/// The name stands in parentheses, and may hold any character.
fn state_and_rest(stat: &str) -> Option<(char, SplitWhitespace<'_>)> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields))
}

impl Process {
    /// Where in the system it sleeps, if that is told: a name, which differs between systems.
    pub(crate) fn place(self) -> Option<String> {
        let place = fs::read_to_string(format!("/proc/{}/wchan", self.number)).ok()?;
        (place != "0").then_some(place)
    }

    /// The system call that it is in: its number, and its arguments in hexadecimal, if that is told.
    pub(crate) fn call(self) -> Option<String> {
        fs::read_to_string(format!("/proc/{}/syscall", self.number)).ok()
    }
}

/// The processes of the group that have not ended.
pub(crate) fn of_group(group: Pid) -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let processes = numbers.filter_map(|number: i32| {
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
        let (state, mut fields) = state_and_rest(&stat)?;
        let is_member = fields.nth(1)?.parse() == Ok(group.as_raw_pid());
        (is_member && !matches!(state, 'Z' | 'X')).then_some(Process { number, state })
    });
    processes.collect()
}

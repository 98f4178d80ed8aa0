//! A producer that is a command: `--producer`. Each line that it writes is an item.
//!
//! It runs by `sh -c` in a process group of its own, so that it is stopped with all that it started when
//! the run stops, and killed by the [guard](crate::run::command::guard) when forebay is.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{self, Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal};

use crate::run::command;
use crate::run::command::group::{Groups, mark, number_beside_items};
use crate::run::item::shown;

/// The command of a producer, started and not waited for.
#[derive(Debug)]
pub(crate) struct ProducerCommand {
    /// From 0.
    number: usize,
    line: OsString,
    child: Child,
}

impl ProducerCommand {
    /// Starts all of them, each with what it writes. If one cannot be started none runs on.
    pub(crate) fn start_all(
        groups: &Groups,
        lines: &[OsString],
    ) -> Result<Vec<(Self, File)>, String> {
        let mut started = Vec::new();
        for (number, line) in lines.iter().enumerate() {
            if line.is_empty() {
                groups.stop_producers(Signal::KILL);
                return Err("--producer '': say which command writes the items".to_owned());
            }
            started.push(Self::start(groups, number, line).map_err(|error| {
                groups.stop_producers(Signal::KILL);
                format!("cannot start producer {} ({}): {error}", number + 1, shown(line, 60))
            })?);
        }
        Ok(started)
    }

    fn start(groups: &Groups, number: usize, line: &OsStr) -> io::Result<(Self, File)> {
        let slot = groups.of_producer(number);
        let seq = number_beside_items(slot);
        groups.starting(slot, seq);
        let (variable, value) = mark(process::id(), seq);
        let spawned = Command::new("sh")
            .arg("-c")
            .arg(line)
            .env(variable, value)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = spawned.inspect_err(|_| {
            groups.ended(slot);
        })?;
        groups.started(slot, seq, Pid::from_child(&child));
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no pipe"))?;
        let output = File::from(OwnedFd::from(output));
        Ok((Self { number, line: line.to_owned(), child }, output))
    }

    /// The producer in a message.
    pub(crate) fn label(&self) -> String {
        format!("producer {} ({})", self.number + 1, shown(&self.line, 60))
    }

    /// Waits for its end, after it has brought so many items: an error says how it failed. `None` when
    /// the run has stopped it.
    pub(crate) fn end(mut self, groups: &Groups, items: u64) -> Option<Result<(), String>> {
        command::wait_unreaped(Pid::from_child(&self.child));
        let stopped = groups.ended(groups.of_producer(self.number));
        let status = self.child.wait();
        if stopped {
            return None;
        }
        let why = match status {
            Ok(status) if status.success() => return Some(Ok(())),
            Ok(status) => in_words(status),
            Err(error) => error.to_string(),
        };
        let items = format!("{items} item{}", if items == 1 { "" } else { "s" });
        Some(Err(format!("{} failed: {why} after {items}", self.label())))
    }
}

fn in_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(127), _) => {
            "exit status 127 (not found; is it spelled right, and installed?)".to_owned()
        }
        (Some(code), _) => format!("exit status {code}"),
        (_, Some(signal)) => format!("killed by signal {signal}"),
        _ => status.to_string(),
    }
}

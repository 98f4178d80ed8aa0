//! The web server under test, as a process.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use std::{fs, io};

use rustix::param::clock_ticks_per_second;
use rustix::process::{Pid, Signal, kill_process};

use crate::Shop;

/// A server that runs.
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

/// What it says of itself at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
}

/// Kibibytes of memory that are resident.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resident {
    pub(crate) now: u64,
    /// The most so far.
    pub(crate) peak: u64,
}

impl Server {
    pub(crate) fn start(program: &Path, shop: &Shop) -> Result<Self, String> {
        let mut child = Command::new(program)
            .args(["--workers", &shop.workers.to_string()])
            .args(["--capacity", &shop.capacity.to_string()])
            .args(["--service-ms", &shop.service_ms.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).map_err(|error| error.to_string())?;
        let address = line.trim().rsplit('/').next().and_then(|address| address.parse().ok());
        let address = address.ok_or_else(|| format!("the server said no address: {line:?}"))?;
        Ok(Self { child, stdout, address })
    }

    pub(crate) fn resident(&self) -> Result<Resident, String> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let field = |name| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
            number.ok_or_else(|| format!("{path}: no {name}"))
        };
        let now = field("VmRSS:")?;
        // The kernel counts in each thread, and sums up now and then: the two may disagree a little.
        Ok(Resident { now, peak: field("VmHWM:")?.max(now) })
    }

    /// Processor time that it has used so far.
    pub(crate) fn processor(&self) -> Result<Duration, String> {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        // Behind the name, which may hold anything: fields 3 and on; 14 and 15 are user's and system's.
        let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
        let ticks: u64 =
            fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Duration::from_secs_f64(ticks as f64 / clock_ticks_per_second() as f64))
    }

    /// Ends it, as Ctrl-C would.
    pub(crate) fn stop(mut self) -> Result<Account, String> {
        let complaint = |error: io::Error| error.to_string();
        kill_process(Pid::from_child(&self.child), Signal::INT)
            .map_err(|error| complaint(error.into()))?;
        let mut told = String::new();
        self.stdout.read_to_string(&mut told).map_err(complaint)?;
        let status = self.child.wait().map_err(complaint)?;
        if !status.success() {
            return Err(format!("the server failed: {status}"));
        }
        Account::read(&told).ok_or_else(|| format!("the server gave no account: {told:?}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Account {
    /// Such as `accepted 3, refused 2, at most 2 waited`.
    fn read(told: &str) -> Option<Self> {
        let number = |name| {
            let (_, rest) = told.split_once(name)?;
            rest.trim_start().split([',', ' ']).next()?.parse().ok()
        };
        Some(Self { accepted: number("accepted")?, refused: number("refused")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read() {
        let account = Account::read("accepted 3, refused 2, at most 2 waited\n");
        assert_eq!(account, Some(Account { accepted: 3, refused: 2 }));
        assert_eq!(Account::read(""), None);
    }
}

//! Running one command to its end: start, collect what it writes, stop it when its time is up.

pub(crate) mod group;
pub(crate) mod guard;
pub(crate) mod limit;
pub(crate) mod line;
pub(crate) mod measure;
pub(crate) mod phrase;
pub(crate) mod piece;
pub(crate) mod placeholder;
pub(crate) mod processes;
pub(crate) mod quote;
pub(crate) mod shell;
pub(crate) mod starting;
pub(crate) mod surroundings;
pub(crate) mod template;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::{Errno, ioctl_fionread, read};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid,
};

use crate::run::command::group::{Groups, mark};
use crate::run::command::surroundings::Surroundings;
use crate::run::item::Item;
use crate::run::outlet::capture::Which;

/// How long a command that was asked to stop may take before it is killed.
pub(crate) const GRACE: Duration = Duration::from_millis(500);

/// So long a command is watched by its pipes alone: most have ended by then, and have saved the
/// system calls that watching the process itself costs.
const BRIEFLY: Duration = Duration::from_millis(20);

/// How a command ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) timed_out: bool,
    /// Whether it was stopped because the run stops now.
    pub(crate) stopped: bool,
}

/// What commands are started with.
#[derive(Debug)]
pub(crate) struct Runner<'a> {
    pub(crate) groups: &'a Groups,
    pub(crate) surroundings: &'a Surroundings,
    pub(crate) timeout: Option<Duration>,
    /// Commands write to our own streams.
    pub(crate) is_direct: bool,
    /// The consumer, from 0.
    pub(crate) consumer: usize,
    /// Read into, again and again.
    pub(crate) part: Vec<u8>,
}

/// A standard input that gives these bytes: a memory file, which needs nobody to feed it.
fn readable(bytes: &[u8]) -> io::Result<Stdio> {
    let mut file = File::from(memfd_create("forebay-block", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file.into())
}

/// Waits until the process has ended, and does not reap it: until it is, no other process can have its
/// number.
pub(crate) fn wait_unreaped(process: Pid) {
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while matches!(waitid(WaitId::Pid(process), ended), Err(Errno::INTR)) {}
}

impl Runner<'_> {
    /// Runs the command to its end, and hands on what it writes. An error means that it could not be
    /// started.
    pub(crate) fn run(
        &mut self,
        argv: &[OsString],
        item: &Item,
        mut receive: impl FnMut(Which, &[u8]),
    ) -> io::Result<Ended> {
        let seq = item.seq;
        let stream = || if self.is_direct { Stdio::inherit() } else { Stdio::piped() };
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]);
        self.surroundings.apply(&mut command, item, self.consumer + 1)?;
        command.stdin(item.args.input().map_or(Ok(Stdio::null()), readable)?);
        self.groups.starting(self.consumer, seq);
        // No `pre_exec`: the standard library can then use posix_spawn, which does not copy the
        // page tables of this process.
        let (variable, value) = mark(process::id(), seq);
        let spawned =
            command.env(variable, value).process_group(0).stdout(stream()).stderr(stream()).spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => {
                self.groups.ended(self.consumer);
                return Err(error);
            }
        };
        let group = Pid::from_child(&child);
        self.groups.started(self.consumer, seq, group);
        if item.duty.as_ref().is_some_and(|duty| duty.is_lost()) {
            // Whoever found that out may have been here before the group was known.
            self.groups.kill(self.consumer);
        }
        let timed_out = self.collect(&mut child, group, &mut receive);
        wait_unreaped(group);
        if timed_out {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let stopped = self.groups.ended(self.consumer);
        let status = child.wait()?;
        Ok(Ended { status, timed_out, stopped })
    }

    /// Reads what the command writes until it has ended, or has closed both streams and has no time
    /// limit. Says whether its time ran out.
    fn collect(
        &mut self,
        child: &mut Child,
        group: Pid,
        receive: &mut impl FnMut(Which, &[u8]),
    ) -> bool {
        let mut pipes = [
            (child.stdout.take().map(OwnedFd::from), Which::Stdout),
            (child.stderr.take().map(OwnedFd::from), Which::Stderr),
        ];
        let mut deadline = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut signal = Signal::TERM;
        let mut timed_out = false;
        let mut process: Option<OwnedFd> = None;
        let brief_end = Instant::now() + BRIEFLY;
        loop {
            let open = pipes.iter().filter(|(pipe, _)| pipe.is_some()).count();
            if open == 0 && deadline.is_none() {
                return timed_out;
            }
            let now = Instant::now();
            if process.is_none() && (open == 0 || now >= brief_end) {
                process = pidfd_open(group, PidfdFlags::empty()).ok();
            }
            let brief_end = process.is_none().then_some(brief_end.max(now + BRIEFLY / 2));
            let wake = deadline.into_iter().chain(brief_end).min();
            let patience = wake.map(|wake| wake.saturating_duration_since(now));
            let mut fds = Vec::with_capacity(3);
            for (pipe, _) in &pipes {
                fds.extend(pipe.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
            }
            fds.extend(process.iter().map(|process| PollFd::new(process, PollFlags::IN)));
            let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
            // An error here is an interrupted call: nothing is ready then.
            let _ = poll(&mut fds, patience.as_ref());
            let exited = process.is_some() && fds.last().is_some_and(|fd| !fd.revents().is_empty());
            let mut ready_pipes = fds.iter().map(|fd| !fd.revents().is_empty());
            let readable = pipes
                .each_ref()
                .map(|(pipe, _)| pipe.is_some() && ready_pipes.next().unwrap_or(false));
            drop(ready_pipes);
            if exited {
                // A process that it left behind may hold the pipes open for good: what is in them
                // now is the command's, what may come later is not waited for.
                for (pipe, which) in &pipes {
                    if let Some(pipe) = pipe {
                        self.drain(pipe, |bytes| receive(*which, bytes));
                    }
                }
                return timed_out;
            }
            for ((pipe, which), readable) in pipes.iter_mut().zip(readable) {
                if readable && let Some(open) = pipe.as_ref() {
                    match read(open, &mut self.part) {
                        Ok(0) => *pipe = None,
                        Ok(length) => receive(*which, &self.part[..length]),
                        Err(Errno::INTR | Errno::AGAIN) => {}
                        Err(_) => *pipe = None,
                    }
                }
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                timed_out = true;
                let _ = kill_process_group(group, signal);
                deadline = (signal == Signal::TERM).then(|| Instant::now() + GRACE);
                signal = Signal::KILL;
            }
        }
    }

    fn drain(&mut self, pipe: &OwnedFd, mut receive: impl FnMut(&[u8])) {
        let mut left = ioctl_fionread(pipe.as_fd()).unwrap_or(0);
        while left > 0 {
            let wanted = self.part.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            match read(pipe, &mut self.part[..wanted]) {
                Ok(0) => return,
                Ok(length) => {
                    receive(&self.part[..length]);
                    left -= length as u64;
                }
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }
}

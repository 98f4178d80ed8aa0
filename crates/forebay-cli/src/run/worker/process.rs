//! One worker: the process, and the two pipes that items go in by and answers come out by.
//!
//! Our ends of both never block: a worker that waits until its answers are read is not written to
//! meanwhile, and the other way round.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::{Errno, ioctl_fionread, write};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid,
};

use super::errors::{self, Errors};
use crate::run::Run;
use crate::run::command::GRACE;
use crate::run::command::group::{Groups, mark, number_beside_items};
use crate::run::item::Item;

/// What there is to do.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ready {
    /// There are answers, or an end of them.
    pub(super) readable: bool,
    /// The process has ended.
    pub(super) exited: bool,
}

/// A worker that was started and not yet waited for.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) argv: Vec<OsString>,
    pub(super) group: Pid,
    child: Child,
    exit: Option<OwnedFd>,
    /// `None` once the worker reads no more.
    stdin: Option<OwnedFd>,
    stdout: OwnedFd,
    errors: Option<Errors>,
    consumer: usize,
    /// Items it has answered.
    pub(super) answered: u64,
}

impl Process {
    pub(super) fn start(run: &Run, consumer: usize, argv: Vec<OsString>) -> io::Result<Self> {
        let groups = &run.groups;
        let seq = number_beside_items(consumer);
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]);
        run.surroundings.apply(&mut command, &Item::NONE, consumer + 1)?;
        groups.starting(consumer, seq);
        let (variable, value) = mark(process::id(), seq);
        let spawned = command
            .env(variable, value)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors::way())
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => {
                groups.ended(consumer);
                return Err(error);
            }
        };
        let group = Pid::from_child(&child);
        groups.started(consumer, seq, group);
        let stdin = child.stdin.take().map(OwnedFd::from).expect("piped");
        let stdout = child.stdout.take().map(OwnedFd::from).expect("piped");
        for pipe in [&stdin, &stdout] {
            // Pipes have this flag. The worker's ends have flags of their own.
            let _ = fcntl_setfl(pipe, OFlags::NONBLOCK);
        }
        let exit = pidfd_open(group, PidfdFlags::empty()).ok();
        let errors = child.stderr.take().and_then(|stderr| Errors::pass_on(stderr).ok());
        let stdin = Some(stdin);
        Ok(Self { argv, group, child, exit, stdin, stdout, errors, consumer, answered: 0 })
    }

    pub(super) fn stdout(&self) -> BorrowedFd<'_> {
        self.stdout.as_fd()
    }

    /// Whether the worker may still read.
    pub(super) fn takes_input(&self) -> bool {
        self.stdin.is_some()
    }

    /// Writes what fits; how many bytes. An error says that the worker reads no more.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let Some(stdin) = &self.stdin else { return Err(Errno::PIPE.into()) };
        match write(stdin, bytes) {
            Ok(written) => Ok(written),
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Bytes that were written and not read by the worker.
    pub(super) fn unread(&self) -> u64 {
        self.stdin.as_ref().and_then(|stdin| ioctl_fionread(stdin).ok()).unwrap_or(0)
    }

    /// Nothing more comes for it.
    pub(super) fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Waits until something can be done, at most so long.
    pub(super) fn wait(&self, has_input: bool, patience: Option<Duration>) -> Ready {
        let mut fds = Vec::with_capacity(3);
        fds.push(PollFd::new(&self.stdout, PollFlags::IN));
        fds.extend(self.exit.iter().map(|exit| PollFd::new(exit, PollFlags::IN)));
        if has_input {
            fds.extend(self.stdin.iter().map(|stdin| PollFd::new(stdin, PollFlags::OUT)));
        }
        let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
        if poll(&mut fds, patience.as_ref()).is_err() {
            return Ready::default();
        }
        let ready = |at: usize| fds.get(at).is_some_and(|fd| !fd.revents().is_empty());
        Ready { readable: ready(0), exited: self.exit.is_some() && ready(1) }
    }

    /// Waits for its end until then. Says whether it came.
    pub(super) fn exits_until(&self, deadline: Instant) -> bool {
        let Some(exit) = &self.exit else {
            // Without a handle of it that can be waited for, it is asked again and again.
            while !self.has_exited(WaitIdOptions::NOHANG) {
                if Instant::now() >= deadline {
                    return false;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            return true;
        };
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let patience = Timespec::try_from(left).ok();
            match poll(&mut [PollFd::new(exit, PollFlags::IN)], patience.as_ref()) {
                Ok(1..) => return true,
                _ if left.is_zero() => return false,
                _ => {}
            }
        }
    }

    /// Not reaped: until it is, no other process can have its number.
    fn has_exited(&self, options: WaitIdOptions) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | options;
        loop {
            match waitid(WaitId::Pid(self.group), options) {
                Err(Errno::INTR) => {}
                ended => return !matches!(ended, Ok(None)),
            }
        }
    }

    /// Makes it stop: SIGTERM, and some time later SIGKILL, for its whole group.
    pub(super) fn stop(&self) {
        let _ = kill_process_group(self.group, Signal::TERM);
        if !self.exits_until(Instant::now() + GRACE) {
            let _ = kill_process_group(self.group, Signal::KILL);
        }
    }

    /// Waits for its end: how it ended, and whether because the run stops now. What it left behind
    /// is killed, unless that is `spared`.
    pub(super) fn finish(
        mut self,
        groups: &Groups,
        spared: bool,
    ) -> io::Result<(ExitStatus, bool)> {
        self.has_exited(WaitIdOptions::empty());
        if !spared {
            let _ = kill_process_group(self.group, Signal::KILL);
        }
        let stopped = groups.ended(self.consumer);
        let status = self.child.wait()?;
        if let Some(errors) = self.errors {
            errors.finish();
        }
        Ok((status, stopped))
    }
}

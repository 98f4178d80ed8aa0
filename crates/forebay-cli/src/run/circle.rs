//! The circular wait: commands that write into the very pipe that items come from.
//!
//! `forebay run -a pipe -- sh -c 'echo more > pipe'` runs well while there is room. Once the buffer is full and
//! the pipe is too, each command waits for room in the pipe, which only the producer makes; the producer for
//! room in the buffer, which only a command that ends makes. If every consumer's command waits like that, nothing
//! will ever move again. A buffer cannot see this: its consumers are at work as far as it knows. But
//! the system can be asked what the processes wait for.
//!
//! It is looked at only when no item has ended for some seconds and the producer waits. Whoever is seen asleep
//! in a write to the pipe is part of the circle. The run is stopped only where that is proven of all
//! consumers: nobody of a command's processes does anything but write to the pipe, or wait for those who do,
//! nobody else holds the pipe to read it, and no time limit will end it.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::process;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

use super::Run;
use super::command::processes::{self, Process};
use super::message::say;

/// How long nothing has moved before it is looked why.
const STILL: Duration = Duration::from_secs(3);

/// How long it is then until the next look.
const BETWEEN: Duration = Duration::from_secs(1);

/// A pipe, by its place in the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pipe {
    device: u64,
    inode: u64,
}

impl Pipe {
    fn at(path: &str) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        Some(Self { device: found.dev(), inode: found.ino() })
    }
}

/// What a process does, as far as a pipe is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Posture {
    /// It sleeps in a write to it.
    Writes,
    /// It sleeps until another process ends, or does something with another pipe.
    Waits,
    /// Something else, or nothing is known.
    Else,
}

/// What was seen of a run so far.
#[derive(Debug)]
pub(crate) struct Circle {
    /// How many tries had ended, and since when it is so many.
    ended: u64,
    since: Instant,
    next_look: Instant,
    told: bool,
}

impl Default for Circle {
    fn default() -> Self {
        let now = Instant::now();
        Self { ended: 0, since: now, next_look: now, told: false }
    }
}

impl Circle {
    /// Looks at the run, if it is time for that.
    pub(crate) fn look(&mut self, run: &Run, consumers: usize) {
        let now = Instant::now();
        let (ended, _) = run.tally.service();
        if ended != self.ended {
            (self.ended, self.since) = (ended, now);
        }
        if now < self.since + STILL || now < self.next_look || run.stop.is_stopping() {
            return;
        }
        self.next_look = now + BETWEEN;
        if run.buffer.statistics().producers_waiting == 0 {
            return;
        }
        for pipe in full_pipes() {
            self.look_at(run, consumers, pipe);
        }
    }

    fn look_at(&mut self, run: &Run, consumers: usize, pipe: Pipe) {
        let mut in_it = 0;
        let mut proven = 0;
        for consumer in 0..consumers {
            let Some(group) = run.groups.running(consumer) else { continue };
            let processes = processes::of_group(group);
            let postures: Vec<_> =
                processes.into_iter().map(|process| posture(process, pipe)).collect();
            if postures.contains(&Posture::Writes) {
                in_it += 1;
                proven += usize::from(!postures.contains(&Posture::Else));
            }
        }
        // Once more, after all: what has moved meanwhile was no circle.
        if in_it == 0 || run.tally.service().0 != self.ended {
            return;
        }
        let way_out = "give a larger --capacity, or write to a file and give that to a second run";
        if proven == consumers && run.timeout.is_none() && !is_read_elsewhere(pipe) {
            run.stop_broken_now(format_args!(
                "all commands wait to write into the pipe that the items come from, which is full, and \
                 so is the buffer: this can never end. Stopping; what is not finished remains. The way \
                 out: {way_out}"
            ));
        } else if !self.told {
            self.told = true;
            say(format_args!(
                "{in_it} of {consumers} consumers stand still: their commands wait to write into the pipe that \
                 the items come from, which is full, and so is the buffer. The way out: {way_out}"
            ));
        }
    }
}

/// Whether any other process that can be looked at may read the pipe, and so make room in it.
fn is_read_elsewhere(pipe: Pipe) -> bool {
    let own = process::id();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers.filter(|number| *number != own).any(|number| {
        let handles = fs::read_dir(format!("/proc/{number}/fd")).into_iter().flatten().flatten();
        let mut paths =
            handles.filter_map(|entry| entry.path().into_os_string().into_string().ok());
        paths.any(|path| {
            Pipe::at(&path) == Some(pipe) && access(&path).is_some_and(|access| access != WRITES)
        })
    })
}

/// The full pipes that this process reads.
fn full_pipes() -> Vec<Pipe> {
    let Ok(handles) = fs::read_dir("/proc/self/fd") else { return Vec::new() };
    let paths =
        handles.flatten().filter_map(|entry| entry.path().into_os_string().into_string().ok());
    let pipes = paths.filter(|path| access(path) == Some(READS)).filter_map(|path| {
        let pipe = Pipe::at(&path)?;
        // Only a pipe is opened: to write, so that it tells whether there is room.
        let is_pipe = fs::metadata(&path).ok()?.file_type().is_fifo();
        let file = is_pipe.then(|| open(&path)).flatten()?;
        let found = file.metadata().ok()?;
        let is_same = pipe == Pipe { device: found.dev(), inode: found.ino() };
        (is_same && is_full(&file)).then_some(pipe)
    });
    pipes.collect()
}

/// A handle of our own to the other end, which is closed soon, of a pipe that we read anyway.
fn open(path: &str) -> Option<File> {
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().write(true).custom_flags(nonblocking).open(path).ok()
}

/// Whether nothing more can be written. How many bytes are in it does not tell: small writes fill it sooner.
fn is_full(pipe: &File) -> bool {
    let mut pipe = [PollFd::new(pipe, PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut pipe, Some(&now)) == Ok(0)
}

const READS: u32 = 0;
const WRITES: u32 = 1;

/// What a file handle, a path in `/proc/PID/fd`, is open for: the last two bits of its flags.
fn access(handle: &str) -> Option<u32> {
    let information = fs::read_to_string(handle.replacen("/fd/", "/fdinfo/", 1)).ok()?;
    let flags = information.lines().find_map(|line| line.strip_prefix("flags:"))?;
    Some(u32::from_str_radix(flags.trim(), 8).ok()? & 3)
}

fn posture(process: Process, pipe: Pipe) -> Posture {
    let threads = fs::read_dir(format!("/proc/{}/task", process.number)).map_or(0, Iterator::count);
    let (Some(place), Some(call)) = (process.place(), process.call()) else { return Posture::Else };
    if process.state != 'S' || threads != 1 {
        return Posture::Else;
    }
    // The number of the call, then its arguments; for whatever writes, the first is the file handle.
    let handle = call.split_whitespace().nth(1).and_then(|handle| {
        let number = u32::from_str_radix(handle.trim_start_matches("0x"), 16).ok()?;
        Some(format!("/proc/{}/fd/{number}", process.number))
    });
    match handle {
        Some(handle) if place.contains("pipe_write") => {
            let writes_it = Pipe::at(&handle) == Some(pipe)
                && access(&handle).is_some_and(|access| access >= WRITES);
            if writes_it { Posture::Writes } else { Posture::Waits }
        }
        // What it waits for is looked at itself: it is of the same group.
        _ if place.contains("do_wait") => Posture::Waits,
        Some(_) if place.contains("pipe_read") => Posture::Waits,
        _ => Posture::Else,
    }
}

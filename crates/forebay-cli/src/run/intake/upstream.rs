//! How fast the source can go, apart from what holds it back.
//!
//! A file is as fast as it is read: while the producer waits for room, the source stands still. What
//! writes into a pipe goes on meanwhile, until the pipe is full. So after each wait the pipe is
//! looked at: was it full, or had its writer gone? What is wanted is the time that the source took
//! for its items while nothing held it back.

use std::fs::File;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionread;
use rustix::pipe::{PIPE_BUF, fcntl_getpipe_size};

/// Where items come from, as far as its speed goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upstream {
    /// It goes on when it is read.
    StandsStill,
    /// It goes on by itself.
    Flows,
    /// It has to wait until something is read.
    Full,
    /// It has given everything.
    Ended,
}

impl Upstream {
    /// What is seen of a file that items are read from.
    pub(crate) fn of(file: &File) -> Self {
        // Only pipes have a size as pipes have; sockets and terminals count as files.
        let Ok(size) = fcntl_getpipe_size(file) else { return Self::StandsStill };
        let mut fds = [PollFd::from_borrowed_fd(file.as_fd(), PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        if poll(&mut fds, Some(&now)).is_ok() && fds[0].revents().contains(PollFlags::HUP) {
            return Self::Ended;
        }
        let pending = ioctl_fionread(file).unwrap_or(0);
        // A writer may wait although a little less than it wants to write would fit.
        if pending + PIPE_BUF as u64 > size as u64 { Self::Full } else { Self::Flows }
    }
}

/// Adds up the time in which the source was free to produce.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    held_back: Duration,
    ended: Option<Duration>,
}

impl Clock {
    /// The producer has waited for room so long, until `now`; this was then seen of the source.
    pub(crate) fn waited(&mut self, upstream: Upstream, waited: Duration, now: Duration) {
        if self.ended.is_some() {
            return;
        }
        match upstream {
            Upstream::StandsStill | Upstream::Full => self.held_back += waited,
            Upstream::Flows => {}
            // Somewhere within the wait.
            Upstream::Ended => self.ended = Some(now.saturating_sub(waited / 2)),
        }
    }

    /// The time for all items; `now` is when the last one was put.
    pub(crate) fn free(&self, now: Duration) -> Duration {
        self.ended.unwrap_or(now).saturating_sub(self.held_back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_is_seen_to_flow_to_fill_and_to_end() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let reader = File::from(reader);
        assert_eq!(Upstream::of(&reader), Upstream::Flows);
        let size = fcntl_getpipe_size(&writer).unwrap();
        rustix::io::write(&writer, &vec![0; size]).unwrap();
        assert_eq!(Upstream::of(&reader), Upstream::Full);
        drop(writer);
        assert_eq!(Upstream::of(&reader), Upstream::Ended);
        assert_eq!(Upstream::of(&File::open("/dev/null").unwrap()), Upstream::StandsStill);
    }

    #[test]
    fn only_what_holds_the_source_back_is_taken_off() {
        let second = Duration::from_secs(1);
        let mut clock = Clock::default();
        clock.waited(Upstream::Flows, second, 2 * second);
        clock.waited(Upstream::Full, second, 4 * second);
        assert_eq!(clock.free(8 * second), 7 * second);
        clock.waited(Upstream::Ended, 2 * second, 10 * second);
        clock.waited(Upstream::Ended, 2 * second, 20 * second);
        assert_eq!(clock.free(30 * second), 8 * second);
    }
}

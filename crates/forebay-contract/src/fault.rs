//! Why a buffer that lies outside this process cannot be used.

use std::time::Duration;
use std::{error, fmt};

/// What is wrong with a buffer outside this process, or with the way to it. A call that meets a fault
/// has changed nothing, as far as it says so (C11).
///
/// A buffer between threads has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// Another process holds the buffer's lock, lives, and does not go on: it was stopped, or gets no
    /// processor.
    Stalled {
        /// The process that holds it.
        holder: u32,
        /// For how long it has been seen to hold it.
        since: Duration,
    },
    /// A sync failed earlier. What was written then may be lost, so nothing is accepted until somebody
    /// has repaired the buffer.
    Poisoned,
    /// What the buffer holds makes no sense: somebody wrote to it who does not keep its rules.
    Damaged,
    /// The file was cut short while it was open.
    Truncated,
    /// The file was deleted, or another one was put in its place: nobody else would see what is done
    /// here.
    Deleted,
    /// The handle was made before a fork, and this is the child: it has to open the buffer itself.
    Forked,
    /// The buffer has as many participants as it has room for.
    Crowded,
    /// The dead letters fill their room: nothing can be leased until some are retried or purged.
    DeadRoom,
    /// The item could not be turned into bytes, or bytes into an item.
    Codec,
    /// The system refused something, with this error number.
    System(i32),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stalled { holder, since } => {
                return write!(
                    f,
                    "process {holder} has held the buffer's lock for {since:.1?} and does not go on; \
                     if it was stopped, continue or kill it"
                );
            }
            Self::Poisoned => {
                "a sync failed, and what was written then may be lost; verify and repair the buffer"
            }
            Self::Damaged => "the buffer is damaged; verify and repair it",
            Self::Truncated => "the buffer's file was cut short while it was open",
            Self::Deleted => "the buffer's file was deleted or replaced while it was open",
            Self::Forked => "the buffer was opened before a fork; open it again in the child",
            Self::Crowded => "the buffer has as many participants as it has room for",
            Self::DeadRoom => "the dead letters fill their room; retry or purge some",
            Self::Codec => "the item could not be encoded or decoded",
            Self::System(number) => {
                return write!(f, "{}", std::io::Error::from_raw_os_error(*number));
            }
        })
    }
}

impl error::Error for Fault {}

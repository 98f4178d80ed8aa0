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
    /// The server could not be reached for as long as a call waits for it. Nothing was done.
    Unreachable,
    /// The connection broke after the call was sent, and the server could not be asked what became of it. It may have been
    /// done.
    Unanswered,
    /// The buffer is not on the server any more: it was deleted or replaced, or the server lost what it had.
    Gone,
    /// The server has as much in its memory as it is allowed. Nothing was done.
    OutOfMemory,
    /// The server does not let this user do it. Nothing was done.
    Denied,
    /// The server refused it with an error that is none of the above.
    Refused,
    /// This is a topic: what is put there goes to its groups, and only they have items.
    Topic,
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
            Self::Unreachable => "the server cannot be reached; nothing was done",
            Self::Unanswered => {
                "the server cannot be reached any more, and it is not known whether it did what it was \
                 asked for; look before you ask again"
            }
            Self::Gone => {
                "the buffer is not on the server any more: it was deleted or replaced, or the server lost \
                 what it had; connect again"
            }
            Self::OutOfMemory => {
                "the server has as much in memory as it is allowed; nothing was put: take some, or allow it \
                 more"
            }
            Self::Denied => "the server does not let this user do it; nothing was done",
            Self::Refused => "the server refused it with an error; its log may say more",
            Self::Topic => {
                "it is a topic, and its items are in its groups; use one of them"
            }
            Self::System(number) => {
                return write!(f, "{}", std::io::Error::from_raw_os_error(*number));
            }
        })
    }
}

impl error::Error for Fault {}

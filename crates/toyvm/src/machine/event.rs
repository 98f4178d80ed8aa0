//! What a machine tells while it steps, and what it asks.

use super::{Machine, ThreadId};
use crate::program::NameId;
use crate::value::Handle;

/// Something that a thread did, or that was done for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It made a thing that is no thread.
    Created(Handle),
    /// It started a thread.
    Started(ThreadId),
    /// It came to its end.
    Ended,
    /// An instruction of it failed.
    Failed,
    /// It was killed.
    Killed,
    /// It has joined that thread, or was told by ALIVE that it is over.
    Joined(ThreadId),
    /// It looked for a global of that name.
    Loaded(NameId),
    /// It set a global.
    Stored(NameId),
    /// A lock is its.
    Acquired(u32),
    /// It gave a lock back; WAIT does too.
    Released(u32),
    /// It lowered a semaphore's count.
    Lowered(u32),
    /// It raised a semaphore's count.
    Raised(u32),
    /// It used a counter.
    Counted(u32),
    /// It put a message into a queue.
    Sent(u32),
    /// It took a message out of a queue.
    Received(u32),
    /// It notified a condition; nobody may have waited.
    Notified {
        /// The condition.
        condition: u32,
        /// Who may go for the lock now.
        woken: Option<ThreadId>,
    },
    /// It waits; its status says for what.
    Waits,
    /// It sleeps; its status says until when.
    Sleeps,
    /// It can go on after it waited or slept.
    GoesOn,
    /// It waited as long as it wanted to, in vain.
    GaveUp,
    /// A number was chosen: for its CHOOSE or RANDOM, or whom its NOTIFY wakes under weak service.
    Chose(u64),
    /// It waits, and from now on can, or can no longer, take what it waits for: weak service only.
    CanTake(bool),
}

/// Which instruction asks for a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// CHOOSE: the schedule decides.
    Schedule,
    /// RANDOM: chance decides.
    Chance,
    /// Who of those who wait is notified, under weak service.
    Waiter,
}

/// What is round a machine.
///
/// The machine is shown as it is after what is told.
pub trait World {
    /// A number below `below`, which is at least 1.
    fn choose(&mut self, machine: &Machine, thread: ThreadId, choice: Choice, below: u64) -> u64;

    /// Whether the thread that is to step dies instead.
    #[inline]
    fn dies(&mut self, machine: &Machine, thread: ThreadId) -> bool {
        let _ = (machine, thread);
        false
    }

    /// What a thread printed: a line without its end.
    fn print(&mut self, machine: &Machine, thread: ThreadId, line: &str);

    /// Whether it wants to be told what threads print.
    fn prints(&self) -> bool {
        true
    }

    /// What `thread` did at the address `at` of its list.
    #[inline]
    fn event(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        let _ = (machine, thread, at, event);
    }
}

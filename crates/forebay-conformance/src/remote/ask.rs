//! What a test asks of the process in which a handle lives.

use std::io::{self, Read, Write};
use std::time::Duration;

use forebay_contract::{Overflow, Patience};

use super::wire::{Wire, wire_enum};
use crate::{Plain, Settings};

/// The longest word that either end sends: far more than any check puts into one call.
const LONGEST: usize = 1 << 22;

/// What was given out by a process: a handle, a lease or a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thing {
    Producer(u32),
    Consumer(u32),
    Lease(u32),
    Permit(u32),
}

wire_enum! { Thing:
    0 Producer { 0: number }
    1 Consumer { 0: number }
    2 Lease { 0: number }
    3 Permit { 0: number }
}

/// A call that may wait, as a thread or as a task.
#[derive(Debug)]
pub(super) enum Verb {
    Put(Plain),
    PutMany(Vec<Plain>),
    Reserve,
    Take,
    TakeMany(usize),
    Lease,
    Join,
}

wire_enum! { Verb:
    0 Put { 0: item }
    1 PutMany { 0: items }
    2 Reserve {}
    3 Take {}
    4 TakeMany { 0: max }
    5 Lease {}
    6 Join {}
}

/// How a lease is answered.
#[derive(Debug)]
pub(super) enum Reply {
    Ack,
    Nack,
    Fail(String),
    Reject(String),
    Extend(Duration),
}

wire_enum! { Reply:
    0 Ack {}
    1 Nack {}
    2 Fail { 0: reason }
    3 Reject { 0: reason }
    4 Extend { 0: duration }
}

/// One request, and, in its docs, what comes back.
#[derive(Debug)]
pub(super) enum Ask {
    /// A producer of the buffer that lies there: its number and its policy, or why not.
    Producer(String, Settings),
    /// A consumer of it: its number, or why not.
    Consumer(String, Settings),
    /// Another handle in this process: its number.
    Clone(Thing),
    /// The producer with another policy: its policy then.
    WithOverflow(u32, Overflow),
    /// Lets go of it.
    Drop(Thing),
    /// Calls, on a thread that waits: the answer.
    Call(Thing, Verb, Patience),
    /// Calls as a task, under this number, and polls: the answer, if it is ready.
    Begin(u64, Thing, Verb),
    /// Polls the task again: the answer, if it is ready.
    Poll(u64),
    /// Drops the task's future.
    Cancel(u64),
    /// Answers a lease: what comes of it, with the item that an ack hands over.
    Answer(u32, Reply),
    /// Puts through a permit: what comes of it.
    PutPermitted(u32, Plain),
    /// Closes.
    Close(Thing),
    /// The statistics.
    Statistics(Thing),
    /// The oldest dead letter.
    TakeDead(u32),
}

wire_enum! { Ask:
    0 Producer { 0: place, 1: settings }
    1 Consumer { 0: place, 1: settings }
    2 Clone { 0: thing }
    3 WithOverflow { 0: number, 1: overflow }
    4 Drop { 0: thing }
    5 Call { 0: thing, 1: verb, 2: patience }
    6 Begin { 0: task, 1: thing, 2: verb }
    7 Poll { 0: task }
    8 Cancel { 0: task }
    9 Answer { 0: number, 1: reply }
    10 PutPermitted { 0: number, 1: item }
    11 Close { 0: thing }
    12 Statistics { 0: thing }
    13 TakeDead { 0: number }
}

/// What the process says.
#[derive(Debug)]
pub(super) enum Told {
    /// The answer to the ask of this number.
    Answer(u64, Vec<u8>),
    /// The task of this number was woken.
    Woken(u64),
}

wire_enum! { Told:
    0 Answer { 0: number, 1: answer }
    1 Woken { 0: task }
}

/// Sends one word, in one write.
pub(super) fn send(mut line: impl Write, word: &[u8]) -> io::Result<()> {
    assert!(word.len() <= LONGEST, "a word of {} bytes is too long for the line", word.len());
    let mut whole = Vec::with_capacity(4 + word.len());
    (word.len() as u32).write(&mut whole);
    whole.extend_from_slice(word);
    line.write_all(&whole)
}

/// Waits for the next word.
pub(super) fn receive(mut line: impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    line.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut word = vec![0; length];
    line.read_exact(&mut word)?;
    Ok(word)
}

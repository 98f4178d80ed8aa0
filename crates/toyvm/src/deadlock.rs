//! Who waits for whom, and where that goes round in a circle.

use crate::machine::{Machine, On, Status, ThreadId, Wait};
use crate::value::Kind;

/// Threads that wait for each other: each for the next one, the last for the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    /// The threads; one alone waits for itself.
    pub threads: Vec<ThreadId>,
}

/// What a thread waits for, if it waits.
pub fn wait_of(machine: &Machine, thread: ThreadId) -> Option<&Wait> {
    match machine.thread(thread).status() {
        Status::Waiting(wait) => Some(wait),
        _ => None,
    }
}

/// The one thread that alone can end a thread's wait: who holds the lock, or who is joined.
pub fn awaited(machine: &Machine, thread: ThreadId) -> Option<ThreadId> {
    match wait_of(machine, thread)?.on {
        On::Lock(lock) => machine.state().locks()[lock as usize].owner,
        On::Thread(other) => Some(other),
        On::Semaphore(_) | On::Message(_) | On::Room(_) | On::Condition(_) => None,
    }
}

/// The cycle that a thread is part of, if there is one. Who gives up after a while closes none.
pub fn cycle_through(machine: &Machine, thread: ThreadId) -> Option<Cycle> {
    let mut threads = Vec::new();
    let mut at = thread;
    loop {
        if wait_of(machine, at)?.until.is_some() || threads.len() > machine.state().threads().len()
        {
            return None;
        }
        threads.push(at);
        at = awaited(machine, at)?;
        if at == thread {
            return Some(Cycle { threads });
        }
    }
}

/// Everyone who waits, in order of creation.
pub fn waiting(machine: &Machine) -> impl Iterator<Item = (ThreadId, &Wait)> {
    let threads = machine.state().thread_ids();
    threads.filter_map(|thread| wait_of(machine, thread).map(|wait| (thread, wait)))
}

/// A wait in one sentence, without a full stop:
/// `producer waits for lock-0 at line 12 (LOCK_ACQUIRE); consumer holds it`.
pub fn tell_wait(machine: &Machine, thread: ThreadId, wait: &Wait) -> String {
    let name = machine.show_thread(thread);
    let place = tell_place(machine, thread, wait.at);
    let state = machine.state();
    let (what, why) = match wait.on {
        On::Lock(index) => {
            let lock = machine.show_thing(Kind::Lock, index);
            let holder = state.locks()[index as usize].owner.map(|owner| {
                let holder = machine.show_thread(owner);
                match machine.thread(owner).status() {
                    _ if owner == thread => "it holds it itself".to_owned(),
                    Status::Ended => format!("{holder} ended while it held it"),
                    Status::Failed(_) => format!("{holder} failed while it held it"),
                    _ => format!("{holder} holds it"),
                }
            });
            (format!("lock {lock}"), holder)
        }
        On::Semaphore(index) => {
            let semaphore = machine.show_thing(Kind::Semaphore, index);
            (format!("semaphore {semaphore}"), Some("its count is 0".to_owned()))
        }
        On::Message(index) => {
            let queue = machine.show_thing(Kind::Queue, index);
            (format!("a message in {queue}"), Some("it is empty".to_owned()))
        }
        On::Room(index) => {
            let queue = machine.show_thing(Kind::Queue, index);
            let held = state.queues()[index as usize].messages.len();
            (format!("room in {queue}"), Some(format!("it is full with {held}")))
        }
        On::Condition(index) => {
            let condition = machine.show_thing(Kind::Condition, index);
            (format!("condition {condition}"), Some("nobody has notified it since".to_owned()))
        }
        On::Thread(other) if other == thread => ("its own end".to_owned(), None),
        On::Thread(other) => {
            let status = machine.thread(other).status().word();
            let other = machine.show_thread(other);
            (format!("the end of {other}"), Some(format!("which is {status}")))
        }
    };
    let why = why.map(|why| format!("; {why}")).unwrap_or_default();
    format!("{name} waits for {what} {place}{why}")
}

/// Where a thread does something: `at line 12 (LOCK_ACQUIRE)`.
pub fn tell_place(machine: &Machine, thread: ThreadId, at: u32) -> String {
    let instruction = machine.show_instruction(thread, at);
    match machine.line_of(thread, at) {
        Some(line) => format!("at line {line} ({instruction})"),
        None => format!("({instruction})"),
    }
}

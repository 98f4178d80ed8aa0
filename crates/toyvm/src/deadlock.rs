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
/// `producer waits at line 12 (LOCK_ACQUIRE) for lock-0, which consumer holds`.
pub fn tell_wait(machine: &Machine, thread: ThreadId, wait: &Wait) -> String {
    let name = machine.show_thread(thread);
    let place = tell_place(machine, thread, wait.at);
    format!("{name} waits {place} for {}", tell_awaited(machine, thread, wait))
}

/// What a thread waits for, and why it is not to be had: `lock-0, which consumer holds`.
pub fn tell_awaited(machine: &Machine, thread: ThreadId, wait: &Wait) -> String {
    let (state, what) = (machine.state(), tell_thing(machine, wait));
    match wait.on {
        On::Lock(index) => {
            let why = state.locks()[index as usize].owner.map(|owner| {
                let holder = machine.show_thread(owner);
                match machine.thread(owner).status() {
                    _ if owner == thread => ", which it holds itself".to_owned(),
                    Status::Ended => format!(", which {holder} held when it ended"),
                    Status::Failed(_) => format!(", which {holder} held when it failed"),
                    Status::Killed => format!(", which {holder} held when it was killed"),
                    _ => format!(", which {holder} holds"),
                }
            });
            format!("{what}{}", why.unwrap_or_default())
        }
        On::Semaphore(_) => format!("{what}, whose count is 0"),
        On::Message(_) => format!("{what}, which is empty"),
        On::Room(index) => {
            let held = state.queues()[index as usize].messages.len();
            format!("{what}, which is full with {held}")
        }
        On::Condition(_) => format!("{what}, which nobody has notified since"),
        On::Thread(other) if other == thread => "its own end".to_owned(),
        On::Thread(other) => {
            let is = machine.thread(other).status().word();
            format!("{what}, which is {is}")
        }
    }
}

/// What a thread waits for: `a message in queue-0`.
pub fn tell_thing(machine: &Machine, wait: &Wait) -> String {
    match wait.on {
        On::Lock(index) => machine.introduce(Kind::Lock, index).into_owned(),
        On::Semaphore(index) => machine.introduce(Kind::Semaphore, index).into_owned(),
        On::Message(index) => format!("a message in {}", machine.introduce(Kind::Queue, index)),
        On::Room(index) => format!("room in {}", machine.introduce(Kind::Queue, index)),
        On::Condition(index) => machine.introduce(Kind::Condition, index).into_owned(),
        On::Thread(other) => format!("the end of {}", machine.show_thread(other)),
    }
}

/// Where a thread does something: `at line 12 (LOCK_ACQUIRE)`.
pub fn tell_place(machine: &Machine, thread: ThreadId, at: u32) -> String {
    let instruction = machine.show_instruction(thread, at);
    match machine.line_of(thread, at) {
        Some(line) => format!("at line {line} ({instruction})"),
        None => format!("({instruction})"),
    }
}

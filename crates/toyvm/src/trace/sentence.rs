//! Events in words, as drawings write them.

use crate::machine::{Event, Machine, On, Status, ThreadId, Wait};
use crate::value::Kind;

/// What a thread did, without its name: `acquires lock-0`. Nothing for what no drawing shows.
pub fn tell(machine: &Machine, thread: ThreadId, event: Event) -> Option<String> {
    let state = machine.state();
    let thing = |kind, index| machine.introduce(kind, index);
    Some(match event {
        Event::Created(handle) => format!("makes {}", machine.show_handle(handle)),
        Event::Started(child) => format!("starts {}", machine.show_thread(child)),
        Event::Ended => "ends".to_owned(),
        Event::Killed => "is killed".to_owned(),
        Event::Failed => match machine.thread(thread).status() {
            Status::Failed(failure) => format!("fails: {}", machine.tell_fault(failure.fault)),
            _ => "fails".to_owned(),
        },
        Event::Joined(other) => format!("joins {}", machine.show_thread(other)),
        Event::Stored(name) => {
            let value = state.globals()[name.index()].map(|value| machine.quote(value));
            format!("{} = {}", machine.program().name(name), value.unwrap_or_default())
        }
        Event::Acquired(lock) => format!("acquires {}", thing(Kind::Lock, lock)),
        Event::Released(lock) => format!("releases {}", thing(Kind::Lock, lock)),
        Event::Lowered(semaphore) => {
            let left = state.semaphores()[semaphore as usize].count;
            format!("acquires {} ({left} left)", thing(Kind::Semaphore, semaphore))
        }
        Event::Raised(semaphore) => {
            let left = state.semaphores()[semaphore as usize].count;
            format!("releases {} ({left} now)", thing(Kind::Semaphore, semaphore))
        }
        Event::Counted(counter) => {
            let value = state.counters()[counter as usize].value;
            format!("{} is {value}", thing(Kind::Counter, counter))
        }
        Event::Sent(queue) => {
            let message = state.queues()[queue as usize].messages.back();
            let message = message.map(|message| machine.quote(*message)).unwrap_or_default();
            format!("sends {message} to {}", thing(Kind::Queue, queue))
        }
        Event::Received(queue) => format!("receives from {}", thing(Kind::Queue, queue)),
        Event::Notified { condition, woken: Some(woken) } => {
            let condition = thing(Kind::Condition, condition);
            format!("notifies {condition}, wakes {}", machine.show_thread(woken))
        }
        Event::Notified { condition, woken: None } => {
            format!("notifies {}, nobody waits", thing(Kind::Condition, condition))
        }
        Event::Waits => match machine.thread(thread).status() {
            Status::Waiting(wait) => format!("waits for {}", awaited(machine, wait)),
            _ => "waits".to_owned(),
        },
        Event::Sleeps => match machine.thread(thread).status() {
            Status::Sleeping { until, .. } => format!("sleeps until {} µs", until.0),
            _ => "sleeps".to_owned(),
        },
        Event::GaveUp => "gives up waiting".to_owned(),
        Event::Chose(number) => format!("chooses {number}"),
        Event::GoesOn | Event::Loaded(_) | Event::CanTake(_) => return None,
    })
}

/// What is waited for: `lock m (held by main)`.
pub(super) fn awaited(machine: &Machine, wait: &Wait) -> String {
    match wait.on {
        On::Lock(lock) => {
            let owner = machine.state().locks()[lock as usize].owner;
            let owner = owner.map(|owner| format!(" (held by {})", machine.show_thread(owner)));
            format!("{}{}", machine.introduce(Kind::Lock, lock), owner.unwrap_or_default())
        }
        On::Semaphore(semaphore) => machine.introduce(Kind::Semaphore, semaphore).into(),
        On::Message(queue) => format!("a message in {}", machine.introduce(Kind::Queue, queue)),
        On::Room(queue) => format!("room in {}", machine.introduce(Kind::Queue, queue)),
        On::Condition(condition) => machine.introduce(Kind::Condition, condition).into(),
        On::Thread(other) => format!("the end of {}", machine.show_thread(other)),
    }
}

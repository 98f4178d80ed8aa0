//! Which event of one thread lets another go on: who released the lock that is acquired, who sent the
//! message that is received. The arrows of every drawing.

use std::collections::{HashMap, VecDeque};

use crate::machine::{Event, Machine, ThreadId};

/// The events that others may still follow from, each as a `T`: where it is in the drawing.
#[derive(Debug)]
pub(super) struct Edges<T> {
    released: HashMap<u32, T>,
    /// For the last units of each semaphore, who released them, the oldest first.
    raised: HashMap<u32, VecDeque<T>>,
    /// For each message of each queue, who sent it.
    sent: HashMap<u32, VecDeque<T>>,
    counted: HashMap<u32, T>,
    over: HashMap<ThreadId, T>,
}

/// An arrow to or from the event that is now told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Edge<T> {
    /// This thread goes on because of that.
    From(T),
    /// That thread goes on because of this.
    To(ThreadId),
}

impl<T> Default for Edges<T> {
    fn default() -> Self {
        Self {
            released: HashMap::new(),
            raised: HashMap::new(),
            sent: HashMap::new(),
            counted: HashMap::new(),
            over: HashMap::new(),
        }
    }
}

impl<T: Clone> Edges<T> {
    /// Takes note of an event, which is `here`.
    pub(super) fn note(
        &mut self,
        machine: &Machine,
        thread: ThreadId,
        event: Event,
        here: T,
    ) -> Option<Edge<T>> {
        match event {
            Event::Started(child) => Some(Edge::To(child)),
            Event::Notified { woken, .. } => woken.map(Edge::To),
            Event::Ended | Event::Failed | Event::Killed => {
                self.over.insert(thread, here);
                None
            }
            Event::Joined(other) => self.over.get(&other).cloned().map(Edge::From),
            Event::Released(lock) => {
                self.released.insert(lock, here);
                None
            }
            Event::Acquired(lock) => self.released.get(&lock).cloned().map(Edge::From),
            Event::Raised(semaphore) => {
                self.raised.entry(semaphore).or_default().push_back(here);
                None
            }
            Event::Lowered(semaphore) => {
                let raised = self.raised.entry(semaphore).or_default();
                // Units that were there from the beginning go first.
                let units = machine.state().semaphores()[semaphore as usize].count + 1;
                if units > raised.len() as i64 {
                    return None;
                }
                raised.pop_front().map(Edge::From)
            }
            Event::Sent(queue) => {
                self.sent.entry(queue).or_default().push_back(here);
                None
            }
            Event::Received(queue) => {
                self.sent.entry(queue).or_default().pop_front().map(Edge::From)
            }
            Event::Counted(counter) => self.counted.insert(counter, here).map(Edge::From),
            Event::Created(_)
            | Event::Loaded(_)
            | Event::Stored(_)
            | Event::Waits
            | Event::Sleeps
            | Event::GoesOn
            | Event::GaveUp
            | Event::CanTake(_)
            | Event::Chose(_) => None,
        }
    }
}

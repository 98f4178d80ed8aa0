//! Queues of messages.

use super::semaphore::at_least;
use super::{Fault, Machine, On, ThreadId, World};
use crate::value::{Handle, Kind, Value};

impl Machine {
    pub(super) fn create_queue<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        capacity: Option<i64>,
        world: &mut W,
    ) -> Result<Handle, Fault> {
        if let Some(capacity) = capacity {
            at_least("a queue's capacity", 1, capacity)?;
        }
        let index = self.state.queues.len();
        let label = self.label_for(Kind::Queue)?;
        self.state.add_queue(label, capacity);
        Ok(self.created(thread, Kind::Queue, index, world))
    }

    /// Which of the two is the queue: the top is the message, unless only the top is a queue.
    pub(super) fn queue_and_message(
        &self,
        below: Value,
        top: Value,
    ) -> Result<(u32, Value), Fault> {
        let queue = |value| {
            self.handle_of(value).filter(|handle| handle.kind == Kind::Queue).map(|it| it.index)
        };
        match (queue(below), queue(top)) {
            (Some(queue), _) => Ok((queue, top)),
            (None, Some(queue)) => Ok((queue, below)),
            (None, None) => Err(Fault::NoQueue),
        }
    }

    /// Whether one more message may be in a queue, or waiting to be, as far as memory goes.
    pub(super) fn bounded(&self, queue: u32) -> Result<On, Fault> {
        if self.state.queues[queue as usize].messages.len() >= self.limits.queue {
            return Err(Fault::TooMuch {
                what: "messages in a queue",
                limit: self.limits.queue as u64,
            });
        }
        Ok(On::Room(queue))
    }
}

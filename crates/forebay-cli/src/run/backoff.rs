//! Items that failed and wait for their next try, holding no consumer.
//!
//! The lease goes on: the item stays unfinished, in nobody's way. When its time comes the lease is
//! answered with a failure, and the buffer gives the item to the next free consumer, at its own
//! position, before items that were put later. Where the item came out of a file, that is the file's
//! buffer, and the consumer may be another process's.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay::Lease;

use super::item::Item;

/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_mins(1);

#[derive(Debug)]
struct Held {
    due: Instant,
    lease: Lease<Item>,
    reason: String,
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Held {}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> Ordering {
        self.due.cmp(&other.due).then(self.lease.place.cmp(&other.lease.place))
    }
}

#[derive(Debug, Default)]
struct Waiting {
    items: BinaryHeap<Reverse<Held>>,
    ended: bool,
}

/// The items in backoff.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

impl Backoff {
    /// The first wait is so long; each further one twice as long as the one before.
    pub(crate) fn new(first: Duration) -> Self {
        Self { first, waiting: Mutex::default(), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long to wait after so many failures, from 1.
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        self.first.saturating_mul(1 << (failures - 1).min(20)).min(LONGEST.max(self.first))
    }

    /// Holds the item, which has just failed once more, until its next try is due. After the end it is handed
    /// back.
    pub(crate) fn hold(
        &self,
        lease: Lease<Item>,
        pause: Duration,
        reason: String,
    ) -> Option<Lease<Item>> {
        let due = Instant::now() + pause;
        let mut waiting = self.lock();
        if waiting.ended {
            return Some(lease);
        }
        waiting.items.push(Reverse(Held { due, lease, reason }));
        self.changed.notify_one();
        None
    }

    /// Holds nothing any more; who [serves](Self::serve) hands out what it held.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_one();
    }

    /// Hands out each lease when it is due, with why it failed, until the end; then those that are left.
    pub(crate) fn serve(
        &self,
        due_again: impl Fn(Lease<Item>, &str),
        give_back: impl Fn(Lease<Item>, &str),
    ) {
        let mut waiting = self.lock();
        while !waiting.ended {
            let now = Instant::now();
            let next = waiting.items.peek().map(|Reverse(held)| held.due);
            waiting = match next {
                None => self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(due) if due > now => {
                    let waited = self.changed.wait_timeout(waiting, due - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                Some(_) => {
                    let held = waiting.items.pop();
                    drop(waiting);
                    if let Some(Reverse(Held { lease, reason, .. })) = held {
                        due_again(lease, &reason);
                    }
                    self.lock()
                }
            };
        }
        let left = std::mem::take(&mut waiting.items);
        drop(waiting);
        for Reverse(held) in left {
            give_back(held.lease, &held.reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let backoff = Backoff::new(Duration::from_millis(200));
        let pauses = [1, 2, 3, 9, 10, 99].map(|failures| backoff.pause(failures).as_millis());
        assert_eq!(pauses, [200, 400, 800, 51_200, 60_000, 60_000]);
    }
}

//! What happens in a run, for those who look on.

use std::time::{Duration, Instant};

use crate::run::item::Item;
use crate::run::outlet::capture::Which;

/// Something that happened. Producers and consumers are numbered from 0.
///
/// Of one item: `Put`, then `Lease`, then `Ack`, or `Dead`, or a `Failed` whose `Nack` comes when its next
/// try is due, and again `Lease`. `Output` is between `Lease` and what follows it. While it waits it may be
/// `Dropped`. A `Nack` without a `Failed` before it: the run stopped first.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event<'a> {
    /// The item waits in the buffer.
    Put { producer: usize, item: &'a Item },
    /// A consumer has it. The delivery counts from 1.
    Lease { consumer: usize, item: &'a Item, delivery: u32 },
    /// Its command wrote this. Told under `--json` alone.
    Output { consumer: usize, item: &'a Item, which: Which, bytes: &'a [u8] },
    /// It is finished.
    Ack { consumer: usize, item: &'a Item },
    /// A try failed; the next one is due after a pause, and until then the item is in backoff.
    Failed { consumer: usize, item: &'a Item, reason: &'a str, pause: Duration },
    /// It waits in the buffer again, at its old position.
    Nack { item: &'a Item },
    /// It failed for good, and was set aside.
    Dead { consumer: usize, item: &'a Item, reason: &'a str },
    /// The buffer was full, or the item is heavier than it may hold: the item was not put.
    Refused { producer: usize, item: &'a Item, reason: &'a str },
    /// The buffer was full, and for a new item this one was dropped, which had waited longest; or it was
    /// the new one itself, which never waited, and of which no `Put` is told.
    Dropped { producer: usize, item: &'a Item, has_waited: bool },
    /// Somebody waited for room, or for an item, from then until now.
    Wait { side: Side, since: Instant },
    /// So many consumers may run from now on. Told only where their number varies: at the start, and
    /// at each change.
    Consumers { number: usize },
}

/// Who.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Producer(usize),
    Consumer(usize),
}

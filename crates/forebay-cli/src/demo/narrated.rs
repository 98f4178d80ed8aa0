//! Put and take, told aloud: whether one had to wait, on what, and for how long.
//!
//! Each tries first. Only when the buffer refuses does the actor wait, so that "waits" is printed before
//! the waiting begins, and not after it is over. A producer whose policy on full is not to wait has its
//! answer from the try.

use std::fmt::Display;
use std::time::Instant;

use forebay::{Consumer, Outcome, Patience, Producer, PutError, Refusal, Statistics, TakeError};

use super::cast::Actor;
use super::narrator::{Narrator, shown};

/// How a scene tells one verb.
#[derive(Debug, Clone, Copy)]
pub(super) struct Telling {
    /// Before the verb, when the way was free.
    pub(super) free: &'static str,
    /// When the way is not free.
    pub(super) blocked: &'static str,
    /// When it became free after a wait; the time follows.
    pub(super) woken: &'static str,
    /// Between the wait and the verb.
    pub(super) entered: &'static str,
    /// The verb.
    pub(super) verb: &'static str,
    /// After the item.
    pub(super) done: &'static str,
}

impl Telling {
    /// Nothing but the verb.
    pub(super) const fn plain(verb: &'static str) -> Self {
        Self { free: "", blocked: "waits", woken: "woken", entered: "", verb, done: "" }
    }

    fn at_once(self, item: &str, depth: &str) -> String {
        let Self { free, entered, verb, done, .. } = self;
        format!("{free}{entered}{verb} {item}{done} {depth}")
    }

    fn put(self, outcome: Outcome, item: &str, depth: &str) -> String {
        match outcome {
            Outcome::Placed => self.at_once(item, depth),
            Outcome::DroppedOldest(1) => {
                self.at_once(&format!("{item}, for which the oldest is dropped"), depth)
            }
            Outcome::DroppedOldest(many) => {
                self.at_once(&format!("{item}, for which the {many} oldest are dropped"), depth)
            }
            Outcome::DroppedThis => format!("drops {item}: buffer full {depth}"),
        }
    }

    fn at_last(self, since: Instant, item: &str, depth: &str) -> String {
        let Self { woken, entered, verb, done, .. } = self;
        let waited = shown(since.elapsed());
        format!("{woken} after {waited}, {entered}{verb} {item}{done} {depth}")
    }
}

/// Puts an item, or does with it what the producer's policy says while the buffer is full.
pub(super) fn put<T: Display>(
    narrator: &Narrator,
    who: Actor,
    producer: &Producer<T>,
    item: T,
    telling: Telling,
) -> Result<Outcome, PutError<T>> {
    let name = item.to_string();
    let mut page = narrator.page();
    let refused = match producer.try_put(item) {
        Ok(outcome) => {
            page.line(who, telling.put(outcome, &name, &depth(&producer.statistics())));
            return Ok(outcome);
        }
        Err(refused) => refused,
    };
    if refused.refusal != Refusal::Full || producer.overflow().patience() == Patience::Try {
        page.line(who, format!("{name} {refused}"));
        return Err(refused);
    }
    let statistics = producer.statistics();
    let cause = if room(&statistics) { "not its turn yet" } else { "buffer full" };
    page.line(who, format!("{}: {cause} {}", telling.blocked, depth(&statistics)));
    drop(page);

    let since = Instant::now();
    let placed = producer.put(refused.item);
    let mut page = narrator.page();
    match &placed {
        Ok(_) => page.line(who, telling.at_last(since, &name, &depth(&producer.statistics()))),
        Err(refused) => {
            page.line(who, format!("woken after {}: {name} {refused}", shown(since.elapsed())));
        }
    }
    placed
}

/// Gets an item by `verb` ([`Consumer::take_within`] or [`Consumer::lease_within`]), waiting while the
/// buffer is empty; `None` when it is closed and drained.
pub(super) fn get<T, G>(
    narrator: &Narrator,
    who: Actor,
    consumer: &Consumer<T>,
    verb: fn(&Consumer<T>, Patience) -> Result<G, TakeError>,
    name: fn(&G) -> String,
    telling: Telling,
) -> Option<G> {
    let mut page = narrator.page();
    match verb(consumer, Patience::Try) {
        Ok(got) => {
            page.line(who, telling.at_once(&name(&got), &depth(&consumer.statistics())));
            return Some(got);
        }
        Err(TakeError::Closed) => return None,
        Err(_) => {}
    }
    let statistics = consumer.statistics();
    let cause = if statistics.waiting > 0 { "not its turn yet" } else { "buffer empty" };
    page.line(who, format!("{}: {cause} {}", telling.blocked, depth(&statistics)));
    drop(page);

    let since = Instant::now();
    let got = verb(consumer, Patience::Forever);
    let mut page = narrator.page();
    if let Ok(got) = &got {
        page.line(who, telling.at_last(since, &name(got), &depth(&consumer.statistics())));
    } else {
        page.line(who, format!("woken after {}: nothing will come", shown(since.elapsed())));
    }
    got.ok()
}

fn room(statistics: &Statistics) -> bool {
    statistics.capacity.is_none_or(|capacity| statistics.waiting < capacity as u64)
}

/// Such as `(3 of 5)`, or `(results 3 of 5)` of a buffer that has a name, or `(3 wait)` of one without a
/// bound.
fn depth(statistics: &Statistics) -> String {
    let waiting = statistics.waiting;
    let depth = statistics
        .capacity
        .map_or_else(|| format!("{waiting} wait"), |capacity| format!("{waiting} of {capacity}"));
    match &statistics.name {
        Some(name) => format!("({name} {depth})"),
        None => format!("({depth})"),
    }
}

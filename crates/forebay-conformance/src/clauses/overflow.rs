//! C9: what happens on full is the producer's choice. Of the choices, a handle offers two so far:
//! to wait, for ever or so long, and to refuse; more are checked here once they exist.

use std::time::Duration;

use forebay_contract::{Consume, Produce, Refusal};

use crate::ensure::{ensure, ensure_eq};
use crate::worker::blocked_producer;
use crate::{Factory, Item, Subject};

/// Refusing drops nothing and produces nothing: the waiting items stay, the refused one goes back.
pub fn c9_refusing_drops_nothing<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 2);
    subject.fill(0..2);
    for id in 2..5 {
        ensure_eq!(Overflow, subject.try_put(id), Err(Refusal::Full), "a put on a full buffer");
    }
    let timed = subject.producer.put_timeout(subject.item(5), Duration::from_millis(1));
    let told = timed.map_err(|error| (error.item.id(), error.refusal));
    ensure_eq!(Overflow, told, Err((5, Refusal::TimedOut)), "a put on a full buffer");
    let s = subject.statistics();
    let counts = (s.produced, s.waiting, s.dropped);
    ensure_eq!(Overflow, counts, (2, 2, 0), "produced, waiting and dropped after refusals");
    ensure_eq!(Overflow, subject.drain(), vec![0, 1], "what was waiting");
    subject.ensure_accounted();
}

/// Waiting drops nothing either, and the put says when it is done.
pub fn c9_waiting_drops_nothing<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    subject.fill([0]);
    let item = subject.item(1);
    let put =
        blocked_producer::<F, _>(&subject.producer, move |producer| producer.put(item).is_ok());
    let s = subject.statistics();
    ensure_eq!(Overflow, (s.produced, s.dropped), (1, 0), "produced and dropped while a put waits");
    let first = subject.consumer.take().map(|item| item.id());
    ensure_eq!(Overflow, first, Ok(0), "the item that was waiting");
    ensure!(Overflow, put.finish(), "the put that waited is placed");
    ensure_eq!(Overflow, subject.drain(), vec![1], "its item");
    ensure_eq!(Overflow, subject.ensure_accounted().dropped, 0, "drops that nobody chose");
}

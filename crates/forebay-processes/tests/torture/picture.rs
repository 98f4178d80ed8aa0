//! What a buffer holds, as text that can be compared: items that wait, in order, each with its leases and failures so
//! far; dead letters; counts.

use std::fmt::Write as _;
use std::time::Duration;

use forebay_processes::{Buffer, Bytes, Consumer, Death, Patience, TakeError};

use crate::item;

/// A name with its leases so far, and its failures: `b`, `b+1`, `b+2-1`.
fn counted(name: &str, deliveries: u32, failures: u32) -> String {
    let mut text = name.to_owned();
    if deliveries > 0 {
        let _ = write!(text, "+{deliveries}");
    }
    if failures > 0 {
        let _ = write!(text, "-{failures}");
    }
    text
}

/// What is in the buffer. Takes all of it out that waits.
pub(crate) fn empty(buffer: &Buffer, consumer: &Consumer) -> Result<String, String> {
    // Any call but one that looks after the buffer has leases expire that are due.
    let _ = consumer.join_within(Patience::Try);
    let before = buffer.statistics();
    let mut dead = String::new();
    let mut buried = 0;
    for letter in buffer.dead_letters().map_err(|fault| fault.to_string())? {
        buried += 1;
        // It would stand in the way of leases.
        buffer.purge(&letter).map_err(|fault| fault.to_string())?;
        let letter = letter.letter;
        let name = counted(&item::name(&letter.item)?, letter.deliveries, letter.failures);
        let _ = match letter.death {
            Death::Failures(reason) => write!(dead, " {name}!failed({reason})"),
            Death::Rejected(reason) => write!(dead, " {name}!rejected({reason})"),
            _ => write!(dead, " {name}!delivered"),
        };
    }
    let mut names = Vec::new();
    let mut last = None;
    loop {
        match consumer.try_lease() {
            Ok(lease) => {
                if last.is_some_and(|last| last >= lease.position()) {
                    return Err(format!("position {} after {last:?}", lease.position()));
                }
                last = Some(lease.position());
                let name = item::name(&lease)?;
                names.push(counted(&name, lease.deliveries() - 1, lease.failures()));
                lease.ack().map_err(|error| format!("{name}: {error}"))?;
            }
            Err(TakeError::Empty | TakeError::Closed) => break,
            Err(error) => return Err(format!("lease: {error}")),
        }
    }
    if before.waiting != names.len() as u64 || before.dead != buried {
        return Err(format!("{names:?} and{dead}, but these were counted: {before:?}"));
    }
    Ok(told(&names.join(" "), &dead, before.finished, before.dropped, before.closed))
}

fn told(waiting: &str, dead: &str, finished: u64, dropped: u64, is_closed: bool) -> String {
    let mut text = waiting.to_owned();
    if !dead.is_empty() {
        let _ = write!(text, "; dead{dead}");
    }
    if finished > 0 {
        let _ = write!(text, "; finished {finished}");
    }
    if dropped > 0 {
        let _ = write!(text, "; dropped {dropped}");
    }
    if is_closed {
        text.push_str("; closed");
    }
    text
}

/// Whether an empty buffer can hold all that it should, and gives it out again.
pub(crate) fn fill_and_drain(
    buffer: &Buffer,
    consumer: &Consumer,
    longest: usize,
) -> Result<(), String> {
    let producer =
        buffer.producer::<Bytes, _>(forebay_processes::Raw).map_err(|f| f.to_string())?;
    let capacity = buffer.settings().get_capacity();
    for round in 0..2 {
        for number in 0..capacity {
            let item = item::make(&format!("full-{round}-{number}"), 20);
            producer.try_put(item).map_err(|error| format!("put {number}: {error}"))?;
        }
        if let Ok(outcome) = producer.try_put(item::make("one-more", 20)) {
            return Err(format!("{outcome:?} in a full buffer"));
        }
        for number in 0..capacity {
            let item = if round == 0 { consumer.try_take() } else { consumer.try_lease().map(ack) };
            let name = item::name(&item.map_err(|error| format!("take {number}: {error}"))?)?;
            if name != format!("full-{round}-{number}") {
                return Err(format!("{name} as number {number}"));
            }
        }
    }
    // Every block of it.
    let long = producer.try_put(item::make("long", longest));
    long.map_err(|error| format!("an item of {longest} bytes: {error}"))?;
    let name = consumer.take_timeout(Duration::from_secs(10)).map_err(|error| error.to_string())?;
    item::name(&name).map(drop)
}

fn ack(lease: forebay_processes::Lease) -> Bytes {
    lease.ack().expect("a lease just made is held")
}

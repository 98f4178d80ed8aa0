//! The producer: reads the source, leaves out what has finished before, and puts the rest.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use forebay::{Producer, PutError, Refusal};

use super::Run;
use super::item::Item;
use super::message::say;
use super::resume::Finished;
use super::source::Source;
use super::upstream::Clock;

/// What is known once the last item has been put.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Production {
    /// Since the run began.
    pub(crate) ended: Duration,
    /// How long consumers had waited until then. Later they wait for each other, not for items.
    pub(crate) consumer_wait: Duration,
    /// The time that the source took for the items while nothing held it back.
    pub(crate) source: Duration,
    pub(crate) items: u64,
}

/// Puts all items, unless the run stops first.
pub(crate) fn produce(
    run: &Run,
    producer: &Producer<Item>,
    mut source: Source,
    max_args: usize,
    mut finished: Finished,
) {
    let mut seq = 0;
    let mut place = 0;
    let mut clock = Clock::default();
    let mut group: Vec<OsString> = Vec::new();
    loop {
        let next = source.next();
        let is_last = next.is_none();
        match next {
            Some(Ok(item)) if finished.strike(&item) => {
                run.skip();
                seq += u64::from(max_args == 1);
            }
            Some(Ok(item)) => group.push(item),
            Some(Err(message)) => {
                say(message);
                run.note_fault();
            }
            None => {}
        }
        if group.len() == max_args || (is_last && !group.is_empty()) {
            seq += 1;
            let args = std::mem::take(&mut group);
            match producer.try_put(Item { seq, place, args }) {
                Ok(_) => {}
                Err(PutError { item, refusal: Refusal::Full }) => {
                    let full = Instant::now();
                    if producer.put(item).is_err() {
                        return;
                    }
                    clock.waited(source.upstream(), full.elapsed(), run.began.elapsed());
                }
                Err(_) => return,
            }
            place += 1;
        }
        if is_last {
            break;
        }
    }
    let ended = run.began.elapsed();
    run.end_production(Production {
        ended,
        source: clock.free(ended),
        consumer_wait: producer.statistics().consumer_wait,
        items: place,
    });
    producer.close();
}

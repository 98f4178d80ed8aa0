//! The producer: reads the source, leaves out what has finished before, and puts the rest.

use std::time::{Duration, Instant};

use forebay::{Producer, PutError, Refusal};

use super::Run;
use super::event::{Event, Side};
use super::item::Item;
use super::message::say;
use super::packing::{Next, Packing};
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
pub(crate) fn produce(run: &Run, producer: &Producer<Item>, mut packing: Packing) {
    let mut seq = 0;
    let mut place = 0;
    let mut clock = Clock::default();
    while let Some(next) = packing.next() {
        let args = match next {
            Next::Args(args) => args,
            Next::LeftOut => {
                run.skip();
                // What is given to commands in groups is numbered by the group.
                seq += u64::from(run.max_args == 1);
                continue;
            }
            Next::Unread(message) => {
                say(message);
                run.note_fault();
                continue;
            }
        };
        seq += 1;
        let item = Item { seq, place, args };
        let told = (!run.observers.is_empty()).then(|| item.clone());
        match producer.try_put(item) {
            Ok(_) => {}
            Err(PutError { item, refusal: Refusal::Full }) => {
                let full = Instant::now();
                if producer.put(item).is_err() {
                    run.tell(&Event::Wait { side: Side::Producer(0), since: full });
                    return;
                }
                clock.waited(packing.upstream(), full.elapsed(), run.began.elapsed());
                run.tell(&Event::Wait { side: Side::Producer(0), since: full });
            }
            Err(_) => return,
        }
        if let Some(item) = &told {
            run.tell(&Event::Put { producer: 0, item });
        }
        place += 1;
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

//! The scene that every textbook opens with: two producers, three consumers, a buffer of five.
//!
//! `semaphores` and `monitor` both play it; they differ in the discipline, and in how it is told.
//! Producers number their items from one atomic counter, so no id comes twice. Nobody closes the
//! buffer: the end comes by a shared atomic count of the items that are still to be taken.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use forebay::{Consumer, Discipline};

use crate::demo::cast::Cast;
use crate::demo::chance::Chance;
use crate::demo::narrated::{self, Telling};
use crate::demo::narrator::{self, Narrator};

const MAKING: Duration = Duration::from_millis(2);
const USING: Duration = Duration::from_millis(6);

/// An item with nothing but its id.
struct Numbered(u64);

impl fmt::Display for Numbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item {}", self.0)
    }
}

pub(super) fn play(cast: &Cast, discipline: Discipline, put: Telling, take: Telling) {
    let narrator = Narrator::begin(cast);
    let (producer, consumer) = cast.buffer(discipline);
    let next_id = AtomicU64::new(0);
    // The textbook's ending. A consumer that took first and counted afterwards could find the buffer
    // empty with nothing left to come, and wait for ever. So each first claims a ticket from the count,
    // and takes only with a ticket in hand: for every ticket an item has been put or will be, hence no
    // take waits for ever, and when the tickets are gone everyone goes home. Both counts are Relaxed:
    // they are only counts, and what is inside an item is handed over by the buffer.
    let tickets = AtomicU64::new(cast.items.unwrap_or(u64::MAX));
    let claim_ticket = || {
        tickets
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
    };
    thread::scope(|scope| {
        for who in cast.producers() {
            let (producer, narrator, next_id) = (producer.clone(), &narrator, &next_id);
            scope.spawn(move || {
                let mut chance = Chance::of(cast, who);
                for _ in 0..cast.share_of(who) {
                    thread::sleep(chance.pause(MAKING));
                    let item = Numbered(next_id.fetch_add(1, Ordering::Relaxed));
                    narrated::put(narrator, who, &producer, item, put)
                        .expect("nobody closes the buffer");
                }
                narrator.page().line(who, "has put its share, and goes home");
            });
        }
        for who in cast.consumers() {
            let (consumer, narrator, claim_ticket) = (consumer.clone(), &narrator, &claim_ticket);
            scope.spawn(move || {
                let mut chance = Chance::of(cast, who);
                while claim_ticket() {
                    narrated::get(
                        narrator,
                        who,
                        &consumer,
                        Consumer::take_within,
                        ToString::to_string,
                        take,
                    )
                    .expect("for every ticket an item comes");
                    thread::sleep(chance.pause(USING));
                }
                narrator.page().line(who, "finds no ticket left, and goes home");
            });
        }
    });
    narrator::end(&producer.statistics());
}

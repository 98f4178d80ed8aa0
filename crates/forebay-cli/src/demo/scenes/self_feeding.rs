//! A circle of one, the last part of `deadlock`: who puts into the buffer that it alone drains.
//!
//! Such as a walk through folders: who takes a folder puts those that it finds in it. Once the buffer is
//! full, the walker waits for room that comes only from its own takes. The way out is never to wait where
//! one drains: what finds no room stays in the walker's hands, and is walked next.

use std::fmt;
use std::time::Duration;

use forebay::{Builder, Consumer, Overflow, Refusal, Statistics};

use crate::demo::cast::Cast;
use crate::demo::narrated::{self, Telling};
use crate::demo::narrator::{Narrator, print_all};

const FOLDERS: u64 = 15;
const CAPACITY: usize = 2;

struct Folder(u64);

impl Folder {
    /// Two in each, as long as there are more.
    fn within(&self) -> impl Iterator<Item = Self> + use<> {
        [2 * self.0, 2 * self.0 + 1].into_iter().filter(|number| *number <= FOLDERS).map(Self)
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "folder {}", self.0)
    }
}

/// Walks all folders; who waits longer than this, suspects something.
pub(super) fn walk(cast: &Cast, narrator: &Narrator, suspicious: Duration) -> Statistics {
    let who = cast.consumers().next().expect("there is one at least");
    let (producer, consumer) = Builder::bounded(CAPACITY).build().expect("there is a place");
    let mut producer = producer.with_overflow(Overflow::WaitFor(suspicious));
    let mut in_hand = vec![Folder(1)];
    let mut walked = 0;
    loop {
        let folder = if let Some(kept) = in_hand.pop() {
            narrator.page().line(who, format!("walks {kept}, which it has in hand"));
            kept
        } else if consumer.statistics().waiting > 0 {
            let name = ToString::to_string;
            let telling = Telling::plain("takes and walks");
            narrated::get(narrator, who, &consumer, Consumer::take_within, name, telling)
                .expect("nobody else takes")
        } else {
            break;
        };
        walked += 1;
        for found in folder.within() {
            let telling = Telling::plain("finds and puts");
            let Err(refused) = narrated::put(narrator, who, &producer, found, telling) else {
                continue;
            };
            if refused.refusal == Refusal::TimedOut {
                print_all([
                    format!("{who} waits for room, which comes when somebody takes;"),
                    format!("nobody takes but {who}, who waits: a circle of one"),
                    "from now on it does not wait: what finds no room, it keeps in hand".to_owned(),
                ]);
                producer = producer.with_overflow(Overflow::Refuse);
            }
            in_hand.push(refused.item);
        }
    }
    let statistics = producer.statistics();
    let through = statistics.finished;
    print_all([format!(
        "{walked} folders walked: {through} through the buffer, {} out of its hands",
        walked - through
    )]);
    statistics
}

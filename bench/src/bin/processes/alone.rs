//! One process that puts and takes, with nobody else there.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::allocations;
use crate::clock;
use crate::control::Control;
use crate::item::{Item, item, number};
use crate::leg::{Put, Take};
use crate::medium::Door;

/// Items between two looks at the clock: put first, then taken.
pub(crate) const LAP: usize = 64;

/// How long it goes on.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Long {
    For(Duration),
    Laps(u64),
}

/// What it came to.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Alone {
    pub(crate) items: u64,
    /// Nanoseconds of all puts, and of all takes.
    pub(crate) putting: u64,
    pub(crate) taking: u64,
    /// How often memory was asked for meanwhile.
    pub(crate) put_allocations: u64,
    pub(crate) take_allocations: u64,
}

/// Does it, `batch` items in a call.
pub(crate) fn run(
    control: &mut Control,
    door: &Door,
    batch: usize,
    long: Long,
) -> Result<(), String> {
    let mut producer = door.producer()?;
    let mut consumer = door.consumer()?;
    let mut alone = Alone::default();
    // Once for whatever is done only once.
    lap(&mut *producer, &mut *consumer, batch, &mut alone)?;
    control.ready()?;
    alone = Alone::default();
    let begun = clock::now();
    let goes_on = |laps: u64| match long {
        Long::For(lasting) => clock::since(begun) < lasting,
        Long::Laps(most) => laps < most,
    };
    while goes_on(alone.items / LAP as u64) {
        lap(&mut *producer, &mut *consumer, batch, &mut alone)?;
    }
    control.say(&serde_json::to_string(&alone).map_err(|error| error.to_string())?)
}

fn lap(
    producer: &mut dyn Put,
    consumer: &mut dyn Take,
    batch: usize,
    alone: &mut Alone,
) -> Result<(), String> {
    let mut items: [Item; LAP] = [item(0); LAP];
    for (place, number) in items.iter_mut().zip(alone.items..) {
        *place = item(number);
    }
    let (asked, begun) = (allocations::asked(), clock::now());
    for items in items.chunks(batch) {
        producer.put(items)?;
    }
    let (between, put) = (allocations::asked(), clock::now());
    let last = alone.items + LAP as u64;
    while alone.items < last {
        let items = &mut alone.items;
        let goes_on = consumer.take(batch, &mut |bytes| {
            if number(bytes)? != *items {
                return Err("an item came out of its order".to_owned());
            }
            *items += 1;
            Ok(())
        })?;
        if !goes_on {
            return Err("it ended before everything was taken".to_owned());
        }
    }
    let (after, taken) = (allocations::asked(), clock::now());
    alone.putting += put - begun;
    alone.taking += taken - put;
    alone.put_allocations += between - asked;
    alone.take_allocations += after - between;
    Ok(())
}

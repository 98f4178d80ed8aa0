//! Those who live on, and note the time of everything.

use std::path::Path;

use forebay::processes::{Buffer, Bytes, Raw, Refusal};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::control::Control;
use crate::item::{item, number};

/// Calls that took less nanoseconds are not noted one by one.
const WORTH_NOTING: u64 = 20_000;

/// What a survivor says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Said {
    /// At this time it got an item that somebody had had before, with this number.
    Again(u64, u64),
    /// It is over.
    Survived(Survived),
}

/// What a survivor noted.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Survived {
    /// When each long call began, and how long it took.
    calls: Vec<(u64, u64)>,
}

impl Survived {
    /// Of its calls that touched this time, the longest, in nanoseconds.
    pub(crate) fn longest(&self, from: u64, until: u64) -> u64 {
        let touching = self.calls.iter().filter(|(at, took)| *at < until && at + took > from);
        touching.map(|(_, took)| *took).max().unwrap_or(0)
    }
}

/// Leases, acks and puts until the buffer is closed.
pub(crate) fn run(control: &mut Control, file: &Path, hand: u64) -> Result<(), String> {
    let buffer = Buffer::open(file).map_err(|error| error.to_string())?;
    let consumer = buffer.consumer::<Bytes, _>(Raw).map_err(|error| error.to_string())?;
    let producer = buffer.producer::<Bytes, _>(Raw).map_err(|error| error.to_string())?;
    let mut survived = Survived::default();
    control.ready()?;
    let mut last = clock::now();
    let mut note = |survived: &mut Survived| {
        let now = clock::now();
        if now - last > WORTH_NOTING {
            survived.calls.push((last, now - last));
        }
        last = now;
        now
    };
    for work in 0.. {
        let lease = consumer.lease().map_err(|error| error.to_string())?;
        let now = note(&mut survived);
        if lease.deliveries() > 1 {
            // Said at once: whoever kills waits for it.
            say(control, &Said::Again(now, number(&lease)?))?;
        }
        lease.ack().map_err(|error| error.to_string())?;
        note(&mut survived);
        let item = item((hand + 1) << 60 | work);
        match producer.put(Bytes::from(item.as_slice())) {
            Ok(_) => {}
            Err(error) if error.refusal == Refusal::Closed => break,
            Err(error) => return Err(error.to_string()),
        }
        note(&mut survived);
    }
    say(control, &Said::Survived(survived))
}

fn say(control: &mut Control, said: &Said) -> Result<(), String> {
    control.say(&serde_json::to_string(said).map_err(|error| error.to_string())?)
}

/// Waits for an item, and says when it came.
pub(crate) fn wait(control: &mut Control, file: &Path) -> Result<(), String> {
    let buffer = Buffer::open(file).map_err(|error| error.to_string())?;
    let consumer = buffer.consumer::<Bytes, _>(Raw).map_err(|error| error.to_string())?;
    control.ready()?;
    let lease = consumer.lease().map_err(|error| error.to_string())?;
    control.say(&clock::now().to_string())?;
    lease.ack().map(drop).map_err(|error| error.to_string())
}

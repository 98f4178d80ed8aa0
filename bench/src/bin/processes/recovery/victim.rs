//! Those who are killed.

use std::path::Path;
use std::thread;

use forebay::processes::{Buffer, Bytes, Raw};
use serde::{Deserialize, Serialize};

use crate::control::Control;
use crate::item::{item, number};

/// What a victim does until it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Nothing, and nothing with the buffer.
    Bystander,
    /// It holds a lease.
    Holder,
    /// It leases, acks and puts, over and over.
    Looper,
}

/// Does it. What is said first is that it has begun: the number of its item, where it holds one.
pub(crate) fn run(control: &mut Control, file: &Path, kind: Kind) -> Result<(), String> {
    if kind == Kind::Bystander {
        control.ready()?;
        control.say("begun")?;
        loop {
            thread::park();
        }
    }
    let buffer = Buffer::open(file).map_err(|error| error.to_string())?;
    let consumer = buffer.consumer::<Bytes, _>(Raw).map_err(|error| error.to_string())?;
    let producer = buffer.producer::<Bytes, _>(Raw).map_err(|error| error.to_string())?;
    control.ready()?;
    if kind == Kind::Holder {
        let lease = consumer.lease().map_err(|error| error.to_string())?;
        control.say(&number(&lease)?.to_string())?;
        loop {
            thread::park();
        }
    }
    control.say("begun")?;
    for work in 0.. {
        consumer
            .lease()
            .map_err(|error| error.to_string())?
            .ack()
            .map_err(|error| error.to_string())?;
        let item = item(u64::from(std::process::id()) << 32 | work);
        producer.put(Bytes::from(item.as_slice())).map_err(|error| error.to_string())?;
    }
    Ok(())
}

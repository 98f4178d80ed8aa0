//! A buffer of forebay on a server.

use std::fmt::Display;
use std::time::Duration;

use forebay::machines::{Buffer, Bytes, Consumer, Patience, Producer, Raw, Settings, connect};

use crate::carrier::{Carrier, ITEM, ROOM};
use crate::server::Server;

/// An item that has not come by then does not come.
const MOMENT: Duration = Duration::from_secs(5);

struct Ours {
    buffer: Buffer,
    producer: Producer<Bytes, Raw>,
    consumer: Consumer<Bytes, Raw>,
}

pub(crate) fn tell(error: impl Display) -> String {
    error.to_string()
}

pub(crate) fn carrier(server: &Server) -> Result<Box<dyn Carrier>, String> {
    let url = server.fresh_url();
    Settings::new(ROOM).max_leased(1_000).create(&url).map_err(tell)?;
    let buffer = connect(&url).map_err(tell)?;
    let producer = buffer.producer(Raw).map_err(tell)?;
    // As on another machine.
    let consumer = connect(&url).map_err(tell)?.consumer(Raw).map_err(tell)?;
    Ok(Box::new(Ours { buffer, producer, consumer }))
}

impl Carrier for Ours {
    fn put(&mut self, items: usize) -> Result<(), String> {
        let item = || Bytes::from([b'x'; ITEM].as_slice());
        if items == 1 {
            return self.producer.put(item()).map(drop).map_err(|error| error.refusal.to_string());
        }
        let all: Vec<Bytes> = (0..items).map(|_| item()).collect();
        self.producer.put_many(all).map(drop).map_err(|error| error.refusal.to_string())
    }

    fn finish(&mut self, most: usize) -> Result<usize, String> {
        let moment = Patience::lasting(MOMENT);
        if most == 1 {
            return self
                .consumer
                .lease_within(moment)
                .map_err(tell)?
                .ack()
                .map(|_| 1)
                .map_err(tell);
        }
        let leases = self.consumer.lease_many_within(most, moment).map_err(tell)?;
        let there = leases.len();
        let lost = self.consumer.ack_many(leases).map_err(tell)?;
        Ok(there - lost)
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        let _ = self.buffer.delete();
    }
}

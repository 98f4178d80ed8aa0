//! Every clause of the contract, on a buffer of a real NATS.

#![cfg(feature = "nats")]

mod servers;

use forebay_conformance::{Factory, Plain, Settings};
use forebay_machines::{Consumer, Producer, connect};

use servers::topic::Topic;
use servers::{Buffers, Server, Weighed};

#[derive(Clone)]
struct OnNats(Buffers);

impl Factory for OnNats {
    type Item = Plain;
    type Producer = Producer<Plain, Weighed>;
    type Consumer = Consumer<Plain, Weighed>;

    const STAYS_OPEN: bool = true;
    const WAKES_TRAVEL: bool = true;
    const ANSWERS_TRAVEL: bool = true;
    const ITEMS_ARE_BYTES: bool = true;
    const EFFORT: u64 = 20;

    fn build(&self, settings: &Settings) -> Result<(Self::Producer, Self::Consumer), String> {
        let url = self.0.create_for(settings)?;
        let buffer = connect(&url).map_err(|error| error.to_string())?;
        let producer = buffer.producer(Weighed).map_err(|error| error.to_string())?;
        let consumer = buffer.consumer(Weighed).map_err(|error| error.to_string())?;
        Ok((producer, consumer))
    }
}

forebay_conformance::suite!(nats, {
    let Some(server) = Server::or_skip("nats") else { return };
    OnNats(Buffers::new(server))
});

forebay_conformance::suite!(nats_topic, {
    let Some(server) = Server::or_skip("nats") else { return };
    Topic(Buffers::new(server), &["after", "zone"])
});

//! Every clause of the contract, on a buffer of a real Redis.

#![cfg(feature = "redis")]

mod servers;

use forebay_conformance::{Factory, Plain, Settings};
use forebay_machines::{Consumer, Producer, connect};

use servers::topic::{self, Onlooker, Witness};
use servers::{Buffers, Server, Weighed};

#[derive(Clone)]
struct OnRedis(Buffers);

impl Factory for OnRedis {
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

forebay_conformance::suite!(redis, {
    let Some(server) = Server::or_skip("redis") else { return };
    OnRedis(Buffers::new(server))
});

const WEIGHT: &str = "no weight is bounded in groups: a permit is for a weight of one";

const CLOSE: &str =
    "the groups are closed one by one: a put meanwhile is in those that are open yet";

/// A topic, with groups beside the one that is taken from: those of these names.
#[derive(Clone)]
struct Topic(Buffers, &'static [&'static str]);

impl Factory for Topic {
    type Item = Plain;
    type Producer = Onlooker;
    type Consumer = Witness;

    const STAYS_OPEN: bool = true;
    const WAKES_TRAVEL: bool = true;
    const ANSWERS_TRAVEL: bool = true;
    const ITEMS_ARE_BYTES: bool = true;
    const BOUNDS_WEIGHT: bool = false;
    const EFFORT: u64 = 3;

    const WEAKER: &'static [(&'static str, &'static str)] = &[
        ("c10_a_heavy_put_is_not_overtaken_without_end", WEIGHT),
        ("c1_a_heavy_put_waits_for_enough", WEIGHT),
        ("c1_a_permit_holds_a_weight_of_one", WEIGHT),
        ("c1_histories_by_weight_are_linearizable", WEIGHT),
        ("c1_nacked_weight_asks_for_no_room", WEIGHT),
        ("c1_too_heavy_is_refused_at_once", WEIGHT),
        ("c1_weighed_items_are_counted_too", WEIGHT),
        ("c1_weight_capacity_is_exact", WEIGHT),
        ("c5_a_heavy_put_that_gives_up_is_out_of_the_way", WEIGHT),
        ("c5_a_take_wakes_as_many_as_fit", WEIGHT),
        ("c5_puts_of_all_weights_get_on", WEIGHT),
        ("c9_drop_oldest_makes_room_by_weight", WEIGHT),
        ("c6_every_put_before_close_is_drained", CLOSE),
        ("c6_histories_with_close_are_linearizable", CLOSE),
    ];

    fn build(&self, settings: &Settings) -> Result<(Self::Producer, Self::Consumer), String> {
        topic::build(&self.0, settings, self.1)
    }
}

forebay_conformance::suite!(redis_topic_of_one_group, {
    let Some(server) = Server::or_skip("redis") else { return };
    Topic(Buffers::new(server), &[])
});

forebay_conformance::suite!(redis_topic, {
    let Some(server) = Server::or_skip("redis") else { return };
    Topic(Buffers::new(server), &["after", "zone"])
});

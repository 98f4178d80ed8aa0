//! Every clause of the contract, on a buffer of a real Kafka.

#![cfg(feature = "kafka")]

mod servers;

use forebay_conformance::{Factory, Plain, Settings};
use forebay_machines::{Consumer, Producer, connect};

use servers::{Buffers, Server, Weighed};

const WEIGHT: &str = "no weight is bounded: Kafka counts items, and not what they weigh";

const LINES: &str = "nobody stands in line: who looks first is served";

#[derive(Clone)]
struct OnKafka(Buffers);

impl Factory for OnKafka {
    type Item = Plain;
    type Producer = Producer<Plain, Weighed>;
    type Consumer = Consumer<Plain, Weighed>;

    const STAYS_OPEN: bool = true;
    const WAKES_TRAVEL: bool = true;
    const ANSWERS_TRAVEL: bool = true;
    const ITEMS_ARE_BYTES: bool = true;
    const BOUNDS_WEIGHT: bool = false;
    const EFFORT: u64 = 1;

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
        ("c5_a_cancelled_reserve_passes_its_wake_on", LINES),
        ("c9_drop_oldest_overtakes_nobody_in_line", LINES),
    ];

    fn build(&self, settings: &Settings) -> Result<(Self::Producer, Self::Consumer), String> {
        let url = self.0.create_for(settings)?;
        let buffer = connect(&url).map_err(|error| error.to_string())?;
        let producer = buffer.producer(Weighed).map_err(|error| error.to_string())?;
        let consumer = buffer.consumer(Weighed).map_err(|error| error.to_string())?;
        Ok((producer, consumer))
    }
}

forebay_conformance::suite!(kafka, {
    let Some(server) = Server::or_skip("kafka") else { return };
    OnKafka(Buffers::new(server))
});

//! Every clause of the contract, on a buffer of a real Kafka.

#![cfg(feature = "kafka")]

mod servers;

use servers::suite::{Engine, On};

const WEIGHT: &str = "no weight is bounded: Kafka counts items, and not what they weigh";

const LINES: &str = "nobody stands in line: who looks first is served";

#[derive(Clone)]
struct Kafka;

impl Engine for Kafka {
    const SERVER: &'static str = "kafka";
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
}

forebay_conformance::suite!(kafka, {
    let Some(on) = On::<Kafka>::or_skip() else { return };
    on
});

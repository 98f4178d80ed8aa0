//! A topic for the suite: its producer puts there, and its consumer takes from one of the groups, beside others that nobody
//! takes from, with room for all.

use std::thread;

use forebay_conformance::{Factory, Plain};
use forebay_machines::{
    Batch, Buffer, Consume, Consumer, DeadLetter, JoinError, Lease, Outcome, Overflow, Patience,
    Permit, Produce, Producer, PutError, PutManyError, Refusal, Settings, Statistics, TakeError,
    connect,
};

use super::{Buffers, Weighed};

const WEIGHT: &str = "no weight is bounded in groups: a permit is for a weight of one";

const CLOSE: &str =
    "the groups are closed one by one: a put meanwhile is in those that are open yet";

/// A topic, with groups beside the one that is taken from: those of these names.
#[derive(Clone)]
pub(crate) struct Topic(pub(crate) Buffers, pub(crate) &'static [&'static str]);

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

    fn build(
        &self,
        settings: &forebay_conformance::Settings,
    ) -> Result<(Self::Producer, Self::Consumer), String> {
        build(&self.0, settings, self.1)
    }
}

/// A producer of the topic, who looks at the one group only.
#[derive(Clone)]
pub(crate) struct Onlooker {
    producer: Producer<Plain, Weighed>,
    place: Place,
}

/// A consumer of the one group, who closes the topic.
#[derive(Clone)]
pub(crate) struct Witness {
    consumer: Consumer<Plain, Weighed>,
    place: Place,
}

/// The topic, and the one group.
#[derive(Clone)]
struct Place {
    topic: Buffer,
    group: Buffer,
}

impl Place {
    /// What the group counts, once it knows of all that was begun on the topic's connection.
    fn statistics(&self) -> Statistics {
        let _ = self.topic.statistics();
        self.group.statistics().unwrap_or_default()
    }
}

/// The topic with this group, as a check asks for it, and these others.
fn build(
    buffers: &Buffers,
    settings: &forebay_conformance::Settings,
    others: &[&str],
) -> Result<(Onlooker, Witness), String> {
    let topic = buffers.url();
    let group = format!("{topic}?group=middle");
    Buffers::create_as(&group, settings)?;
    // Each of them waits until producers have looked: all at once that is shorter.
    thread::scope(|scope| {
        for name in others {
            let url = format!("{topic}?group={name}");
            scope.spawn(move || Settings::new(1_000_000).create(&url).expect("a group"));
        }
    });
    let open = |url: &str| connect(url).map_err(|error| error.to_string());
    let (topic, group) = (open(&topic)?, open(&group)?);
    let producer = topic.producer(Weighed).map_err(|fault| fault.to_string())?;
    let consumer = group.consumer(Weighed).map_err(|fault| fault.to_string())?;
    let place = Place { topic, group };
    Ok((Onlooker { producer, place: place.clone() }, Witness { consumer, place }))
}

impl Produce<Plain> for Onlooker {
    type Permit = Permit<Plain, Weighed>;

    fn overflow(&self) -> Overflow {
        self.producer.overflow()
    }

    fn with_overflow(self, overflow: Overflow) -> Self {
        Self { producer: self.producer.with_overflow(overflow), ..self }
    }

    fn put_within(&self, item: Plain, patience: Patience) -> Result<Outcome, PutError<Plain>> {
        self.producer.put_within(item, patience)
    }

    fn put_async(
        &self,
        item: Plain,
    ) -> impl Future<Output = Result<Outcome, PutError<Plain>>> + Send {
        self.producer.put_async(item)
    }

    fn put_many_within(
        &self,
        items: Vec<Plain>,
        patience: Patience,
    ) -> Result<Batch, PutManyError<Plain>> {
        self.producer.put_many_within(items, patience)
    }

    fn put_many_async(
        &self,
        items: Vec<Plain>,
    ) -> impl Future<Output = Result<Batch, PutManyError<Plain>>> + Send {
        self.producer.put_many_async(items)
    }

    fn reserve_within(&self, patience: Patience) -> Result<Self::Permit, Refusal> {
        self.producer.reserve_within(patience)
    }

    fn reserve_async(&self) -> impl Future<Output = Result<Self::Permit, Refusal>> + Send {
        self.producer.reserve_async()
    }

    fn close(&self) {
        let _ = self.producer.close();
    }

    fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        self.place.group.join_within(patience)
    }

    fn join_async(&self) -> impl Future<Output = Result<(), JoinError>> + Send {
        self.place.group.join_async()
    }

    fn statistics(&self) -> Statistics {
        self.place.statistics()
    }
}

impl Consume<Plain> for Witness {
    type Lease = Lease<Plain, Weighed>;

    fn take_within(&self, patience: Patience) -> Result<Plain, TakeError> {
        self.consumer.take_within(patience)
    }

    fn take_async(&self) -> impl Future<Output = Result<Plain, TakeError>> + Send {
        self.consumer.take_async()
    }

    fn take_many_within(&self, max: usize, patience: Patience) -> Result<Vec<Plain>, TakeError> {
        self.consumer.take_many_within(max, patience)
    }

    fn take_many_async(
        &self,
        max: usize,
    ) -> impl Future<Output = Result<Vec<Plain>, TakeError>> + Send {
        self.consumer.take_many_async(max)
    }

    fn lease_within(&self, patience: Patience) -> Result<Self::Lease, TakeError> {
        self.consumer.lease_within(patience)
    }

    fn lease_async(&self) -> impl Future<Output = Result<Self::Lease, TakeError>> + Send {
        self.consumer.lease_async()
    }

    fn take_dead(&self) -> Option<DeadLetter<Plain>> {
        self.consumer.take_dead()
    }

    fn close(&self) {
        let _ = self.place.topic.close();
    }

    fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        self.consumer.join_within(patience)
    }

    fn join_async(&self) -> impl Future<Output = Result<(), JoinError>> + Send {
        self.consumer.join_async()
    }

    fn statistics(&self) -> Statistics {
        self.place.statistics()
    }
}

//! A topic for the suite: its producer puts there, and its consumer takes from one of the groups, beside others that nobody
//! takes from, with room for all.

use std::thread;

use forebay_conformance::Plain;
use forebay_machines::{
    Batch, Buffer, Consume, Consumer, DeadLetter, JoinError, Lease, Outcome, Overflow, Patience,
    Permit, Produce, Producer, PutError, PutManyError, Refusal, Settings, Statistics, TakeError,
    connect,
};

use super::{Buffers, Weighed};

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
pub(crate) fn build(
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

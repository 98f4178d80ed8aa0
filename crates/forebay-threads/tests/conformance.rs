//! Every clause of the contract, on every discipline.
#![cfg(not(loom))]

use forebay_conformance::{Counted, Factory, Item, Settings};
use forebay_threads::{Builder, Consumer, Discipline, Producer};

#[derive(Clone)]
struct Of(Discipline);

impl Factory for Of {
    type Item = Counted;
    type Producer = Producer<Counted>;
    type Consumer = Consumer<Counted>;

    fn build(&self, settings: &Settings) -> Result<(Producer<Counted>, Consumer<Counted>), String> {
        let mut builder = Builder::bounded(settings.capacity).discipline(self.0);
        if let Some(limit) = settings.max_leased {
            builder = builder.max_leased(limit);
        }
        if let Some(limit) = settings.max_failures {
            builder = builder.max_failures(limit);
        }
        if let Some(limit) = settings.max_deliveries {
            builder = builder.max_deliveries(limit);
        }
        if let Some(time) = settings.lease_time {
            builder = builder.lease_time(time);
        }
        if let Some(capacity) = settings.weight_capacity {
            builder = builder.weighing(capacity, Item::weight);
        }
        builder.build().map_err(|error| error.to_string())
    }
}

forebay_conformance::suite!(ring, Of(Discipline::Ring));
forebay_conformance::suite!(semaphores, Of(Discipline::Semaphores));
forebay_conformance::suite!(monitor, Of(Discipline::Monitor));
forebay_conformance::suite!(linked, Of(Discipline::Linked));

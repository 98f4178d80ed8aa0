//! Every clause of the contract, on a buffer whose handles live together in another process.
//!
//! Which shows that the way there adds nothing and loses nothing, so that what the suite finds in buffers
//! between processes is theirs.
#![cfg(not(loom))]

use std::sync::{Mutex, PoisonError};

use forebay_conformance::remote::{Distance, Remote, serve};
use forebay_conformance::{Item, Plain, Settings};
use forebay_threads::{Builder, Consumer, Producer};

/// The consumer that was made with the first producer and waits to be asked for.
static CONSUMER: Mutex<Option<Consumer<Plain>>> = Mutex::new(None);

/// Makes a buffer of threads, over there.
#[derive(Clone)]
struct Elsewhere;

impl Distance for Elsewhere {
    type Producer = Producer<Plain>;
    type Consumer = Consumer<Plain>;

    const SERVER: &'static str = "the_handles_are_served";
    const TOGETHER: bool = true;
    const WAKES_TRAVEL: bool = false;
    const EFFORT: u64 = 20;

    fn create(&self, _: &Settings) -> Result<String, String> {
        Ok(String::new())
    }

    fn producer(_: &str, settings: &Settings) -> Result<Producer<Plain>, String> {
        let mut builder = Builder::bounded(settings.capacity);
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
        let (producer, consumer) = builder.build().map_err(|error| error.to_string())?;
        *CONSUMER.lock().unwrap_or_else(PoisonError::into_inner) = Some(consumer);
        Ok(producer)
    }

    fn consumer(_: &str, _: &Settings) -> Result<Consumer<Plain>, String> {
        let mut made = CONSUMER.lock().unwrap_or_else(PoisonError::into_inner);
        made.take().ok_or_else(|| "the producer comes first".to_owned())
    }
}

/// Not a check: the process in which the handles of the others live.
#[test]
fn the_handles_are_served() {
    serve::<Elsewhere>();
}

forebay_conformance::suite!(elsewhere, Remote(Elsewhere));
